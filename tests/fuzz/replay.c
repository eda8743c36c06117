/* Runs one fuzz entry over a directory of inputs, so that every corpus is replayed by any compiler
 * as an ordinary test. Of small files every prefix is tried too, or every Nth where one try costs a
 * whole server: torn input is the commonest kind. */
#include "lib/base/base.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX   MIB(8)
#define PREFIX_BYTES_MAX KIB(4) /* files up to this size are tried in all their prefixes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly the right size, so that the sanitizer sees the first byte read too far. */
static void run(const char *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        WRONG("no memory");
    memcpy(copy, bytes, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static size_t replay(const char *path, size_t every)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(FILE_BYTES_MAX);
    size_t len, i, runs = 1;

    if (!file || !bytes) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    len = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    if (len <= PREFIX_BYTES_MAX)
        for (i = 0; i < len; i += every, runs++)
            run(bytes, i);
    run(bytes, len);
    free(bytes);
    return runs;
}

int main(int argc, char **argv)
{
    const size_t every = argc == 3 ? strtoul(argv[2], NULL, 10) : 1;
    size_t files = 0, runs = 0;
    struct dirent *entry;
    DIR *dir;

    if (argc < 2 || argc > 3 || every == 0) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY [EVERY-NTH-PREFIX]\n", argv[0]);
        return 2;
    }
    dir = opendir(argv[1]);
    if (!dir) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    while ((entry = readdir(dir))) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        runs += replay(path, every);
        files++;
    }
    closedir(dir);
    printf("%s: %zu files, %zu runs\n", argv[1], files, runs);
    return files > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
