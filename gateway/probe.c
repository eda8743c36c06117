#include "gateway/probe.h"

#include "lib/base/jx.h"
#include "lib/base/oauth.h"
#include "lib/base/text.h"
#include "lib/io/call.h"
#include "lib/io/clk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define NAME_MAX_LEN 256
#define KEY_PARTS    3

struct probe {
    struct loop *loop;
    struct dns *dns;
    struct http_result answer; /* of the last question */
    char why[HTTP_WHY_MAX];
    char proxy[PROXY_MAX];
    bool over;
};

int probe_new(struct probe **ret, struct err *e)
{
    struct probe *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        abort();
    http_result_init(&p->answer);
    r = loop_new(&p->loop, NULL, e);
    if (r == 0)
        r = dns_new(&p->dns, p->loop, e);
    if (r < 0) {
        probe_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void probe_free(struct probe *p)
{
    if (!p)
        return;
    dns_free(p->dns);
    loop_free(p->loop);
    http_result_drop(&p->answer);
    explicit_bzero(p, sizeof(*p));
    free(p);
}

/* --- one question ---------------------------------------------------------------------------- */

static void on_done(void *arg, const struct http_result *r)
{
    struct probe *p = arg;

    p->answer.outcome = r->outcome;
    p->answer.status = r->status;
    buf_clear(&p->answer.headers);
    buf_clear(&p->answer.body);
    buf_add(&p->answer.headers, buf_text(&r->headers), r->headers.len);
    buf_add(&p->answer.body, buf_text(&r->body), r->body.len);
    http_why_write(r, p->proxy, p->why);
    p->over = true;
}

static int ask(struct probe *p, const struct call_config *trust, struct http_call *call,
               struct err *e)
{
    struct caller *caller = NULL;
    int r = caller_new(&caller, p->loop, p->dns, trust, e);

    if (r < 0)
        return r;
    (void)text_copy(p->proxy, sizeof(p->proxy), call->proxy);
    call->timeout_ms = PROBE_MS;
    p->over = false;
    (void)call_start(caller, call, on_done, p);
    while (!p->over && loop_once(p->loop))
        ;
    caller_free(caller);
    return 0;
}

/* What to look at when there is no answer. */
static const char *const remedies[HTTP_OUTCOME_COUNT] = {
    [HTTP_NO_NAME] = "check the name, and that this machine can look names up",
    [HTTP_NO_CONNECT] = "check address and port, and what stands between",
    [HTTP_TLS_FAILED] =
        ("check the name in the URL, and give the file of the authority that signed "
         "its certificate"),
    [HTTP_TIMEOUT] = "check address and port, and what stands between",
    [HTTP_BROKEN] = "check that this is the right port",
    [HTTP_PROXY_FAILED] = "nothing was sent past the proxy",
};

static int answered(const struct probe *p, const char *who, struct err *e)
{
    return p->answer.outcome == HTTP_ANSWERED
               ? 0
               : err_set(e, -EHOSTUNREACH, "%s does not answer: %s; %s", who, p->why,
                         remedies[p->answer.outcome]);
}

/* Only when it says what time it is. */
static int clock_check(const struct probe *p, const char *who, struct err *e)
{
    char text[64];
    struct tm tm = {0};
    int64_t off_s;

    if (!http_header_get(&p->answer.headers, "Date", text, sizeof(text)) ||
        !strptime(text, "%a, %d %b %Y %H:%M:%S", &tm))
        return 0;
    off_s = clk_realtime_s() - (int64_t)timegm(&tm);
    if (off_s <= PROBE_SKEW_S && off_s >= -PROBE_SKEW_S)
        return 0;
    return err_set(e, -ETIME, "this machine's clock is %lld s %s that of %s: set it (NTP)",
                   (long long)(off_s < 0 ? -off_s : off_s), off_s < 0 ? "behind" : "ahead of", who);
}

/* --- Palette --------------------------------------------------------------------------------- */

int probe_palette(struct probe *p, const struct config *c, struct err *e)
{
    SCOPED(http_call_drop) struct http_call call = {0};
    const struct call_config trust = {.ca_file = c->palette_ca, .proxy_ca_file = c->proxy_ca};
    int r;

    http_call_init(&call, "GET");
    url_join(&call.url, c->gw.palette_url, "/");
    (void)text_copy(call.proxy, sizeof(call.proxy),
                    proxy_for(c->gw.https_proxy, c->gw.no_proxy, c->gw.palette_url));
    r = ask(p, &trust, &call, e);
    if (r == 0)
        r = answered(p, "Palette", e);
    return r < 0 ? r : clock_check(p, "Palette", e);
}

/* --- MAAS ------------------------------------------------------------------------------------ */

static int sign(struct http_call *call, const char *key, struct err *e)
{
    SCOPED(buf_drop) struct buf value = {.max = KIB(2)};
    char part[KEY_PARTS][GW_SECRET_MAX], nonce[33];
    uint8_t fresh[16];
    const char *at = key;

    for (size_t i = 0; i < KEY_PARTS; i++)
        if (!text_next(&at, ':', part[i], sizeof(part[i])))
            return err_set(e, -EINVAL, "maas-key: wanted is CONSUMER:TOKEN:SECRET");
    if (getrandom(fresh, sizeof(fresh), 0) != sizeof(fresh))
        return err_errno(e, "the kernel gives no randomness");
    text_hex(fresh, sizeof(fresh), nonce);
    oauth_plaintext_write(&value, part[0], part[1], part[2], clk_realtime_s(), nonce);
    (void)http_header_add(&call->headers, "Authorization", buf_text(&value));
    explicit_bzero(part, sizeof(part));
    return 0;
}

static int maas_get(struct probe *p, const struct config *c, const char *path, const char *key,
                    struct err *e)
{
    SCOPED(http_call_drop) struct http_call call = {0};
    const struct call_config trust = {.ca_file = c->maas_ca};
    int r = 0;

    http_call_init(&call, "GET");
    url_join(&call.url, c->gw.maas_url, path);
    if (key)
        r = sign(&call, key, e);
    if (r == 0)
        r = ask(p, &trust, &call, e);
    return r == 0 ? answered(p, "MAAS", e) : r;
}

int probe_maas(struct probe *p, const struct config *c, struct err *e)
{
    char version[64];
    int r = maas_get(p, c, "/api/2.0/version/", NULL, e);

    if (r < 0)
        return r;
    if (p->answer.status == 200 &&
        jx_pick(buf_text(&p->answer.body), p->answer.body.len, "version", version, sizeof(version)))
        return clock_check(p, "MAAS", e);
    return err_set(e, -EPROTO,
                   "what answers there (%d) is no MAAS: wanted is its base, like "
                   "http://10.1.1.1:5240/MAAS",
                   p->answer.status);
}

static int key_refused(const struct probe *p, struct err *e)
{
    const char *body = buf_text(&p->answer.body);

    if (p->answer.status == 401 && strstr(body, "Expired timestamp"))
        return err_set(e, -ETIME,
                       "ClockSkew: this machine's clock is more than %d s behind MAAS's: set it "
                       "(NTP)",
                       PROBE_SKEW_S);
    if (p->answer.status == 401 || p->answer.status == 403)
        return err_set(e, -EACCES,
                       "MAAS does not take this key (%d): copy it whole from the user's page in "
                       "MAAS, CONSUMER:TOKEN:SECRET",
                       p->answer.status);
    return err_set(e, -EPROTO, "MAAS answers %d to the question whose key this is; look at its log",
                   p->answer.status);
}

int probe_key(struct probe *p, const struct config *c, char remark[256], struct err *e)
{
    char name[NAME_MAX_LEN] = "", admin[8] = "";
    const char *body;
    int r = maas_get(p, c, "/api/2.0/users/?op=whoami", c->gw.maas_key, e);

    remark[0] = '\0';
    if (r < 0)
        return r;
    body = buf_text(&p->answer.body);
    if (p->answer.status != 200 ||
        !jx_pick(body, p->answer.body.len, "username", name, sizeof(name)))
        return key_refused(p, e);
    (void)jx_pick(body, p->answer.body.len, "is_superuser", admin, sizeof(admin));
    if (!text_is(admin, "true"))
        snprintf(remark, 256,
                 "the key's user is no administrator of MAAS: names of clusters cannot be written "
                 "with it");
    return clock_check(p, "MAAS", e);
}

/* --- lists ----------------------------------------------------------------------------------- */

struct named {
    char *name;
};
static const struct jx_field named_fields[] = {
    JX_OWNED(struct named, name, "name", JX_MUST, KIB(4)),
};

static int is_it(void *arg, size_t i, const void *element)
{
    (void)i;
    return text_is(((const struct named *)element)->name, arg);
}

/* 1: it is in the list; 0: it is not. */
static int list_has(const struct probe *p, const char *name, struct err *e)
{
    char wanted[NAME_MAX_LEN];
    struct named element;
    int r;

    if (p->answer.status != 200)
        return err_set(e, -EPROTO, "MAAS answers %d", p->answer.status);
    if (!text_copy(wanted, sizeof(wanted), name))
        return 0;
    r = jx_read_list(buf_text(&p->answer.body), p->answer.body.len, named_fields,
                     COUNTOF(named_fields), 0, &element, sizeof(element), is_it, wanted, e);
    return r;
}

int probe_domain(struct probe *p, const struct config *c, const char *name, struct err *e)
{
    int r = maas_get(p, c, "/api/2.0/domains/", c->gw.maas_key, e);

    if (r == 0)
        r = list_has(p, name, e);
    if (r < 0)
        return r;
    return r ? 0
             : err_set(e, -ENOENT, "MAAS has no domain '%.100s': make it there, or give another",
                       name);
}

int probe_image(struct probe *p, const struct config *c, const char *name, struct err *e)
{
    const char *custom = "custom/";
    int r = maas_get(p, c, "/api/2.0/boot-resources/", c->gw.maas_key, e);

    if (r == 0)
        r = list_has(p, name, e);
    if (r == 0 && text_begins(name, custom)) /* an uploaded one is listed without */
        r = list_has(p, name + strlen(custom), e);
    if (r < 0)
        return r;
    return r ? 0
             : err_set(e, -ENOENT,
                       "MAAS has no image '%.100s': import or upload it there, or give another",
                       name);
}
