#include "scenarios/engine/lag.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <string.h>

#define BEGINS_AGAIN_MS 1000
#define DATA_AGAIN_MS   200

static void sum_up(struct lags *g, const struct lab *l)
{
    g->any = false;
    for (size_t h = 0; h < l->n_hosts; h++)
        for (size_t k = 0; k < l->hosts[h].n_links; k++)
            g->any = g->any || g->at[h][k].delay_ms > 0 || g->at[h][k].loss_percent > 0;
}

void lags_init(struct lags *g, const struct lab *l)
{
    *g = (struct lags){.any = false};
    for (size_t h = 0; h < l->n_hosts; h++)
        for (size_t k = 0; k < l->hosts[h].n_links; k++) {
            const struct lab_link *link = &l->hosts[h].links[k];

            g->at[h][k] = (struct lag){link->delay_ms, link->loss_percent};
        }
    sum_up(g, l);
}

bool lags_act(struct lags *g, const struct lab *l, const struct script_line *line)
{
    const bool delays = text_is(line->verb->id, "wire.delays");
    bool any = false;

    for (size_t h = 0; h < l->n_hosts; h++)
        for (size_t k = 0; text_is(l->hosts[h].role, line->args[0]) && k < l->hosts[h].n_links;
             k++) {
            struct lag *x = &g->at[h][k];

            any = delays ? lag_delay_read(line->args[1], &x->delay_ms)
                         : lag_loss_read(line->args[1], &x->loss_percent);
        }
    sum_up(g, l);
    return any;
}

bool lag_loss_read(const char *text, int64_t *ret_percent)
{
    const size_t len = strlen(text);
    char digits[8];

    return len > 1 && text[len - 1] == '%' && text_copy_len(digits, sizeof digits, text, len - 1) &&
           text_int(digits, 0, LAB_LOSS_MAX, ret_percent);
}

bool lag_delay_read(const char *text, ms_t *ret_ms)
{
    const size_t len = strlen(text);
    char digits[8];
    ms_t time;

    if (len > 2 && text_is(text + len - 2, "ms"))
        return text_copy_len(digits, sizeof digits, text, len - 2) &&
               text_int(digits, 0, LAB_DELAY_MAX_MS, ret_ms);
    if (!text_duration(text, &time) || time > LAB_DELAY_MAX_MS)
        return false;
    *ret_ms = time;
    return true;
}

ms_t lag_draw(const struct lag *g, enum lag_packet kind, struct rng *r)
{
    ms_t late = g->delay_ms, again = kind == LAG_BEGINS ? BEGINS_AGAIN_MS : DATA_AGAIN_MS;

    if (g->loss_percent == 0 || kind == LAG_WORD)
        return late;
    for (int i = 0; i < LAG_REPEATS_MAX && rng_between(r, 1, 100) <= g->loss_percent; i++) {
        late += again;
        again *= 2;
    }
    return late;
}
