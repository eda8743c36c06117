#include "scenarios/engine/results.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/progress.h"
#include "scenarios/report/report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SCREEN_WIDTH 100

static const struct {
    const char *name, *file;
    void (*write)(struct buf *out, const struct report *r);
} formats[RESULTS_FORMATS] = {
    [RESULTS_TEXT] = {"text", "report.txt", report_text},
    [RESULTS_JSON] = {"json", "report.json", report_json},
    [RESULTS_JUNIT] = {"junit", "report.xml", report_junit},
    [RESULTS_MARKDOWN] = {"markdown", "report.md", report_markdown},
};

int screen_width(void)
{
    struct winsize w = {0};

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : SCREEN_WIDTH;
}

int results_format_find(const char *name, enum results_format *ret, struct err *e)
{
    for (size_t i = 0; i < RESULTS_FORMATS; i++) {
        if (!text_is(formats[i].name, name))
            continue;
        *ret = (enum results_format)i;
        return 0;
    }
    return err_set(e, -EINVAL, "--format: text, json, junit or markdown, not '%s'", name);
}

int results_prepare(const char *out, struct err *e)
{
    if (file_mkdirs(out, 0755, e) < 0)
        return err_at(e, "--out");
    if (access(out, W_OK | X_OK) < 0)
        return err_errno(e, "--out: %s cannot be written; name another folder", out);
    return 0;
}

/* A folder's files of an earlier run, and what that run left of them when it was killed. */
static void remove_those(const char *folder, bool (*is_ours)(const char *name))
{
    struct dirent *entry;
    char whole[256];
    DIR *dir = opendir(folder);

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        const size_t len = file_temporary_of(entry->d_name);

        if (is_ours(entry->d_name) ||
            (text_copy_len(whole, sizeof whole, entry->d_name, len) && is_ours(whole)))
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

static bool is_report(const char *name)
{
    for (size_t i = 0; i < RESULTS_FORMATS; i++)
        if (text_is(formats[i].file, name))
            return true;
    return false;
}

static bool is_of_story(const char *name)
{
    return text_is(name, "journal.jsonl") || text_is(name, "broken.txt") ||
           text_ends(name, ".pcapng");
}

void results_remove(const struct run *r)
{
    remove_those(r->options.out, is_report);
    for (size_t i = 0; i < r->n; i++)
        remove_those(r->items[i]->dir, is_of_story);
}

/* --- writing --------------------------------------------------------------------------------- */

struct filled {
    struct report report;
    struct report_story *stories;
    char (*paths)[1100];
    char note[1200];
};

static void filled_make(struct filled *f, const struct run *r)
{
    f->stories = calloc(r->n, sizeof *f->stories);
    f->paths = calloc(r->n, sizeof *f->paths);
    if (f->stories == NULL || f->paths == NULL)
        WRONG("out of memory");
    for (size_t i = 0; i < r->n; i++) {
        snprintf(f->paths[i], sizeof f->paths[i], "%s/journal.jsonl", r->items[i]->dir);
        f->stories[i] = (struct report_story){
            .judgement = &r->items[i]->judgement,
            .journal = &r->items[i]->journal,
            .journal_path = file_exists(f->paths[i]) ? f->paths[i] : "",
            .options = r->options.again,
        };
    }
    if (r->n > 0 && run_first_real(r)->stage == STAGE_LOOPBACK)
        snprintf(
            f->note, sizeof f->note, "%s",
            "On stage loopback nobody sees packets, so rules that rest on them are inconclusive; "
            "machines read their user data and do not execute it.");
    if (r->fell_back)
        snprintf(f->note, sizeof f->note,
                 "The stories ran in the simulator only, which proves nothing of a network: %s",
                 r->forbidden);
    f->report = (struct report){.name = r->manifest.name,
                                .vendor = r->manifest.vendor,
                                .version = r->manifest.version,
                                .harness_version = GATEPROOF_VERSION,
                                .summary = &r->summary,
                                .stories = f->stories,
                                .n_stories = r->n,
                                .note = *f->note != '\0' ? f->note : NULL};
}

static void filled_drop(struct filled *f)
{
    free(f->stories);
    free(f->paths);
}

/* A file is of the same width whatever terminal the run was started from. */
static int files_write(const struct run *r, const struct report *report, struct err *e)
{
    for (size_t i = 0; i < RESULTS_FORMATS; i++) {
        SCOPED(buf_drop) struct buf text = {0};
        char path[1100];
        int code;

        buf_init(&text, REPORT_BYTES_MAX);
        formats[i].write(&text, report);
        snprintf(path, sizeof path, "%s/%s", r->options.out, formats[i].file);
        code = text.full ? err_set(e, -E2BIG, "%s: longer than %zu bytes; name fewer stories", path,
                                   REPORT_BYTES_MAX)
                         : file_write(path, buf_text(&text), text.len, 0644, e);
        if (code < 0)
            return code;
    }
    return 0;
}

static void stdout_write(const struct run *r, struct report *report, enum results_format format)
{
    SCOPED(buf_drop) struct buf text = {0};

    report->colour = format == RESULTS_TEXT && progress_colour(STDOUT_FILENO);
    report->width = screen_width();
    buf_init(&text, REPORT_BYTES_MAX);
    formats[format].write(&text, report);
    fwrite(buf_text(&text), 1, text.len, stdout);
    if (format == RESULTS_TEXT)
        printf("report: %s/report.txt (also .json, .xml, .md), journals beside it\n",
               r->options.out);
}

int results_write(const struct run *r, enum results_format format, struct err *e)
{
    struct filled f = {.note = ""};
    int code;

    filled_make(&f, r);
    code = files_write(r, &f.report, e);
    stdout_write(r, &f.report, format);
    filled_drop(&f);
    return code;
}
