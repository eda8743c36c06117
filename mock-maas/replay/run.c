#include "mock-maas/replay/run.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

/* --- steps: what was done to the world and not recorded --------------------------------------- */

static bool meant(const struct replay *r, const struct tree *step, const char *key,
                  const char *value)
{
    const char *version = tree_text(step, "version");

    return text_is(tree_text(step, key), value) && (!*version || text_begins(r->version, version));
}

static bool words_do(struct replay *r, const struct tree *list, struct replay_score *score)
{
    for (const struct tree *w = list ? list->first : NULL; w; w = w->next) {
        struct buf live SCOPED(buf_drop) = {0};

        buf_init(&live, KIB(4));
        names_translate(&r->names, w->value, &live);
        score->controls++;
        if (!r->server->control(r->server->arg, buf_text(&live), &r->now_s)) {
            buf_printf(r->out, "cannot be done: %s\n", w->value);
            return false;
        }
    }
    return true;
}

/* All the steps of that record or session, of that kind ("do", "after"). */
static bool steps_do(struct replay *r, const char *key, const char *value, const char *kind,
                     struct replay_score *score)
{
    for (const struct tree *s = r->steps ? r->steps->first : NULL; s; s = s->next)
        if (meant(r, s, key, value) && !words_do(r, tree_get(s, kind), score))
            return false;
    return true;
}

/* The world that the steps name for this record or session; NULL: none. */
static const char *world_of(const struct replay *r, const char *key, const char *value)
{
    for (const struct tree *s = r->steps ? r->steps->first : NULL; s; s = s->next)
        if (meant(r, s, key, value) && !tree_is_null(tree_get(s, "world")))
            return tree_text(s, "world");
    return NULL;
}

static bool world_make(struct replay *r, const char *name, struct replay_score *score)
{
    const char *text = r->world(r->world_arg, name);

    if (!text)
        return true;
    score->controls++;
    if (r->server->world(r->server->arg, text, &r->now_s))
        return true;
    buf_printf(r->out, "session %s: the server does not take world %s\n", r->session, name);
    return false;
}

static bool session_begin(struct replay *r, const char *session, struct replay_score *score)
{
    const char *name = world_of(r, "session", session);

    text_copy(r->session, sizeof(r->session), session);
    r->names.n = 0;
    if (!world_make(r, name ? name : "", score))
        return false;
    return steps_do(r, "session", session, "do", score);
}

/* --- comparing -------------------------------------------------------------------------------- */

/* Compared as they are; the API hash only has to be there. */
static const char *const headers[] = {"Content-Type",     "Vary",        "X-Frame-Options",
                                      "WWW-Authenticate", "Retry-After", "Location",
                                      "Workaround",       "Set-Cookie"};

static void header_compare(const struct tree *recorded, const struct buf *seen, const char *name,
                           struct buf *said)
{
    const char *wanted = tree_text(recorded, name);
    char value[512] = "";

    http_header_get(seen, name, value, sizeof(value));
    if (!text_is(wanted, value) && !said->len)
        buf_printf(said, "%s: recorded \"%s\", seen \"%s\"", name, wanted, value);
}

static void headers_compare(const struct tree *recorded, const struct buf *seen, struct buf *said)
{
    char value[512] = "";

    for (size_t i = 0; i < COUNTOF(headers); i++)
        header_compare(recorded, seen, headers[i], said);
    http_header_get(seen, "Allow", value, sizeof(value));
    if (!said->len && !same_words(tree_text(recorded, "Allow"), value))
        buf_printf(said, "Allow: recorded \"%s\", seen \"%s\"", tree_text(recorded, "Allow"),
                   value);
    value[0] = '\0';
    http_header_get(seen, "X-Maas-Api-Hash", value, sizeof(value));
    if (!said->len && !*tree_text(recorded, "X-Maas-Api-Hash") != !*value)
        buf_printf(said, "X-Maas-Api-Hash: %s in the record", *value ? "not" : "is");
}

