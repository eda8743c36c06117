/* mock-maas: the model behind HTTP. */
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/mockd.h"
#include "mock-maas/alone.h"
#include "mock-maas/maas.h"
#include "mock-maas/replay/main.h"
#include "mock-maas/users_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct opt_row rows[] = {
    {.name = "users-file",
     .arg = "FILE",
     .what =
         "JSON; without it there is one user, whose key is printed: [{\"name\", \"key\": \"consumer:token:secret\", \"superuser\"}]"},
    {.name = "machines",
     .kind = OPT_INT,
     .arg = "N",
     .min = 0,
     .max = MAAS_MACHINES_MAX,
     .value = "6",
     .what = "how many Ready machines there are: m1 … mN"},
    {.name = "fleet", .arg = "FILE", .what = "JSON: other machines instead"},
    {.name = "world", .arg = "FILE", .what = "JSON: everything there is, users too (docs)"},
    {.name = "maas-version", .arg = "V", .value = "3.7", .what = "whose answers: 3.7 or 3.5"},
    {.name = "erase", .kind = OPT_FLAG, .what = "MAAS erases disks when a machine is released"},
    {.name = "misbehaviours", .kind = OPT_FLAG, .what = "print all that can go wrong and stop"},
    {.name = "differences", .kind = OPT_FLAG, .what = "print where it differs from MAAS and stop"},
    {.name = "metrics",
     .kind = OPT_FLAG,
     .what = "print what /metrics of --control tells and stop"},
    {.name = "epoch",
     .kind = OPT_INT,
     .arg = "SECONDS",
     .min = 0,
     .max = INT64_MAX / 1000,
     .what = "time of day, in seconds since 1970, at domain time 0; default: now"},
};

/* Checked here, so that maas_new() cannot fail. */
static int fleet_read(const char *path, struct buf *text, struct err *e)
{
    struct maas_spec *list;
    size_t n;
    int err = file_read(path, text, e);

    if (err < 0)
        return err;
    list = calloc(MAAS_MACHINES_MAX, sizeof(*list));
    if (!list)
        WRONG("out of memory");
    err = maas_fleet_read(buf_text(text), text->len, list, MAAS_MACHINES_MAX, &n, e);
    free(list);
    return err < 0 ? err_at(e, "%s", path) : 0;
}

static int world_read(struct maas *m, const char *path, struct err *e)
{
    struct buf text SCOPED(buf_drop) = {0};
    int err;

    buf_init(&text, MAAS_FLEET_MAX);
    err = file_read(path, &text, e);
    if (err == 0)
        err = maas_world_read(m, buf_text(&text), text.len, e);
    return err < 0 ? err_at(e, "%s", path) : 0;
}

static int open_app(const struct opts *o, const struct mockd_shared *s, struct mockd_app *ret,
                    struct err *e)
{
    struct maas_config c = {.seed = s->seed,
                            .factor = s->factor,
                            .n_machines = (size_t)opt_int(o, "machines"),
                            .erase_on_release = opt_flag(o, "erase"),
                            .authority = opt_given(o, "authority")};
    struct buf fleet SCOPED(buf_drop) = {0};
    int err = 0;

    if (opt_given(o, "users-file"))
        err = users_file_read(opt_text(o, "users-file"), &c, e);
    else if (!opt_given(o, "world"))
        alone_user(&c);
    if (err < 0)
        return err;
    buf_init(&fleet, MAAS_FLEET_MAX);
    if (opt_given(o, "fleet") && (err = fleet_read(opt_text(o, "fleet"), &fleet, e)) < 0)
        return err;
    if (!text_is(opt_text(o, "maas-version"), "3.7") &&
        !text_is(opt_text(o, "maas-version"), "3.5"))
        return err_set(e, -EINVAL, "--maas-version: 3.7 or 3.5");
    c.version = text_is(opt_text(o, "maas-version"), "3.5") ? MAAS_35 : MAAS_37;
    c.fleet = fleet.len ? buf_text(&fleet) : NULL;
    c.epoch_s = opt_given(o, "epoch") ? opt_int(o, "epoch") : clk_realtime_s();
    *ret = (struct mockd_app){.app = maas_new(&c),
                              .handle = maas_handle,
                              .due = maas_due,
                              .tick = maas_tick,
                              .met = maas_met};
    return opt_given(o, "world") ? world_read(ret->app, opt_text(o, "world"), e) : 0;
}

/* In the words of a story: "loses answer to allocate.1", "machine m1 fails deploy". */
static void control(void *app, ms_t now, const char *words, struct http_reply *rp)
{
    if (!maas_told(app, now, words, rp))
        fprintf(stderr, "mock-maas: cannot do: %s\n", words);
}

static void greet(const struct opts *o, const struct mockd_app *app, const struct mockd_doors *d)
{
    (void)app;
    if (!opt_given(o, "users-file") && !opt_given(o, "world"))
        alone_greet(d->url, d->control);
}

static void misdeeds_print(struct buf *out)
{
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%-20s %-50s %s\n", list[i].name, list[i].words, list[i].what);
}

static void metrics_print(struct buf *out)
{
    struct maas_metric_row list[32];
    const size_t n = maas_metrics(list, COUNTOF(list));

    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%-37s %-8s %s\n", list[i].name, list[i].kind, list[i].what);
}

static void differences_print(struct buf *out)
{
    const struct maas_deviation *list;
    const size_t n = maas_deviations(&list);

    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%-41s %-25s %s\n", list[i].what, list[i].basis, list[i].how);
}

static bool said(const struct opts *o, struct buf *out)
{
    if (opt_flag(o, "misbehaviours"))
        misdeeds_print(out);
    else if (opt_flag(o, "differences"))
        differences_print(out);
    else if (opt_flag(o, "metrics"))
        metrics_print(out);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static const struct mockd program = {
        .name = "mock-maas",
        .what =
            "mock-maas [options]\n"
            "\nWithout options: six machines, one user, and examples. Serves MAAS's REST API 2.0 as a region of version 3.7.3 does, from memory.\n",
        .base = "/MAAS",
        .src = EVS_MAAS,
        .rows = rows,
        .n_rows = COUNTOF(rows),
        .routes = maas_routes,
        .open = open_app,
        .op = maas_op,
        .control = control,
        .control_door = true,
        .basis = maas_basis,
        .said = said,
        .greet = greet};

    if (argc > 1 && text_is(argv[1], "replay"))
        return replay_main(argc - 1, argv + 1);
    return mockd_main(&program, argc, argv);
}
