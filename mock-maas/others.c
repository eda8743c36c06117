/* What a MAAS has and our clients only look at: the version, and resources that hold nothing here
 * or what MAAS puts there when it installs itself. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define VERSION_LINE(v)                                                                            \
    "{\"capabilities\": [\"networks-management\", \"static-ipaddresses\", "                        \
    "\"ipv6-deployment-ubuntu\", \"devices-management\", \"storage-deployment-ubuntu\", "          \
    "\"network-deployment-ubuntu\", \"bridging-interface-ubuntu\", "                               \
    "\"bridging-automatic-ubuntu\", \"authenticate-api\"], \"version\": \"" v                      \
    "\", \"subversion\": \"\"}"

void maas_version(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);

    maas_return_json(a, maas_is_37(a->m) ? VERSION_LINE("3.7.3") : VERSION_LINE("3.5.12"));
}

/* MAAS can, we do not: said so that nobody takes it for MAAS's own word. */
void maas_unmodelled(const struct http_exchange *x)
{
    maas_raise_text(maas_ask(x), 501, "mock-maas does not model this operation.");
}

/* vm-hosts, pods, static routes, discoveries, license keys, DHCP snippets: there are none. */
void maas_none(const struct http_exchange *x)
{
    maas_return_json(maas_ask(x), "[]");
}

/* An item of those. The row's name says of which model. */
void maas_no_item(const struct http_exchange *x)
{
    static const struct {
        const char *head, *model;
    } models[] = {{"vm-hosts", "Pod"},
                  {"pods", "Pod"},
                  {"static-routes", "StaticRoute"},
                  {"discovery", "Discovery"},
                  {"license-keys", "LicenseKey"},
                  {"dhcp-snippets", "DHCPSnippet"},
                  {"notifications", "Notification"},
                  {"scripts", "Script"}};

    for (size_t i = 0; i < COUNTOF(models); i++)
        if (text_begins(x->route->name, models[i].head))
            maas_not_found(maas_ask(x), models[i].model);
}

/* --- package repositories --------------------------------------------------------------------- */

static const struct repository {
    const char *name, *url, *arches[4];
} repositories[] = {
    {"main_archive", "http://archive.ubuntu.com/ubuntu", {"amd64", "i386"}},
    {"ports_archive",
     "http://ports.ubuntu.com/ubuntu-ports",
     {"armhf", "arm64", "ppc64el", "s390x"}},
};

static void repository_write(struct pyjson *j, size_t i)
{
    const struct repository *r = &repositories[i];

    pyjson_open(j, NULL, '{');
    pyjson_text(j, "name", r->name);
    pyjson_text(j, "url", r->url);
    pyjson_word(j, "distributions", "[]");
    pyjson_word(j, "disabled_pockets", "[]");
    pyjson_word(j, "disabled_components", "[]");
    pyjson_bool(j, "disable_sources", true);
    pyjson_word(j, "components", "[]");
    pyjson_open(j, "arches", '[');
    for (size_t k = 0; k < COUNTOF(r->arches) && r->arches[k]; k++)
        pyjson_text(j, NULL, r->arches[k]);
    pyjson_close(j, ']');
    pyjson_text(j, "key", "");
    pyjson_bool(j, "enabled", true);
    pyjson_int(j, "id", (int64_t)i + 1);
    maas_uri_id_write(j, "package-repositories", (int64_t)i + 1);
    pyjson_close(j, '}');
}

void maas_repositories(const struct http_exchange *x)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < COUNTOF(repositories); i++)
        repository_write(j, i);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

void maas_repository(const struct http_exchange *x)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    int64_t id;

    maas_doc_open(&d);
    if (!maas_id_of(x, "id", &id) || id < 1 || id > (int64_t)COUNTOF(repositories)) {
        maas_not_found(maas_ask(x), "PackageRepository");
        return;
    }
    repository_write(&d.j, (size_t)id - 1);
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* --- notifications ---------------------------------------------------------------------------- */

/* What a fresh 3.7 tells administrators; 3.5 says nothing. */
static const struct {
    int64_t id;
    const char *ident, *message;
    bool dismissable;
} notes[] = {
    {2, "deprecation_MD6_admins",
     "DHCP snippets are deprecated and will be removed in the next major release.<br><a "
     "class='p-link--external' href='https://maas.io/deprecations/MD6'>How to replace DHCP "
     "snippets...</a>",
     true},
    {4, "deprecation_MD5_admins",
     "The PostgreSQL version in use is older than 16.<br><a class='p-link--external' "
     "href='https://maas.io/deprecations/MD5'>How to upgrade the PostgreSQL server...</a>",
     false},
};

void maas_notifications(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; maas_is_37(a->m) && a->user->superuser && i < COUNTOF(notes); i++) {
        pyjson_open(j, NULL, '{');
        pyjson_text(j, "ident", notes[i].ident);
        pyjson_word(j, "user", "null");
        pyjson_bool(j, "users", false);
        pyjson_bool(j, "admins", true);
        pyjson_text(j, "message", notes[i].message);
        pyjson_word(j, "context", "{}");
        pyjson_text(j, "category", "warning");
        pyjson_bool(j, "dismissable", notes[i].dismissable);
        pyjson_int(j, "id", notes[i].id);
        maas_uri_id_write(j, "notifications", notes[i].id);
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}
