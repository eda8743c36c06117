/* The lines of a configuration file, and those of install's answers, whoever wrote them: each gives
 * values, or one sentence that can be shown on a terminal. Input: 'c' (a configuration) or 'a'
 * (answers), then the file's bytes. Values that name files are left alone: they are read elsewhere.
 */
#include "gateway/config.h"
#include "gateway/secrets.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const settings[] = {
    "palette-url", "pcg-uid",   "maas-url",   "account-name", "http-proxy", "https-proxy",
    "no-proxy",    "log-level", "log-format", "listen",       "provision",  "virtual-machines",
};
static const char *const secrets[] = {"pairing-code", "maas-key", "gateway-secret"};

static const struct opt_row answer_rows[] = {
    {.name = "palette-url"},
    {.name = "pcg-uid"},
    {.name = "maas-url"},
    {.name = "account-name"},
    {.name = "http-proxy"},
    {.name = "https-proxy"},
    {.name = "no-proxy"},
    {.name = "log-format"},
    {.name = "listen"},
    {.name = "pairing-code", .flags = OPT_SECRET},
    {.name = "maas-key", .flags = OPT_SECRET},
};

/* A sentence: of one line, not empty, without what a terminal would obey. */
static void sentence_check(int r, const struct err *e)
{
    assert(r == e->code && *e->text);
    for (const char *at = e->text; *at; at++)
        assert((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void values_take(const struct opts *o, const struct opt_row *rows, size_t n)
{
    struct config c = {.clock_fd = -1};

    for (size_t i = 0; i < n; i++) {
        const char *value = opt_text(o, rows[i].name);
        struct err e;
        int r = 0;

        for (size_t s = 0; *value && s < COUNTOF(settings); s++)
            if (text_is(settings[s], rows[i].name))
                r = config_take(rows[i].name, rows[i].name, value, &c, &e);
        for (size_t s = 0; *value && s < COUNTOF(secrets); s++)
            if (text_is(secrets[s], rows[i].name))
                r = secret_take(rows[i].name, value, &c.gw, &e);
        if (r < 0)
            sentence_check(r, &e);
    }
    config_drop(&c);
}

/* A file without a disk. */
static int file_of(const uint8_t *bytes, size_t len, char *path, size_t path_size)
{
    const int fd = memfd_create("settings", MFD_CLOEXEC);

    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
        abort();
    snprintf(path, path_size, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = COUNTOF(answer_rows);
    const struct opt_row *rows = answer_rows;
    struct opts *o = NULL;
    char path[64];
    struct err e;
    int fd, r;

    if (!size)
        return 0;
    if (data[0] == 'c')
        rows = config_rows(&n);
    fd = file_of(data + 1, size - 1, path, sizeof(path));
    if (opts_new(&o, "", rows, n, &e) < 0)
        abort();
    r = opts_file(o, path, &e);
    if (r < 0)
        sentence_check(r, &e);
    else
        values_take(o, rows, n);
    opts_free(o);
    close(fd);
    return 0;
}
