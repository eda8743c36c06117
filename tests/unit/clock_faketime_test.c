/* What libfaketime cannot be loaded into is refused before anything starts, and a gateway that
 * starts late in a run sees the site's time. */
#include "tests/test.h"

#include "lib/io/file.h"
#include "scenarios/engine/faketime.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct program {
    char dir[64], path[80];
    struct manifest manifest;
};

static void program_make(struct program *p, const void *bytes, size_t len)
{
    struct err e;

    *p = (struct program){.dir = "/tmp/clock-faketime-XXXXXX"};
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/gw", p->dir);
    must(file_write(p->path, bytes, len, 0700, &e), &e);
    snprintf(p->manifest.dir, sizeof p->manifest.dir, "%s", p->dir);
    snprintf(p->manifest.command[0], MANIFEST_WORD_MAX, "./gw");
}

static void program_drop(struct program *p)
{
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(rmdir(p->dir), 0);
}

static void refused(const void *bytes, size_t len, const char *why)
{
    struct program p;
    struct err e = {0};

    program_make(&p, bytes, len);
    if (why == NULL)
        must(faketime_check(&p.manifest, &e), &e);
    else
        assert_true(faketime_check(&p.manifest, &e) < 0 && strstr(e.text, why));
    program_drop(&p);
}

static void what_takes_no_library_is_refused(void **state)
{
    static const char script[] = "#!/bin/sh\nexec true\n";
    const char sanitized[] = "\177ELF.. __asan_init ..";
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr part;
    } elf = {
        .head = {.e_phoff = sizeof(Elf64_Ehdr), .e_phnum = 1, .e_phentsize = sizeof(Elf64_Phdr)},
        .part = {.p_type = PT_LOAD}};

    (void)state;
    memcpy(elf.head.e_ident, ELFMAG, SELFMAG);
    elf.head.e_ident[EI_CLASS] = ELFCLASS64;
    refused(&elf, sizeof elf, "./gw is a static program");
    elf.part.p_type = PT_INTERP;
    refused(&elf, sizeof elf, NULL);
    refused(script, sizeof script - 1, NULL);
    refused(sanitized, sizeof sanitized, "./gw is built with a sanitizer");
}

static void a_late_start_sees_the_time_of_the_site(void **state)
{
    char value[FAKETIME_TEXT_MAX];

    (void)state;
    faketime_value(0, 60, value);
    assert_text(value, "+0.000 x60");
    faketime_value(2500, 60, value); /* 2.5 s of ours are 150 s of the site's */
    assert_text(value, "+147.500 x60");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_takes_no_library_is_refused),
        test(a_late_start_sees_the_time_of_the_site),
    };

    return run_tests(tests);
}
