/* A picture of a lab in text, made from its data. Pure. */
#include "scenarios/engine/lab_draw.h"

#include "lib/base/text.h"

#include <string.h>

/* ".10" of 203.0.113.10: the net is written once, above. */
static const char *last_part(const char *address)
{
    const char *dot = strrchr(address, '.');

    return dot == NULL ? address : dot;
}

#define DRAW_WIDTH 72

/* " (300 ms, 5% lost)" of a slow wire, or nothing. */
static void lag_draw_add(struct buf *out, const struct lab_link *link)
{
    const bool both = link->delay_ms > 0 && link->loss_percent > 0;

    if (link->delay_ms == 0 && link->loss_percent == 0)
        return;
    buf_text_add(out, " (");
    if (link->delay_ms > 0)
        buf_printf(out, "%d ms%s", (int)link->delay_ms, both ? ", " : "");
    if (link->loss_percent > 0)
        buf_printf(out, "%d%% lost", (int)link->loss_percent);
    buf_text_add(out, ")");
}

static void hosts_draw(struct buf *out, const struct lab *l, const char *zone)
{
    size_t used = 0;

    for (size_t i = 0; i < l->n_hosts; i++) {
        const struct lab_host *h = &l->hosts[i];
        const struct lab_link *link = lab_link_in(h, zone);
        struct buf one;

        if (link == NULL || h->forward)
            continue;
        buf_init(&one, 128);
        buf_printf(&one, "%s %s", h->role, last_part(link->address));
        if (h->listen > 0)
            buf_printf(&one, ":%d", h->listen);
        if (link->also[0] != '\0')
            buf_printf(&one, " or %s", last_part(link->also));
        lag_draw_add(&one, link);
        if (used > 0 && used + one.len + 3 > DRAW_WIDTH) {
            buf_text_add(out, "\n");
            used = 0;
        }
        buf_printf(out, "%s%s", used == 0 ? "  │  " : " · ", buf_text(&one));
        used += one.len + 3;
        buf_drop(&one);
    }
    buf_text_add(out, used > 0 ? "\n" : "");
}

static void router_draw(struct buf *out, const struct lab_host *h)
{
    buf_printf(out, "  └──┤ %s", h->name);
    for (size_t i = 0; i < h->n_links; i++) {
        buf_printf(out, "%s %s %s", i == 0 ? " " : " │", h->links[i].zone,
                   last_part(h->links[i].address));
        lag_draw_add(out, &h->links[i]);
    }
    if (strstr(h->nft, "masquerade") != NULL)
        buf_text_add(out, " │ NAT");
    if (strstr(h->nft, "drop") != NULL)
        buf_text_add(out, " │ new flows inwards are dropped");
    if (h->forgets_s > 0)
        buf_printf(out, " │ forgets after %d s", h->forgets_s);
    buf_text_add(out, " ├──┐\n");
}

/* Of a router's zones the one that stands last in the file: there it is drawn. */
static const struct lab_zone *outermost(const struct lab *l, const struct lab_host *h)
{
    const struct lab_zone *last = NULL;

    for (size_t z = 0; z < l->n_zones; z++)
        if (lab_link_in(h, l->zones[z].name) != NULL)
            last = &l->zones[z];
    return last;
}

void lab_draw(struct buf *out, const struct lab *l)
{
    for (size_t z = l->n_zones; z-- > 0;) {
        const struct lab_zone *zone = &l->zones[z];

        buf_printf(out, "  ┌── %s %s%s\n", zone->name, zone->net,
                   zone->is_private ? " (private)" : "");
        hosts_draw(out, l, zone->name);
        for (size_t i = 0; i < l->n_hosts; i++)
            if (l->hosts[i].forward && outermost(l, &l->hosts[i]) == zone)
                router_draw(out, &l->hosts[i]);
    }
}
