/* Whom the machines of a cluster reach without the proxy (GP-83). */
#include "gateway/cluster.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdio.h>

static bool list_has(const struct buf *list, const char *item)
{
    const char *at = buf_text(list);
    char word[GW_HOST_MAX];

    while (text_next(&at, ',', word, sizeof word))
        if (text_is(word, item))
            return true;
    return false;
}

static void list_add(struct buf *list, const char *item)
{
    if (!item[0] || list_has(list, item))
        return;
    if (list->len > 0)
        buf_char_add(list, ',');
    buf_text_add(list, item);
}

void gw_no_proxy_write(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m,
                       struct buf *out)
{
    static const char *const always[] = {"localhost", "127.0.0.1", "169.254.169.254", ".svc",
                                         ".cluster.local"};
    const struct gw_item_body *b = &c->item->body;
    const struct gw_account *a = gw_cluster_account(g, c);
    char domain[GW_HOST_MAX + 1];
    struct url u;

    buf_text_add(out, g->config.no_proxy);
    for (size_t i = 0; i < COUNTOF(always); i++)
        list_add(out, always[i]);
    list_add(out, b->network.pod_cidr);
    list_add(out, b->network.service_cidr);
    snprintf(domain, sizeof domain, ".%s", b->cloud.domain);
    if (b->cloud.domain[0])
        list_add(out, domain);
    if (a && url_read(a->endpoint, &u, NULL) == 0)
        list_add(out, u.host);
    for (size_t i = 0; i < m->n_cidrs; i++)
        list_add(out, m->cidrs[i]);
}
