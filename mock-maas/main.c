/* mock-maas: the model behind HTTP. */
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/mockd.h"
#include "mock-maas/maas.h"
#include "mock-maas/users_file.h"

#include <stdio.h>
#include <string.h>

static const struct opt_row rows[] = {
    {.name = "users-file",
     .arg = "FILE",
     .flags = OPT_MUST,
     .what = "JSON: [{\"name\", \"key\": \"consumer:token:secret\", \"superuser\"}]"},
    {.name = "machines",
     .kind = OPT_INT,
     .arg = "N",
     .min = 0,
     .max = MAAS_MACHINES_MAX,
     .value = "6",
     .what = "how many Ready machines there are: m1 … mN"},
    {.name = "fleet", .arg = "FILE", .what = "JSON: other machines instead"},
    {.name = "erase", .kind = OPT_FLAG, .what = "MAAS erases disks when a machine is released"},
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
    struct maas_spec list[MAAS_MACHINES_MAX];
    size_t n;
    int err = file_read(path, text, e);

    if (err < 0)
        return err;
    err = maas_fleet_read(buf_text(text), text->len, list, COUNTOF(list), &n, e);
    return err < 0 ? err_at(e, "%s", path) : 0;
}

static int open_app(const struct opts *o, const struct mockd_shared *s, struct mockd_app *ret,
                    struct err *e)
{
    struct maas_config c = {.seed = s->seed,
                            .factor = s->factor,
                            .n_machines = (size_t)opt_int(o, "machines"),
                            .erase_on_release = opt_flag(o, "erase")};
    struct buf fleet SCOPED(buf_drop) = {0};
    int err = users_file_read(opt_text(o, "users-file"), &c, e);

    if (err < 0)
        return err;
    buf_init(&fleet, MAAS_FLEET_MAX);
    if (opt_given(o, "fleet") && (err = fleet_read(opt_text(o, "fleet"), &fleet, e)) < 0)
        return err;
    c.fleet = fleet.len ? buf_text(&fleet) : NULL;
    c.epoch_s = opt_given(o, "epoch") ? opt_int(o, "epoch") : clk_realtime_s();
    *ret = (struct mockd_app){
        .app = maas_new(&c), .handle = maas_handle, .due = maas_due, .tick = maas_tick};
    return 0;
}

/* In the words of a story: "loses answer to allocate.1", "machine m1 fails deploy". */
static void control(void *app, ms_t now, const char *words, struct http_reply *rp)
{
    static const char machine[] = "machine ";
    struct maas_fault fault;
    char name[64];
    bool done;

    if (text_begins(words, machine)) {
        const char *rest = words + strlen(machine);

        done = text_next(&rest, ' ', name, sizeof(name)) &&
               maas_by_hand(app, now, name, rest, &rp->events);
    } else {
        done = maas_fault_read(words, &fault, NULL) == 0 &&
               maas_fault_arm(app, now, &fault, &rp->events);
    }
    if (!done)
        fprintf(stderr, "mock-maas: cannot do: %s\n", words);
}

int main(int argc, char **argv)
{
    static const struct mockd program = {
        .name = "mock-maas",
        .what = "mock-maas --users-file FILE [options]\n"
                "\nServes MAAS's REST API 2.0 as a region of version 3.7.3 does, from memory.\n",
        .base = "/MAAS",
        .src = EVS_MAAS,
        .rows = rows,
        .n_rows = COUNTOF(rows),
        .routes = maas_routes,
        .open = open_app,
        .op = maas_op,
        .control = control};

    return mockd_main(&program, argc, argv);
}
