/* proxy_decide over any head: a status of the table, and a target that is what was asked for. */
#include "scenarios/proxy/connect.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const struct proxy_rules open = {.n_ports = 0},
                             shut = {.n_ports = 1, .ports = {443}, .user = "gw", .password = "x"};
    const size_t len = proxy_head_len(bytes, size);
    struct proxy_ask ask;
    struct event e;
    int status;

    if (len == 0)
        return 0;
    assert(len <= size);
    status = proxy_decide(&open, bytes, len, &ask);
    assert(status == 200 || status == 400 || status == 405);
    assert(status == 400 || (ask.target[0] && ask.port > 0 && ask.port < 65536));
    proxy_asked(&e, 0, 1, "gateway", "10.10.0.2", &ask, status);
    assert(ev_missing(&e) == NULL);
    status = proxy_decide(&shut, bytes, len, &ask);
    assert(ask.knows || status == 400 || status == 407);
    return 0;
}
