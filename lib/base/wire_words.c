#include "lib/base/wire_words.h"

#include "lib/base/text.h"

void wire_words_split(const char *text, struct wire_words *ret)
{
    ret->n = 0;
    while (ret->n < WIRE_WORDS_MAX && text_next(&text, ' ', ret->at[ret->n], sizeof(ret->at[0])))
        ret->n++;
}

const char *wire_word(const struct wire_words *w, size_t i)
{
    return i < w->n ? w->at[i] : "";
}

bool wire_word_is(const struct wire_words *w, size_t i, const char *word)
{
    return i < w->n && text_is(w->at[i], word);
}

bool wire_word_int(const struct wire_words *w, size_t i, int64_t min, int64_t max, int64_t *ret)
{
    return i < w->n && text_int(w->at[i], min, max, ret);
}

bool wire_words_times(struct wire_words *w, uint64_t *ret)
{
    int64_t times = 1;

    if (w->n > 2 && wire_word_is(w, w->n - 1, "times")) {
        if (!wire_word_int(w, w->n - 2, 1, INT32_MAX, &times))
            return false;
        w->n -= 2;
    }
    *ret = (uint64_t)times;
    return true;
}

static bool resets(const struct wire_words *w, struct http_wire *ret)
{
    ret->reset = true;
    return w->n == 2;
}

static bool doubles(const struct wire_words *w, struct http_wire *ret)
{
    ret->twice = true;
    return w->n == 2;
}

static bool cuts(const struct wire_words *w, struct http_wire *ret)
{
    int64_t at = 0;

    ret->cut = true;
    if (w->n != 4 || !wire_word_is(w, 2, "at") || !wire_word_int(w, 3, 0, HTTP_BODY_MAX, &at))
        return false;
    ret->cut_at = (size_t)at;
    return true;
}

static bool misses(const struct wire_words *w, struct http_wire *ret)
{
    return w->n == 4 && wire_word_is(w, 2, "by") &&
           wire_word_int(w, 3, -HTTP_BODY_MAX, HTTP_BODY_MAX, &ret->length_off) &&
           ret->length_off != 0;
}

static bool delays(const struct wire_words *w, struct http_wire *ret)
{
    return w->n == 4 && wire_word_is(w, 2, "by") && text_duration(w->at[3], &ret->late_ms) &&
           ret->late_ms > 0;
}

static bool trickles(const struct wire_words *w, struct http_wire *ret)
{
    int64_t bytes = 0;

    if (w->n != 5 || !wire_word_is(w, 3, "each") || !wire_word_int(w, 2, 1, HTTP_BODY_MAX, &bytes))
        return false;
    ret->slow_bytes = (size_t)bytes;
    return text_duration(w->at[4], &ret->slow_ms) && ret->slow_ms > 0;
}

static bool drips(const struct wire_words *w, struct http_wire *ret)
{
    ret->slow_body = true;
    return trickles(w, ret);
}

bool wire_words_read(const struct wire_words *w, struct http_wire *ret)
{
    static const struct row {
        const char *verb;
        bool (*read)(const struct wire_words *w, struct http_wire *ret);
    } rows[] = {{"resets", resets}, {"doubles", doubles},   {"cuts", cuts},  {"misses", misses},
                {"delays", delays}, {"trickles", trickles}, {"drips", drips}};

    *ret = (struct http_wire){.on = true};
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (wire_word_is(w, 0, rows[i].verb))
            return rows[i].read(w, ret);
    return false;
}

const char *wire_words_name(const struct http_wire *wire)
{
    if (wire->reset)
        return "reset";
    if (wire->twice)
        return "answered-twice";
    if (wire->cut)
        return "cut-off";
    if (wire->length_off)
        return wire->length_off > 0 ? "length-too-big" : "length-too-small";
    if (wire->late_ms)
        return "late-answer";
    return wire->slow_body ? "slow-body" : "slow-headers";
}
