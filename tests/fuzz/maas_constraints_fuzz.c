/* Bytes → the form of an allocate, url-encoded: the language of constraints. It is refused with
 * 400, or it matches machines or not; when nothing matches, the sentence can be written. */
#include "lib/base/text.h"
#include "mock-maas/model.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct maas *m, const uint8_t *data, size_t size)
{
    const struct http_ctx ctx = {.conn = 1, .peer = "::1", .scheme = "http", .authority = "h"};
    struct http_request rq;
    struct http_reply rp;
    struct maas_ask a = {.m = m, .ctx = &ctx, .rq = &rq, .rp = &rp};
    struct buf text SCOPED(buf_drop) = {0};

    http_request_init(&rq);
    http_reply_init(&rp);
    a.user = maas_account_named(m, "MAAS");
    buf_init(&text, KIB(64));
    if (pairs_read((const char *)data, size, &a.form, NULL) == 0) {
        for (unsigned where = MAAS_IN_LIST; where <= MAAS_IN_ALLOCATE; where++) {
            if (!maas_constraints_check(&a, &a.form, where)) {
                assert(rp.status >= 400 && rp.status < 500);
                continue;
            }
            for (size_t i = 0; i < m->n_machines; i++)
                (void)maas_constraints_match(m, &a.form, where, maas_machine_at(m, i));
        }
        maas_constraints_write(m, &a.form, &text);
        maas_body_drop(&a);
    }
    http_reply_drop(&rp);
    http_request_drop(&rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct maas_config c = {.seed = 1, .epoch_s = 1782864000, .factor = 1, .n_machines = 4};
    static struct maas *m; /* one for all runs: making it is what costs */

    if (!m)
        m = maas_new(&c);
    ask(m, data, size);
    return 0;
}
