/* mock-palette: the model behind HTTP. */
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/mockd.h"
#include "mock-palette/palette.h"

#include <errno.h>

static const struct opt_row rows[] = {
    {.name = "api-key-file",
     .arg = "FILE",
     .flags = OPT_MUST,
     .what = "one line: the user's ApiKey"},
    {.name = "agent-url",
     .arg = "URL",
     .what = "where agents find this Palette; default: as the gateway called it"},
    {.name = "agent-ca", .arg = "FILE", .what = "PEM that agents are to trust"},
    {.name = "self-hosted", .kind = OPT_FLAG, .what = "a self-hosted Palette, not SaaS"},
};

#define CA_MAX KIB(64) /* GP-28 */

/* What agents are told about this Palette. */
static int agent_options_read(const struct opts *o, struct palette_config *c, struct buf *ca,
                              struct err *e)
{
    const char *url = opt_text(o, "agent-url"), *path = opt_text(o, "agent-ca");
    int err = 0;

    if (url && !text_copy(c->agent_url, sizeof(c->agent_url), url))
        return err_set(e, -EINVAL, "--agent-url: is too long");
    if (path && path[0])
        err = file_read(path, ca, e);
    c->agent_ca = ca->len > 0 ? buf_text(ca) : NULL;
    return err;
}

static int open_app(const struct opts *o, const struct mockd_shared *s, struct mockd_app *ret,
                    struct err *e)
{
    struct palette_config c = {
        .seed = s->seed, .factor = s->factor, .self_hosted = opt_flag(o, "self-hosted")};
    struct buf ca SCOPED(buf_drop) = {.max = CA_MAX};
    int err = file_read_line(opt_text(o, "api-key-file"), c.api_key, sizeof(c.api_key), e);

    if (err == 0 && c.api_key[0] == '\0')
        err = err_set(e, -EINVAL, "%s: holds no key", opt_text(o, "api-key-file"));
    if (err == 0)
        err = agent_options_read(o, &c, &ca, e);
    if (err < 0)
        return err;
    *ret = (struct mockd_app){
        .app = palette_new(&c), .handle = palette_handle, .due = palette_due, .tick = palette_tick};
    return 0;
}

static const char *who(const void *app, const struct http_request *rq)
{
    return palette_asked_by_gateway(app, rq) ? "gateway" : "-";
}

int main(int argc, char **argv)
{
    static const struct mockd program = {
        .name = "mock-palette",
        .what = "mock-palette --api-key-file FILE [options]\n"
                "\nServes the part of Palette's management API that stands between a user and a\n"
                "private cloud gateway for MAAS, and the gateway profile.\n",
        .base = "/v1",
        .src = EVS_PALETTE,
        .rows = rows,
        .n_rows = COUNTOF(rows),
        .routes = palette_routes,
        .open = open_app,
        .op = palette_op,
        .who = who};

    return mockd_main(&program, argc, argv);
}
