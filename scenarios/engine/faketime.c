#include "scenarios/engine/faketime.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define PROGRAM_MAX MIB(64) /* a larger one is looked at so far */

static const char *const places[] = {
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
};

const char *faketime_library(void)
{
    for (size_t i = 0; i < COUNTOF(places); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

/* Programs without a loader of their own (PT_INTERP) load nothing. */
static bool is_static(const struct buf *program)
{
    Elf64_Ehdr head;

    if (program->len < sizeof head)
        return false;
    memcpy(&head, program->data, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    for (size_t i = 0; i < head.e_phnum; i++) {
        const size_t at = head.e_phoff + i * head.e_phentsize;
        Elf64_Phdr part;

        if (at + sizeof part > program->len)
            return false;
        memcpy(&part, program->data + at, sizeof part);
        if (part.p_type == PT_INTERP)
            return false;
    }
    return true;
}

static bool has_sanitizer(const struct buf *program)
{
    static const char *const names[] = {"__asan_init", "__tsan_init", "__lsan_init"};

    for (size_t i = 0; i < COUNTOF(names); i++)
        if (memmem(buf_text(program), program->len, names[i], strlen(names[i])))
            return true;
    return false;
}

/* Of the program alone: such a one is refused on a machine without the library, too. */
static int program_check(const char *command, const struct buf *program, struct err *e)
{
    if (is_static(program))
        return err_set(e, -EINVAL,
                       "--clock faketime: %s is a static program, which loads no library: its time "
                       "would not be the site's; use --clock wall",
                       command);
    if (has_sanitizer(program))
        return err_set(
            e, -EINVAL,
            "--clock faketime: %s is built with a sanitizer, which libfaketime cannot be "
            "loaded beside; take another build, or use --clock wall",
            command);
    return 0;
}

int faketime_check(const struct manifest *m, struct err *e)
{
    struct buf program SCOPED(buf_drop);
    char path[sizeof m->dir + MANIFEST_WORD_MAX];
    const char *command = m->command[0];

    buf_init(&program, PROGRAM_MAX);
    snprintf(path, sizeof path, "%s%s%s", command[0] == '/' ? "" : m->dir,
             command[0] == '/' ? "" : "/", command);
    /* found by PATH: whatever it is, the probe of the launch contract starts it */
    if (strchr(command, '/') && file_read(path, &program, NULL) == 0 &&
        program_check(command, &program, e) < 0)
        return e->code;
    return faketime_library() != NULL
               ? 0
               : err_set(e, -ENOENT,
                         "--clock faketime: libfaketime is not here; install the package "
                         "libfaketime, or use --clock wall");
}

void faketime_value(int64_t since_ms, int factor, char out[FAKETIME_TEXT_MAX])
{
    const int64_t ahead_ms = since_ms * (factor - 1);

    snprintf(out, FAKETIME_TEXT_MAX, "+%" PRId64 ".%03d x%d", ahead_ms / 1000,
             (int)(ahead_ms % 1000), factor);
}

int faketime_memory(struct err *e)
{
    if (mount("gateproof", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
        return err_errno(e, "mount a /dev/shm of the run's own");
    return 0;
}
