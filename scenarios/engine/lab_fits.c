#include "scenarios/engine/lab_fits.h"

#include "lib/base/proxy.h"
#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct fit {
    const struct lab *lab;
    const char *file;
    struct err *e;
};

static int unfit(const struct fit *x, const struct script_line *line, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static int unfit(const struct fit *x, const struct script_line *line, const char *fmt, ...)
{
    char sentence[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    return err_set(x->e, -EINVAL, "%s:%d:%d: %s", x->file, line->number, line->column, sentence);
}

/* Addresses of the lab's hosts of that role, "10.10.0.9, 10.10.0.8". */
static bool proxy_is_there(const struct lab *l, const char *address, char *all, size_t size)
{
    struct buf text SCOPED(buf_drop) = {0};
    bool found = false;

    buf_init(&text, size - 1);
    for (size_t i = 0; i < l->n_hosts; i++) {
        const struct lab_host *h = &l->hosts[i];

        if (!text_is(h->role, "proxy"))
            continue;
        buf_printf(&text, "%s%s", buf_text(&text)[0] ? " or " : "", h->links[0].address);
        for (size_t k = 0; k < h->n_links; k++)
            found = found || lab_link_has(&h->links[k], address);
    }
    snprintf(all, size, "%s", buf_text(&text));
    return found;
}

static int proxy_address_look(const struct fit *x, const struct script_line *line)
{
    const bool tells =
        text_is(line->verb->id, "site.proxy") || text_is(line->verb->id, "gateway.told-proxy");
    const char *address;
    char all[160];
    struct url u;

    if (!tells || proxy_read(line->args[0], &u, NULL) < 0)
        return 0;
    address = lab_resolve(x->lab, u.host);
    if (proxy_is_there(x->lab, address ? address : u.host, all, sizeof all))
        return 0;
    if (!all[0])
        return unfit(x, line,
                     "shape %s has no proxy; write a shape that has one, such as site shape "
                     "proxy-only",
                     x->lab->name);
    return unfit(x, line,
                 "shape %s has no proxy at %s; write %s, or a shape that has it, such as site "
                 "shape proxy-only with 10.10.0.9",
                 x->lab->name, u.host, all);
}

static int move_look(const struct fit *x, const struct script_line *line)
{
    const struct lab_host *palette;

    if (!text_is(line->verb->id, "palette.moves"))
        return 0;
    palette = lab_role(x->lab, "palette");
    if (palette && lab_link_has(&palette->links[0], line->args[0]))
        return 0;
    if (!palette || palette->links[0].also[0] == '\0')
        return unfit(x, line,
                     "in shape %s Palette has no other address; write 'also' into its link in "
                     "labs/%s.json, or take shape nat",
                     x->lab->name, x->lab->name);
    return unfit(x, line, "in shape %s Palette cannot move to %s; write palette moves to %s",
                 x->lab->name, line->args[0], palette->links[0].also);
}

int lab_fits(const struct lab *l, const struct script *s, const char *file, struct err *e)
{
    const struct fit x = {.lab = l, .file = file, .e = e};
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->n_lines; i++) {
        r = proxy_address_look(&x, &s->lines[i]);
        r = r == 0 ? move_look(&x, &s->lines[i]) : r;
    }
    return r;
}
