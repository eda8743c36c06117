/* Small questions about texts that the C library answers badly: bounded copy, checked numbers,
 * durations, lists, nearest word. No state, no locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "lib/base/base.h"

/* Copies with a NUL; returns false, and leaves "" behind, when src does not fit into dst. */
bool text_copy(char *dst, size_t size, const char *src);
bool text_copy_len(char *dst, size_t size, const char *src, size_t len);

bool text_is(const char *a, const char *b); /* equal; NULL is never equal */
bool text_begins(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_is_nocase(const char *a, const char *b);

/* Whole text as a decimal number in [min, max]; false and untouched otherwise. */
bool text_int(const char *text, int64_t min, int64_t max, int64_t *ret);

/* "90s", "15m", "24h", "1h30m", "250ms", "7d": false for anything else, also for overflow. */
bool text_duration(const char *text, ms_t *ret);
/* The shortest such text that means ms: 900000 is "15m". out is at least 24 bytes. */
void text_duration_write(ms_t ms, char *out, size_t size);

/* Iterates over a list: *cursor starts at the text; returns false at the end. Items are trimmed of
 * blanks, empty items are skipped. The item is copied to out; an item that does not fit is cut. */
bool text_next(const char **cursor, char separator, char *out, size_t size);

/* The word of the list nearest to `word` by edit distance, or NULL when none is near enough to be
 * what was meant (more than a third of its letters differ). words ends with NULL. */
const char *text_nearest(const char *word, const char *const *words);

/* The n words of the list that are least far from `word`, the nearest first and all others in their
 * order, however far; n is at most 16. Returns how many there are. */
size_t text_nearest_first(const char *word, const char *const *words, const char **out, size_t n);

/* `with` in place of each control character: a line is a line, whatever was put into it. */
void text_flatten(char *text, char with);

/* Lower case hex of bytes; out holds 2 * len + 1. */
void text_hex(const void *bytes, size_t len, char *out);

/* base64url without padding of bytes (RFC 4648 section 5); out holds 4 * ((len + 2) / 3) + 1. */
void text_base64url(const void *bytes, size_t len, char *out);

#endif