static void answer_compare(struct replay *r, const struct tree *record,
                           const struct http_result *seen, struct buf *said)
{
    const struct tree *wanted = tree_get(record, "response");
    struct buf status SCOPED(buf_drop) = {0}, body SCOPED(buf_drop) = {0};

    buf_init(&status, 16);
    buf_init(&body, MIB(4));
    buf_printf(&status, "%d", seen->status);
    if (!text_is(tree_text(wanted, "status"), buf_text(&status))) {
        buf_printf(said, "status: recorded %s %.200s, seen %d %.200s", tree_text(wanted, "status"),
                   tree_text(wanted, "body"), seen->status, buf_text(&seen->body));
        return;
    }
    headers_compare(tree_get(wanted, "headers"), &seen->headers, said);
    if (said->len)
        return;
    replay_fill_in(r, tree_text(wanted, "body"), &body);
    same_body(&r->names, buf_text(&body), buf_text(&seen->body), said);
}

/* --- running ---------------------------------------------------------------------------------- */

static void exchange(struct replay *r, const struct tree *record, struct replay_score *score)
{
    struct http_call rq;
    struct http_result seen;
    struct buf said SCOPED(buf_drop) = {0};

    buf_init(&said, KIB(64));
    replay_ask_write(r, record, &rq);
    http_result_init(&seen);
    if (r->server->ask(r->server->arg, &rq, &seen))
        answer_compare(r, record, &seen, &said);
    else
        buf_text_add(&said, "no answer");
    score->n++;
    score->same += said.len == 0;
    if (said.len)
        buf_printf(r->out, "  miss %-32s %s\n", tree_text(record, "id"), buf_text(&said));
    http_result_drop(&seen);
    http_call_drop(&rq);
}

static bool record_run(struct replay *r, const struct tree *record, struct replay_score *score)
{
    const char *id = tree_text(record, "id"), *name;

    text_copy(r->version, sizeof(r->version), tree_text(record, "maas_version"));
    if (!text_is(r->session, tree_text(record, "session")) &&
        !session_begin(r, tree_text(record, "session"), score))
        return false;
    name = world_of(r, "id", id);
    if ((name && !world_make(r, name, score)) || !steps_do(r, "id", id, "do", score))
        return false;
    buf_printf(&r->asked, "%s\n", id);
    exchange(r, record, score);
    return steps_do(r, "session", r->session, "after", score);
}

static void session_said(struct replay *r, const struct replay_score *s)
{
    if (s->n)
        buf_printf(r->out, "session %-8s %zu of %zu, %zu control calls\n", r->session, s->same,
                   s->n, s->controls);
}

static void sum_up(struct replay_score *all, struct replay_score *one)
{
    all->n += one->n;
    all->same += one->same;
    all->controls += one->controls;
    *one = (struct replay_score){0};
}

/* One line; false: stop. */
static bool line_run(struct replay *r, const char *line, struct replay_score *all,
                     struct replay_score *one)
{
    struct tree *record SCOPED(tree_drop) = tree_read(line);

    if (!record || !*tree_text(record, "session")) {
        buf_printf(r->out, "no record: %.80s\n", line);
        return false;
    }
    if (*r->only && !text_is(r->only, tree_text(record, "session")))
        return true;
    if (!text_is(r->session, tree_text(record, "session"))) {
        session_said(r, one);
        sum_up(all, one);
    }
    return record_run(r, record, one);
}

bool replay_run(struct replay *r, const char *recording, struct replay_score *ret)
{
    struct replay_score one = {0};
    struct buf line SCOPED(buf_drop) = {0};
    bool fine = true;

    buf_init(&line, MIB(4));
    r->session[0] = '\0';
    *ret = one;
    for (size_t len; fine && *recording; recording += len + (recording[len] == '\n')) {
        len = strcspn(recording, "\n");
        buf_clear(&line);
        buf_add(&line, recording, len);
        fine = len == 0 || line_run(r, buf_text(&line), ret, &one);
    }
    session_said(r, &one);
    sum_up(ret, &one);
    return fine;
}
