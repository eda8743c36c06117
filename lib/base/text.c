#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEAREST_WORD_MAX 64 /* longer words are not compared */

bool text_copy(char *dst, size_t size, const char *src)
{
    return text_copy_len(dst, size, src, strlen(src));
}

bool text_copy_len(char *dst, size_t size, const char *src, size_t len)
{
    assert(size > 0);
    if (len >= size) {
        dst[0] = '\0';
        return false;
    }
    memmove(dst, src, len);
    dst[len] = '\0';
    return true;
}

bool text_is(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

bool text_begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    const size_t len = strlen(text), tail = strlen(suffix);

    return tail <= len && strcmp(text + len - tail, suffix) == 0;
}

bool text_is_nocase(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    const char *first = text[0] == '-' ? text + 1 : text;
    char *end;
    int64_t value;

    if (!is_digit(first[0])) /* no '+', no blanks: strtoll would take both */
        return false;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < min || value > max)
        return false;
    *ret = value;
    return true;
}

/* Largest first: a text names its units in this order, each once. */
static const struct unit {
    const char *name;
    ms_t ms;
} units[] = {{"d", HOURS(24)}, {"h", HOURS(1)}, {"m", MINUTES(1)}, {"s", SECONDS(1)}, {"ms", 1}};

/* Index of the unit whose whole name stands at text, or COUNTOF(units). */
static size_t unit_at(const char *text, size_t *ret_len)
{
    size_t i, len = 0;

    while (text[len] >= 'a' && text[len] <= 'z')
        len++;
    for (i = 0; i < COUNTOF(units); i++)
        if (strlen(units[i].name) == len && memcmp(units[i].name, text, len) == 0)
            break;
    *ret_len = len;
    return i;
}

bool text_duration(const char *text, ms_t *ret)
{
    ms_t total = 0;
    size_t next_unit = 0; /* the first one still allowed */

    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t number = 0;
        size_t unit, len;

        if (!is_digit(*text))
            return false;
        for (; is_digit(*text); text++)
            if (__builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, *text - '0', &number))
                return false;
        unit = unit_at(text, &len);
        if (unit == COUNTOF(units) || unit < next_unit)
            return false;
        if (__builtin_mul_overflow(number, units[unit].ms, &number) ||
            __builtin_add_overflow(total, number, &total))
            return false;
        text += len;
        next_unit = unit + 1;
    }
    *ret = total;
    return true;
}

/* The shortest text for ms with units from `unit` on: either this unit is used as often as it
 * goes, or it is left out. At most 2^5 ways. */
static void shortest(ms_t ms, size_t unit, char *out, size_t size)
{
    char with[48] = "", without[24] = "";
    const ms_t count = ms / units[unit].ms, rest = ms % units[unit].ms;

    if (count > 0) {
        char tail[24] = "";
        if (rest > 0)
            shortest(rest, unit + 1, tail, sizeof tail);
        snprintf(with, sizeof with, "%lld%s%s", (long long)count, units[unit].name, tail);
    }
    if (unit + 1 < COUNTOF(units))
        shortest(ms, unit + 1, without, sizeof without);
    if (with[0] != '\0' && (without[0] == '\0' || strlen(with) <= strlen(without)))
        snprintf(out, size, "%.23s", with);
    else
        snprintf(out, size, "%s", without);
}

void text_duration_write(ms_t ms, char *out, size_t size)
{
    assert(ms >= 0 && size >= 24);
    if (ms == 0)
        snprintf(out, size, "0s");
    else
        shortest(ms, 0, out, size);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool text_next(const char **cursor, char separator, char *out, size_t size)
{
    const char *at = *cursor;

    assert(size > 0);
    for (;;) {
        const char *end;
        size_t len;

        while (is_blank(*at) || (*at == separator && separator != '\0'))
            at++;
        if (*at == '\0')
            break;
        end = strchrnul(at, separator);
        *cursor = end;
        len = (size_t)(end - at);
        while (len > 0 && is_blank(at[len - 1]))
            len--;
        if (len >= size)
            len = size - 1;
        memcpy(out, at, len);
        out[len] = '\0';
        return true;
    }
    *cursor = at;
    return false;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Insert, delete, change or swap of neighbours count one each. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_WORD_MAX + 1]; /* row i, i-1, i-2, by i modulo 3 */
    size_t i, j;

    for (j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];

        now[0] = i;
        for (j = 1; j <= b_len; j++) {
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                older[j - 2] + 1 < now[j])
                now[j] = older[j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len];
}

const char *text_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    const size_t len = strlen(word);

    if (len > NEAREST_WORD_MAX)
        return NULL;
    for (; *words; words++) {
        const size_t other = strlen(*words), longer = len > other ? len : other;
        size_t d;

        if (other > NEAREST_WORD_MAX)
            continue;
        d = distance(word, len, *words, other);
        if (d * 3 <= longer && d < best_distance) {
            best = *words;
            best_distance = d;
        }
    }
    return best;
}

size_t text_nearest_first(const char *word, const char *const *words, const char **out, size_t n)
{
    const size_t len = strnlen(word, NEAREST_WORD_MAX);
    size_t distances[16], found = 0;

    assert(n <= COUNTOF(distances));
    for (; *words; words++) {
        const size_t d = distance(word, len, *words, strnlen(*words, NEAREST_WORD_MAX));
        size_t at = found;

        while (at > 0 && distances[at - 1] > d)
            at--;
        if (at == n)
            continue;
        found += found < n;
        memmove(&distances[at + 1], &distances[at], (found - at - 1) * sizeof distances[0]);
        memmove(&out[at + 1], &out[at], (found - at - 1) * sizeof out[0]);
        distances[at] = d;
        out[at] = *words;
    }
    return found;
}

void text_hex(const void *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = bytes;
    size_t i;

    for (i = 0; i < len; i++) {
        *out++ = digits[in[i] >> 4];
        *out++ = digits[in[i] & 15];
    }
    *out = '\0';
}

void text_flatten(char *text, char with)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = with;
}

void text_base64url(const void *bytes, size_t len, char *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *in = bytes;
    size_t i;

    for (i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const uint32_t three = (uint32_t)in[i] << 16 | (uint32_t)(left > 1 ? in[i + 1] : 0) << 8 |
                               (uint32_t)(left > 2 ? in[i + 2] : 0);
        *out++ = letters[three >> 18];
        *out++ = letters[three >> 12 & 63];
        if (left > 1)
            *out++ = letters[three >> 6 & 63];
        if (left > 2)
            *out++ = letters[three & 63];
    }
    *out = '\0';
}
