/* MAAS's side of the stage. */
#include "tests/test.h"

#include "tests/unit/gw_fake_inner.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number_of(const struct fake_machine *m)
{
    return (m->sid[4] - '0') * 10 + m->sid[5] - '0';
}

const char *fake_ip(const struct fake_machine *m, char *out, size_t size)
{
    snprintf(out, size, "10.20.0.%d", 100 + number_of(m));
    return out;
}

static void machine_write(const struct fake_machine *m, struct buf *out)
{
    const int n = number_of(m);

    buf_printf(out,
               "{\"system_id\":\"%s\",\"hostname\":\"m%d\",\"status\":%d,\"status_name\":\"\","
               "\"cpu_count\":%d,\"memory\":32768,\"architecture\":\"amd64/generic\","
               "\"zone\":{\"name\":\"%s\"},\"pool\":{\"name\":\"default\"},"
               "\"tag_names\":[\"t1\",\"t2\"],\"blockdevice_set\":[{\"size\":%d000000000}],",
               m->sid, n, m->status, m->cpu, m->zone, m->disk_gb);
    if (m->vm_host)
        buf_printf(out, "\"pod\":{\"id\":3,\"name\":\"%s\",\"resource_uri\":\"\"},", m->vm_host);
    else
        buf_text_add(out, "\"pod\":null,");
    buf_text_add(out, m->more ? m->more : "");
    if (m->owner[0])
        buf_printf(out, "\"owner\":\"%s\",", m->owner);
    else
        buf_text_add(out, "\"owner\":null,");
    if (m->cluster[0])
        buf_printf(out,
                   "\"workload_annotations\":{\"gateproof.cluster\":\"%s\",\"gateproof.pool\":"
                   "\"%s\",\"gateproof.role\":\"%s\"},",
                   m->cluster, m->pool, m->role);
    /* before deploy the address of commissioning stands there */
    if (m->ips)
        buf_printf(out, "\"ip_addresses\":[%s],", m->ips);
    else
        buf_printf(out, "\"ip_addresses\":[\"10.10.0.%d\",\"10.20.0.%d\"],",
                   m->status == 9 || m->status == 6 ? 100 + n : 250, 100 + n);
    buf_text_add(out,
                 "\"interface_set\":[{\"links\":[{\"subnet\":{\"cidr\":\"10.10.0.0/24\"}}]}]}");
}

static void list_write(struct fake *f, const char *line, struct buf *out)
{
    const char *marker = strstr(line, "agent_name=");
    bool first = true;

    buf_char_add(out, '[');
    for (size_t i = 0; i < f->n_machines; i++) {
        struct fake_machine *m = &f->machines[i];

        if (m->vanished)
            continue;
        if (strstr(line, "?id=")     ? !strstr(line, m->sid) || (m->foreign && m->owner[0])
            : marker                 ? !text_is(m->agent_name, marker + strlen("agent_name="))
            : strstr(line, "owner=") ? !m->owner[0]
                                     : m->status != 4)
            continue;
        buf_text_add(out, first ? "" : ",");
        machine_write(m, out);
        first = false;
    }
    buf_char_add(out, ']');
}

static const char *field(const struct pairs *form, const char *name)
{
    const char *value = pairs_find(form, name);

    return value ? value : "";
}

/* Any of them; none asked for: all. */
static bool in_zones(const struct pairs *form, const char *zone)
{
    bool asked = false;

    for (size_t i = 0; i < form->n; i++) {
        if (!text_is(form->at[i].name, "zone"))
            continue;
        if (text_is(form->at[i].value, zone))
            return true;
        asked = true;
    }
    return !asked;
}

static int allocate(struct fake *f, const struct pairs *form, struct buf *out)
{
    struct fake_cluster *c = fake_cluster_by(f, field(form, "agent_name"));

    for (size_t i = 0; i < f->n_machines; i++) {
        struct fake_machine *m = &f->machines[i];

        if (m->status != 4 || m->foreign || m->vanished || !in_zones(form, m->zone) ||
            (field(form, "system_id")[0] && !text_is(field(form, "system_id"), m->sid)))
            continue;
        m->status = 10;
        fake_set(m->owner, sizeof m->owner, "pcg");
        fake_set(m->agent_name, sizeof m->agent_name, field(form, "agent_name"));
        c->allocates++;
        machine_write(m, out);
        return 200;
    }
    buf_text_add(out, "No machine available.");
    return 409;
}

