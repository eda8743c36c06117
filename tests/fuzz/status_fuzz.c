/* What `status` reads of a state directory, whoever wrote it: text for a terminal, or one sentence;
 * and a look changes nothing. Input: 's' (status.json) or 'd' (state.db), then the file's bytes. */
#include "gateway/status.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX MIB(1)

static struct config config = {.gw.pcg_uid = "g1", .gw.version = "1"};

static const char *path_of(const char *name)
{
    static char path[CONFIG_PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/%s", config.state_dir, name);
    return path;
}

static void dir_remove(void)
{
    (void)rmdir(config.state_dir);
}

static void dir_make(void)
{
    if (*config.state_dir)
        return;
    snprintf(config.state_dir, sizeof(config.state_dir), "/tmp/status_fuzz.XXXXXX");
    if (!mkdtemp(config.state_dir) || atexit(dir_remove))
        abort();
}

static void file_write_all(const char *name, const uint8_t *bytes, size_t len)
{
    const int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
        abort();
    close(fd);
}

static void same_check(const char *name, const uint8_t *bytes, size_t len)
{
    static uint8_t now[BYTES_MAX + 1];
    const int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);

    assert(fd >= 0 && read(fd, now, sizeof(now)) == (ssize_t)len && !memcmp(now, bytes, len));
    close(fd);
}

static void text_check(const char *text)
{
    for (; *text; text++)
        assert(*text == '\n' || ((unsigned char)*text >= ' ' && *text != 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out;
    struct err e;
    const char *name;
    int code = -1, r;

    if (!size || size > BYTES_MAX)
        return 0;
    dir_make();
    name = data[0] == 's' ? "status.json" : "state.db";
    file_write_all(name, data + 1, size - 1);
    buf_init(&out, MIB(4));
    r = status_write(&config, &out, &code, &e);
    assert(!out.full);
    text_check(buf_text(&out));
    if (r < 0) {
        assert(*e.text && !strchr(e.text, '\n'));
        text_check(e.text);
    }
    same_check(name, data + 1, size - 1);
    (void)unlink(path_of(name));
    buf_drop(&out);
    return 0;
}
