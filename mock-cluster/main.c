/* mock-cluster: one machine that MAAS has deployed, with its user data and the agent of its
 * cluster. */
#include "mock-cluster/node.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 3

static const struct opt_row rows[] = {
    {.name = "system-id", .arg = "ID", .what = "what MAAS calls the machine", .flags = OPT_MUST},
    {.name = "hostname", .arg = "NAME", .what = "the machine's host name", .flags = OPT_MUST},
    {.name = "maas-url",
     .arg = "URL",
     .what = "base of MAAS, where user data is fetched",
     .flags = OPT_MUST},
    {.name = "maas-ca", .arg = "FILE", .what = "authorities of an https MAAS"},
    {.name = "address", .arg = "ADDRESS", .what = "the machine's own address", .flags = OPT_MUST},
    {.name = "root",
     .arg = "DIR",
     .what = "folder for the machine's certificates",
     .flags = OPT_MUST},
    {.name = "busybox",
     .arg = "FILE",
     .what = "static busybox for the sandbox",
     .value = "/bin/busybox"},
    {.name = "sandbox-seconds",
     .kind = OPT_INT,
     .arg = "N",
     .value = "20",
     .min = 1,
     .max = 25,
     .what = "how long all processes of user data may sleep until it counts as endless"},
    {.name = "interpret",
     .kind = OPT_FLAG,
     .what = "no sandbox, for machines that forbid namespaces: user data is applied to files in "
             "memory, and commands that only a real machine could do are left out"},
    {.name = "from", .arg = "ADDRESS", .what = "own address at which its calls begin"},
    {.name = "seed",
     .kind = OPT_INT,
     .arg = "N",
     .value = "1",
     .min = 0,
     .max = INT64_MAX,
     .what = "what jitter and nonces are drawn from"},
    {.name = "slow",
     .arg = "CLUSTER=TIME",
     .what = "agents of these clusters wait so long before their first call; commas between"},
    SLOT_ROWS,
    SLOT_WISHES_ROW,
};
static const char usage[] =
    "mock-cluster: a machine that was deployed. It fetches its user data from MAAS, executes it in a "
    "sandbox, and is the agent of its cluster until SIGTERM.";

static void opts_drop(struct opts **o)
{
    opts_free(*o);
}

int main(int argc, char **argv)
{
    struct opts *o SCOPED(opts_drop) = NULL;
    struct node_config c = {0};
    struct err e = {0};
    int r = opts_new(&o, usage, rows, COUNTOF(rows), &e);

    if (r == 0)
        r = opts_args(o, argc, argv, &e);
    if (r == 0 && slot_said(o, NODE_NAME))
        return EXIT_SUCCESS;
    if (r == 0)
        r = opts_check(o, &e);
    if (r < 0) {
        fprintf(stderr, "%s: %s\n", NODE_NAME, e.text);
        return EXIT_USAGE;
    }
    if (slot_open(&c.slot, o, &e) < 0) {
        fprintf(stderr, "%s: %s\n", NODE_NAME, e.text);
        return EXIT_FAILURE;
    }
    c.opts = o;
    c.system_id = opt_text(o, "system-id");
    c.hostname = opt_text(o, "hostname");
    c.maas_url = opt_text(o, "maas-url");
    c.maas_ca = opt_text(o, "maas-ca");
    c.address = opt_text(o, "address");
    c.root = opt_text(o, "root");
    c.busybox = opt_text(o, "busybox");
    c.seed = (uint64_t)opt_int(o, "seed");
    c.sandbox_seconds = (int)opt_int(o, "sandbox-seconds");
    c.slow = opt_text(o, "slow");
    c.interprets = opt_flag(o, "interpret");
    c.from = opt_text(o, "from");
    return node_run(&c);
}
