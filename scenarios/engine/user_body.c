#include "scenarios/engine/user_body.h"

#include <inttypes.h>
#include <string.h>

static void pool_write(struct buf *out, const char *name, int64_t size, bool control_plane)
{
    buf_printf(out,
               "{\"cloudConfig\":{\"azs\":[\"default\"],\"resourcePool\":\"default\",\"tags\":[],"
               "\"instanceType\":{\"minCPU\":4,\"minMemInMB\":8192,\"minDiskSizeInGB\":60}},"
               "\"poolConfig\":{\"name\":\"%s\",\"size\":%" PRId64 ",\"isControlPlane\":%s,"
               "\"labels\":[\"%s\"]}}",
               name, size, control_plane ? "true" : "false",
               control_plane ? "control-plane" : "worker");
}

void user_body_workers(struct buf *out, int64_t nodes)
{
    pool_write(out, "workers", nodes - 1, false);
}

void user_body_create(struct buf *out, const char *name, const char *account_uid, int64_t nodes)
{
    buf_printf(out,
               "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"cloudAccountUid\":\"%s\","
               "\"cloudConfig\":{\"domain\":\"maas\",\"sshKeys\":[],\"ntpServers\":[]},"
               "\"machinepoolconfig\":[",
               name, account_uid);
    pool_write(out, "cp", 1, true);
    if (nodes > 1) {
        buf_char_add(out, ',');
        user_body_workers(out, nodes);
    }
    buf_text_add(out, "]}}");
}

void user_body_label(struct buf *out, const char *name, const char *label)
{
    const char *equals = strchr(label, '=');
    buf_printf(out, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"%.*s\":\"%s\"}}}", name,
               equals == NULL ? 0 : (int)(equals - label), label, equals == NULL ? "" : equals + 1);
}
