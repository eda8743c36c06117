/* Palette's program in a site dies and is started again, with its state or without: what it would
 * have in its file is written out by the model's own rows and read back by a new one. It can live
 * at another address of its host, and names can lead elsewhere. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

/* A Palette that knows nobody draws other names than the one before it. */
void *site_palette_new(const struct site *s)
{
    struct palette_config c = {.seed = s->seed + s->palette.starts,
                               .factor = 1,
                               .authority = true,
                               .self_hosted = s->outfit.self_hosted};

    text_copy(c.api_key, sizeof c.api_key, s->api_key);
    text_copy(c.ajar, sizeof c.ajar, s->rogue);
    text_copy(c.agent_url, sizeof c.agent_url, SITE_PALETTE_URL);
    c.agent_ca = SITE_PALETTE_CA;
    if (s->outfit.self_hosted)
        text_copy(c.system_secret, sizeof c.system_secret, s->system_secret);
    return palette_new(&c);
}

/* --- its file --------------------------------------------------------------------------------- */

static void row_keep(void *arg, const char *key, const char *bytes, size_t len)
{
    struct site_palette *p = arg;
    struct site_row *row;

    if (p->n_rows == p->max_rows) {
        p->max_rows = p->max_rows == 0 ? 64 : 2 * p->max_rows;
        p->rows = realloc(p->rows, p->max_rows * sizeof *p->rows);
        if (p->rows == NULL)
            WRONG("out of memory");
    }
    row = &p->rows[p->n_rows++];
    *row = (struct site_row){.key = strdup(key), .bytes = malloc(len + 1), .len = len};
    if (row->key == NULL || row->bytes == NULL)
        WRONG("out of memory");
    memcpy(row->bytes, bytes, len);
}

static void rows_forget(struct site_palette *p)
{
    for (size_t i = 0; i < p->n_rows; i++) {
        free(p->rows[i].key);
        free(p->rows[i].bytes);
    }
    free(p->rows);
    p->rows = NULL;
    p->n_rows = p->max_rows = 0;
}

void site_palette_drop(struct site *s)
{
    palette_free(s->servers[SITE_PALETTE].app);
    rows_forget(&s->palette);
}

static void rows_take(struct site *s, struct palette *palette)
{
    struct err e = {0};

    for (size_t i = 0; i < s->palette.n_rows; i++) {
        const struct site_row *row = &s->palette.rows[i];

        if (palette_row_take(palette, s->now, row->key, row->bytes, row->len, &e) < 0)
            WRONG("Palette does not read what it wrote");
    }
    if (palette_resume(palette, &e) < 0)
        WRONG("Palette does not go on from what it wrote");
    rows_forget(&s->palette);
}

/* --- its life --------------------------------------------------------------------------------- */

static void say(struct site *s, const char *kind)
{
    struct event e;

    ev_init(&e, EV_PROG, s->now);
    ev_text_add(&e, EVF_WHO, "palette");
    ev_text_add(&e, EVF_KIND, kind);
    if (text_is(kind, "signalled"))
        ev_int_add(&e, EVF_SIGNAL, 9);
    site_put(s, EVS_ENGINE, &e);
}

static bool stop(struct site *s)
{
    struct site_server *server = &s->servers[SITE_PALETTE];

    if (server->down)
        return false;
    say(s, "signalled");
    palette_rows_all(server->app, row_keep, &s->palette);
    palette_free(server->app);
    server->app = NULL;
    server->down = true;
    site_server_gone(s, SITE_PALETTE);
    return true;
}

static bool start(struct site *s, bool empty)
{
    struct site_server *server = &s->servers[SITE_PALETTE];

    if (!server->down)
        return false;
    if (empty)
        rows_forget(&s->palette);
    s->palette.starts++;
    say(s, "started");
    server->app = site_palette_new(s);
    rows_take(s, server->app);
    server->down = false;
    return true;
}

bool site_palette_stops(struct site *s, const struct script_line *line)
{
    (void)line;
    return stop(s);
}

bool site_palette_starts(struct site *s, const struct script_line *line)
{
    return start(s, text_is(line->args[0], "empty"));
}

bool site_palette_restarts(struct site *s, const struct script_line *line)
{
    return stop(s) && start(s, text_is(line->args[0], "empty"));
}

/* --- where it is ------------------------------------------------------------------------------ */

/* Restarted at another address of its own host, with its state. */
bool site_palette_moves(struct site *s, const struct script_line *line)
{
    const struct lab_host *h = lab_host_at(s->lab, line->args[0]);

    if (h == NULL || h != lab_role(s->lab, "palette"))
        return false;
    (void)stop(s); /* or it was away already */
    s->servers[SITE_PALETTE].address = line->args[0];
    return start(s, false);
}

static struct site_renamed *renamed_find(struct site *s, const char *name)
{
    for (size_t i = 0; i < s->n_renamed; i++)
        if (text_is_nocase(s->renamed[i].name, name))
            return &s->renamed[i];
    return NULL;
}

bool site_name_answers(struct site *s, const struct script_line *line)
{
    const char *name = lab_name_of(s->lab, line->args[0]), *answer = line->args[1];
    struct site_renamed *r = name == NULL ? NULL : renamed_find(s, name);

    if (name == NULL || (r == NULL && s->n_renamed == SITE_RENAMES_MAX))
        return false;
    if (r == NULL)
        r = &s->renamed[s->n_renamed++];
    return text_copy(r->name, sizeof r->name, name) &&
           text_copy(r->address, sizeof r->address, text_is(answer, "nothing") ? "" : answer);
}

const char *site_resolve(const struct site *s, const char *name)
{
    for (size_t i = 0; i < s->n_renamed; i++)
        if (text_is_nocase(s->renamed[i].name, name))
            return s->renamed[i].address[0] == '\0' ? NULL : s->renamed[i].address;
    return lab_resolve(s->lab, name);
}
