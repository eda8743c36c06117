#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/io/file.h"
#include "tests/wire/cli_refuses.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_MS SECONDS(20)

void cli_tally_init(struct cli_tally *t)
{
    buf_init(&t->complaints, KIB(256));
}

void cli_tally_end(struct cli_tally *t)
{
    const bool ok = t->complaints.len == 0;

    fputs(buf_text(&t->complaints), stderr); /* cmocka cuts a message after a screen */
    buf_drop(&t->complaints);
    assert_true(ok);
}

static bool is_one_line(const struct buf *b)
{
    const char *text = buf_text(b);
    const char *end = strchr(text, '\n');

    return end && end > text && end == text + b->len - 1;
}

/* A hostile file must not drive the reader's terminal. */
static bool has_control_bytes(const struct buf *b)
{
    for (size_t i = 0; i + 1 < b->len; i++)
        if ((unsigned char)b->data[i] < ' ' || b->data[i] == '\x7f')
            return true;
    return false;
}

static bool is_utf8(const char *text)
{
    while (*text != '\0') {
        const size_t len = jx_utf8_len(text);

        if (len == 0)
            return false;
        text += len;
    }
    return true;
}

static void refusal_judge(struct cli_tally *t, const char *what, const struct cli_end *end,
                          const char *const *words)
{
    struct buf *c = &t->complaints;
    const char *said = buf_text(&end->err);
    const size_t before = c->len;

    if (end->status != 3)
        buf_printf(c, "  status %d, not 3\n", end->status);
    if (end->out.len > 0)
        buf_printf(c, "  stdout is not empty: %.200s\n", buf_text(&end->out));
    if (!is_one_line(&end->err))
        buf_text_add(c, "  stderr is not exactly one line\n");
    else if (has_control_bytes(&end->err))
        buf_text_add(c, "  stderr has control bytes\n");
    if (end->err.len > REFUSAL_BYTES_MAX)
        buf_printf(c, "  stderr has %zu bytes\n", end->err.len);
    if (!is_utf8(said))
        buf_text_add(c, "  stderr is not UTF-8\n");
    for (size_t i = 0; words[i]; i++)
        if (!strstr(said, words[i]))
            buf_printf(c, "  stderr does not say '%s'\n", words[i]);
    if (c->len > before)
        buf_printf(c, "    ^ %s; it said: %.400s\n", what, said);
}

void cli_refuses(struct cli_tally *t, const struct cli_room *room, const char *what,
                 const char *const *args, const char *const *env, const char *const *words)
{
    struct cli_end end;

    cli_run(&end, args, env, false, PATIENCE_MS);
    refusal_judge(t, what, &end, words);
    if (file_exists(room->out))
        buf_printf(&t->complaints, "  a report folder was made: %s\n", what);
    cli_report_remove(room);
    cli_end_drop(&end);
}
