/* mock-maas: the model behind HTTP. */
#include "lib/io/mockd.h"
#include "mock-maas/maas.h"
#include "mock-maas/users_file.h"

static const struct opt_row rows[] = {
    {.name = "users-file",
     .arg = "FILE",
     .flags = OPT_MUST,
     .what = "JSON: [{\"name\", \"key\": \"consumer:token:secret\", \"superuser\"}]"},
    {.name = "epoch",
     .kind = OPT_INT,
     .arg = "SECONDS",
     .min = 0,
     .max = INT64_MAX / 1000,
     .what = "time of day, in seconds since 1970, at domain time 0; default: now"},
};

static int open_app(const struct opts *o, const struct mockd_shared *s, struct mockd_app *ret,
                    struct err *e)
{
    struct maas_config c = {.seed = s->seed, .factor = s->factor};
    int err = users_file_read(opt_text(o, "users-file"), &c, e);

    if (err < 0)
        return err;
    c.epoch_s = opt_given(o, "epoch") ? opt_int(o, "epoch") : clk_realtime_s();
    *ret = (struct mockd_app){
        .app = maas_new(&c), .handle = maas_handle, .due = maas_due, .tick = maas_tick};
    return 0;
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
        .open = open_app};

    return mockd_main(&program, argc, argv);
}
