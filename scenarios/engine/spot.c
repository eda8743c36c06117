#include "scenarios/engine/spot.h"

#include "lib/base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everybody has them (hier(7)), and hardly anybody has something in all of them. */
static const char *const spots[] = {"/media", "/mnt", "/srv"};

#define MADE "gateproof-XXXXXX"

static bool is_empty(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    for (struct dirent *x; d != NULL && (x = readdir(d)) != NULL;)
        n += !text_is(x->d_name, ".") && !text_is(x->d_name, "..");
    if (d != NULL)
        closedir(d);
    return d != NULL && n == 0;
}

int spot_find(char ret[SPOT_MAX], struct err *e)
{
    const char *base = getenv("TMPDIR");

    for (size_t i = 0; i < COUNTOF(spots); i++)
        if (is_empty(spots[i]))
            return text_copy(ret, SPOT_MAX, spots[i]) ? 0 : -1;
    if (base == NULL || base[0] != '/' || strlen(base) > SPOT_MAX - sizeof("/" MADE))
        base = "/tmp";
    snprintf(ret, SPOT_MAX, "%.40s/" MADE, base);
    return mkdtemp(ret) == NULL ? err_errno(e, "make a folder %s", ret) : 0;
}

void spot_drop(const char *dir)
{
    for (size_t i = 0; i < COUNTOF(spots); i++)
        if (text_is(dir, spots[i]))
            return;
    (void)rmdir(dir);
}
