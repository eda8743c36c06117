#include "tests/test.h"

#include "tests/journals.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX KIB(256)

struct sealing {
    struct ev_list *list;
    uint64_t seq, nth[EVS_COUNT];
    char chain[EVS_COUNT][EV_CHAIN_LEN + 1];
    ms_t t;
};

static void seal(struct sealing *s, struct event *e)
{
    e->seq = ++s->seq;
    e->nth = ++s->nth[e->src];
    s->t = e->t;
    ev_chain(e, s->chain[e->src], e->chain);
    memcpy(s->chain[e->src], e->chain, sizeof(e->chain));
    ev_list_add(s->list, e);
}

static void seal_line(struct sealing *s, const char *line)
{
    struct event event;
    struct err e;

    must(ev_json_read(line, strlen(line), &event, &e), &e);
    if (ev_missing(&event))
        fail_msg("%s lacks %s", line, ev_missing(&event));
    seal(s, &event);
}

/* An edit may bring several records, one a line. */
static void seal_lines(struct sealing *s, const char *lines)
{
    char line[4096];

    while (text_next(&lines, '\n', line, sizeof(line)))
        seal_line(s, line);
}

static void last_words(struct sealing *s)
{
    for (int src = 0; src < EVS_COUNT; src++) {
        struct event e;

        if (s->nth[src] == 0)
            continue;
        ev_init(&e, EV_WRITER_END, s->t);
        e.src = (enum ev_src)src;
        ev_int_add(&e, EVF_COUNT, (int64_t)s->nth[src]);
        ev_text_add(&e, EVF_CHAIN_END, s->chain[src]);
        seal(s, &e);
    }
}

void journal_make(const char *text, const struct journal_edit *edit, struct ev_list *ret)
{
    struct sealing s = {.list = ret};
    char line[4096];
    int seen = 0;
    bool done = !edit || edit->edit == EDIT_NONE;

    ev_list_init(ret);
    while (text_next(&text, '\n', line, sizeof(line))) {
        bool here = !done && strstr(line, edit->at) && ++seen == edit->nth;

        if (!here || edit->edit == EDIT_INSERT)
            seal_line(&s, line);
        if (here && edit->edit != EDIT_REMOVE)
            seal_lines(&s, edit->line);
        done = done || here;
    }
    if (!done)
        fail_msg("no record has '%s' %d times", edit->at, edit->nth);
    last_words(&s);
}

void journal_load(const char *path, const struct journal_edit *edit, struct ev_list *ret)
{
    char *text = malloc(FILE_MAX);
    FILE *file = fopen(path, "r");
    size_t len;

    assert_non_null(text);
    if (!file)
        fail_msg("%s cannot be read", path);
    len = fread(text, 1, FILE_MAX - 1, file);
    fclose(file);
    text[len] = '\0';
    journal_make(text, edit, ret);
    free(text);
}

void journal_swap(const struct ev_list *l, size_t i, size_t k, struct ev_list *ret)
{
    ev_list_init(ret);
    for (size_t n = 0; n < l->n; n++) {
        size_t from = n == i ? k : n == k ? i : n;
        struct event e;

        memcpy(&e, ev_list_at(l, from), EVENT_HEAD_SIZE + ev_list_at(l, from)->len);
        e.seq = ev_list_at(l, n)->seq;
        e.nth = ev_list_at(l, n)->nth;
        ev_list_add(ret, &e);
    }
}
