#include "scenarios/engine/progress.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct progress {
    const struct run *run;
    bool terminal, colour;
    size_t done;
};

/* One that can move its line. */
static bool is_screen(int fd)
{
    const char *term = getenv("TERM");

    return isatty(fd) && (term == NULL || !text_is(term, "dumb"));
}

bool progress_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR");

    return is_screen(fd) && (no_color == NULL || *no_color == '\0');
}

struct progress *progress_new(const struct run *r)
{
    struct progress *p = calloc(1, sizeof *p);

    if (p == NULL)
        WRONG("out of memory");
    p->run = r;
    p->terminal = is_screen(STDERR_FILENO);
    p->colour = progress_colour(STDERR_FILENO);
    return p;
}

static void line_clear(const struct progress *p)
{
    if (p->terminal)
        fputs("\r\033[K", stderr);
}

void progress_free(struct progress *p)
{
    line_clear(p);
    free(p);
}

static void where(const struct run_item *item, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", item->script.name, *item->over == '\0' ? "" : " ", item->over);
}

void progress_show(struct progress *p, size_t index, const struct run_item *item, const char *text)
{
    char name[160], time[32] = "";
    int64_t ms;
    char number[24];
    size_t digits = strspn(text, "0123456789");

    (void)index;
    if (!p->terminal)
        return;
    if (text_copy_len(number, sizeof number, text, digits) && text_int(number, 0, INT64_MAX, &ms))
        text_duration_write(ms - ms % 1000, time, sizeof time);
    where(item, name, sizeof name);
    line_clear(p);
    fprintf(stderr, "[%zu/%zu] %s  %s  %.80s", p->done, p->run->n, name, time,
            text[digits] == ' ' ? text + digits + 1 : "");
    fflush(stderr);
}

static const char *colour_of(enum verdict v)
{
    return v == VERDICT_PASS ? "\033[32m" : v == VERDICT_FAIL ? "\033[31m" : "\033[33m";
}

/* A story about the harness itself wants another word than pass. */
static const char *wish(const struct run_item *item)
{
    if (*item->broken != '\0' || item->judgement.expect == EXPECT_PASS)
        return "";
    return item->judgement.expected ? "  (as it must)" : "  (that is not what this story wants)";
}

/* "wall x60": how much faster than the kernel's clock the story's went. */
static void clock_write(const struct run_item *item, char *out, size_t size)
{
    snprintf(out, size, item->factor > 1 ? "%s x%d" : "%s", clock_name(item->clock), item->factor);
}

void progress_done(struct progress *p, size_t index, const struct run_item *item)
{
    enum verdict v = *item->broken == '\0'                    ? item->judgement.overall
                     : text_begins(item->broken, "skipped: ") ? VERDICT_SKIPPED
                                                              : VERDICT_HARNESS_ERROR;
    char name[160], time[32], clock[32];

    (void)index;
    p->done++;
    clock_write(item, clock, sizeof clock);
    where(item, name, sizeof name);
    text_duration_write(item->judgement.domain_ms - item->judgement.domain_ms % 1000, time,
                        sizeof time);
    line_clear(p);
    fprintf(stderr, "%s%-13s%s %-38s %s %s  %s in %lld.%02lld s%s%s%s\n",
            p->colour ? colour_of(v) : "", verdict_word(v), p->colour ? "\033[0m" : "", name,
            stage_name(item->stage), clock, time, (long long)(item->took_ms / 1000),
            (long long)(item->took_ms % 1000 / 10), wish(item), *item->broken == '\0' ? "" : "  ",
            item->broken);
}