void fake_freed(struct fake_machine *m)
{
    m->status = 4;
    m->owner[0] = m->agent_name[0] = m->cluster[0] = '\0';
}

static int machine_change(struct fake *f, struct fake_machine *m, const char *line,
                          const struct pairs *form, struct buf *out)
{
    if (m->locked || m->vanished)
        return m->vanished ? 404 : 403;
    if (strstr(line, "op=set_workload")) {
        fake_set(m->cluster, sizeof m->cluster, field(form, "gateproof.cluster"));
        fake_set(m->pool, sizeof m->pool, field(form, "gateproof.pool"));
        fake_set(m->role, sizeof m->role, field(form, "gateproof.role"));
    } else if (strstr(line, "op=deploy")) {
        if (m->status != 10 && m->status != 4)
            return 409;
        m->status = 9;
        m->until = f->p.now + FAKE_DEPLOY;
        buf_clear(&m->user_data);
        buf_text_add(&m->user_data, field(form, "user_data"));
    } else if (m->status == 9 || m->status == 6 || m->status == 11 || m->status == 15) {
        m->status = m->release_for > 0 ? 14 : 12;
        m->agent_name[0] = '\0';
        m->until = f->p.now + (m->release_for > 0 ? m->release_for : FAKE_RELEASE);
    } else if (m->status == 10) {
        fake_freed(m);
    }
    machine_write(m, out);
    return 200;
}

static int name_answer(struct fake *f, const char *line, const struct pairs *form, struct buf *out)
{
    char ip[64];
    const char *at;
    bool first = true;

    if (f->no_domain)
        return 404;
    if (strncmp(line, "DELETE", 6) == 0) {
        f->name_there = false;
        f->name_ips[0] = '\0';
        return 204;
    }
    if (strncmp(line, "GET", 3) != 0) {
        assert_true(field(form, "ip_addresses")[0]);
        f->name_there = true;
        f->name_writes++;
        fake_set(f->name_ips, sizeof f->name_ips, field(form, "ip_addresses"));
    }
    /* a neighbour with the same address stands first, whatever was asked for */
    if (strncmp(line, "GET", 3) == 0)
        buf_printf(out, "[{\"id\":8,\"fqdn\":\"other.maas\",\"ip_addresses\":[{\"ip\":\"%s\"}]}%s",
                   "10.20.0.100", f->name_there ? "," : "]");
    if (strncmp(line, "GET", 3) == 0 && !f->name_there)
        return 200;
    at = f->name_ips;
    buf_printf(out, "{\"id\":7,\"fqdn\":\"%s.maas\",\"ip_addresses\":[", f->clusters[0].uid);
    while (text_next(&at, ' ', ip, sizeof ip)) {
        buf_printf(out, "%s{\"ip\":\"%s\"}", first ? "" : ",", ip);
        first = false;
    }
    buf_printf(out, "]}%s", line[0] == 'G' ? "]" : "");
    return 200;
}

int fake_maas_answer(struct fake *f, const struct play_call *c, struct buf *out)
{
    struct fake_machine *m = strstr(c->line, "machines/?id=") ? NULL : fake_machine_in(f, c->line);
    struct pairs form = {0};
    int status = 200;

    assert_int_equal(pairs_read(buf_text(&c->call.body), c->call.body.len, &form, NULL), 0);
    if (strstr(c->line, "whoami"))
        buf_printf(out, "{\"username\":\"pcg\",\"is_superuser\":%s}", f->admin ? "true" : "false");
    else if (strstr(c->line, "dnsresources/"))
        status = name_answer(f, c->line, &form, out);
    else if (strstr(c->line, "boot-resources/3/"))
        buf_text_add(out, "{\"id\":3,\"sets\":{\"2024\":{\"files\":{\"a\":{\"complete\":false}},"
                          "\"complete\":true}}}");
    else if (strstr(c->line, "boot-resources/"))
        buf_text_add(out, "[{\"id\":3,\"type\":\"Uploaded\",\"name\":\"u-1\",\"architecture\":"
                          "\"amd64/generic\"}]");
    else if (strstr(c->line, "op=allocate"))
        status = allocate(f, &form, out);
    else if (!m)
        list_write(f, c->line, out);
    else if (c->line[0] == 'G')
        status = m->vanished ? 404 : m->foreign && m->owner[0] ? 403 : (machine_write(m, out), 200);
    else
        status = machine_change(f, m, c->line, &form, out);
    pairs_drop(&form);
    return status;
}
