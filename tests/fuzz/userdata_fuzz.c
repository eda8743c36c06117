/* User data, and what is left of it after it was applied: everything is foreign bytes. */
#include "mock-cluster/agent.h"
#include "mock-cluster/userdata.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct userdata *u = calloc(1, sizeof *u);
    struct userdata_outcome out;
    struct agent_config c;
    struct tree t;
    struct buf found;

    if (userdata_read((const char *)data, size, u, NULL) == 0) {
        tree_init(&t);
        userdata_apply(u, &t, &out);
        buf_init(&found, KIB(64));
        agent_found(&t, &found);
        tree_describe(&t, &found);
        if (agent_config_read(&t, &c, NULL) == 0) {
            buf_clear(&found);
            agent_userdata_write(&t, &(struct agent_peer){"k7m2p9", "workers", "join"}, &found);
        }
        buf_drop(&found);
        tree_drop(&t);
        userdata_drop(u);
    }
    free(u);
    return 0;
}
