#include "scenarios/proxy/connect.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BLANK_LINE "\r\n\r\n"

bool proxy_way_read(const char *text, enum proxy_way *ret, int *ret_status)
{
    static const struct {
        const char *word;
        enum proxy_way way;
    } ways[] = {{"honest", PROXY_HONEST},
                {"closes", PROXY_CLOSES},
                {"cuts", PROXY_CUTS},
                {"silent", PROXY_SILENT},
                {"refuses", PROXY_REFUSES}};
    int64_t status;

    for (size_t i = 0; i < COUNTOF(ways); i++)
        if (text_is(text, ways[i].word)) {
            *ret = ways[i].way;
            *ret_status = 0;
            return true;
        }
    if (!text_int(text, 400, 599, &status))
        return false;
    *ret = PROXY_ANSWERS;
    *ret_status = (int)status;
    return true;
}

bool proxy_wish(const char *words, struct proxy_rules *r, ms_t *idle_ms)
{
    static const char behaves[] = "behaves ", drops[] = "drops idle after ";
    const bool breaks = text_is(words, "breaks tls");

    if (breaks || text_is(words, "is honest")) {
        r->bumps = breaks;
        r->way = breaks ? r->way : PROXY_HONEST;
        return true;
    }
    if (text_begins(words, drops))
        return text_duration(words + strlen(drops), idle_ms);
    return text_begins(words, behaves) &&
           proxy_way_read(words + strlen(behaves), &r->way, &r->status);
}

int proxy_ports_read(const char *text, struct proxy_rules *r, struct err *e)
{
    const char *at = text;
    char word[16];
    int64_t port;

    r->n_ports = 0;
    if (text_is(text, "any"))
        return 0;
    while (text_next(&at, ',', word, sizeof word)) {
        if (!text_int(word, 1, 65535, &port) || r->n_ports == PROXY_PORTS_MAX)
            return err_set(e, -EINVAL,
                           "'%.40s': wanted are at most %d ports, such as 443,8443, or any", text,
                           PROXY_PORTS_MAX);
        r->ports[r->n_ports++] = (int)port;
    }
    return r->n_ports > 0 ? 0 : err_set(e, -EINVAL, "no port; write 443, or any");
}

/* --- a head ---------------------------------------------------------------------------------- */

size_t proxy_head_len(const char *bytes, size_t len)
{
    const char *end = memmem(bytes, len, BLANK_LINE, strlen(BLANK_LINE));

    return end ? (size_t)(end - bytes) + strlen(BLANK_LINE) : 0;
}

/* host:port of a CONNECT, or the origin of an absolute URL. false: neither. */
static bool target_read(const char *text, bool is_connect, struct proxy_ask *a)
{
    char url[URL_MAX];
    struct url u;
    int n = snprintf(url, sizeof url, "%s%s", is_connect ? "http://" : "", text);

    if (n < 0 || (size_t)n >= sizeof url || url_read(url, &u, NULL) < 0 ||
        (is_connect && (!u.port_given || u.path[0] || u.query[0] || u.userinfo[0])))
        return false;
    a->port = u.port;
    if (!text_copy(a->host, sizeof a->host, u.host))
        return false;
    snprintf(a->target, sizeof a->target, u.host_is_ipv6 ? "[%s]:%d" : "%s:%d", u.host, u.port);
    return true;
}

static bool line_read(const char *head, size_t len, struct proxy_ask *a)
{
    const char *end = memmem(head, len, "\r\n", 2), *at = head;
    char line[URL_MAX], target[URL_MAX], version[16];

    if (!end || memchr(head, '\0', (size_t)(end - head)) ||
        !text_copy_len(line, sizeof line, head, (size_t)(end - head)))
        return false;
    at = line;
    return text_next(&at, ' ', a->method, sizeof a->method) &&
           text_next(&at, ' ', target, sizeof target) &&
           text_next(&at, ' ', version, sizeof version) && text_begins(version, "HTTP/1.") &&
           target_read(target, text_is(a->method, "CONNECT"), a);
}

/* "user:password" as base64 with padding, as a client writes it. */
void proxy_token_write(const char *user, const char *password, struct buf *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char plain[2 * PROXY_WORD_MAX + 2];
    const size_t len = (size_t)snprintf(plain, sizeof plain, "%s:%s", user, password);

    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = 0;

        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < len ? (unsigned char)plain[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            buf_char_add(out, i + k > len ? '=' : letters[bits >> (18 - 6 * k) & 63]);
    }
    explicit_bzero(plain, sizeof plain);
}

static void credentials_read(const struct proxy_rules *r, const char *head, size_t len,
                             struct proxy_ask *a)
{
    struct buf lines SCOPED(buf_drop) = {0}, token SCOPED(buf_drop) = {0};
    char value[KIB(1)];
    const char *end = memmem(head, len, "\r\n", 2);

    buf_init(&lines, PROXY_HEAD_MAX);
    buf_init(&token, KIB(1));
    if (end)
        buf_add(&lines, end + 2, len - (size_t)(end + 2 - head));
    a->has_credentials =
        http_header_get(&lines, "Proxy-Authorization", value, sizeof value) && value[0];
    proxy_token_write(r->user, r->password, &token);
    a->knows = a->has_credentials && strncasecmp(value, "Basic ", 6) == 0 &&
               text_is(value + 6 + strspn(value + 6, " "), buf_text(&token));
    explicit_bzero(value, sizeof value);
}

static bool may_ask_port(const struct proxy_rules *r, int port)
{
    for (size_t i = 0; i < r->n_ports; i++)
        if (r->ports[i] == port)
            return true;
    return r->n_ports == 0;
}

int proxy_decide(const struct proxy_rules *r, const char *head, size_t len, struct proxy_ask *ret)
{
    bool whole;

    *ret = (struct proxy_ask){.port = 0};
    whole = line_read(head, len, ret);
    credentials_read(r, head, len, ret);
    if (r->way == PROXY_ANSWERS)
        return r->status;
    if (!whole)
        return 400;
    if (r->user[0] && !ret->knows)
        return 407;
    if (!text_is(ret->method, "CONNECT"))
        return 405;
    return may_ask_port(r, ret->port) ? 200 : 403;
}

void proxy_answer_write(int status, struct buf *out)
{
    static const struct {
        int status;
        const char *words;
    } rows[] = {{200, "Connection established"},
                {400, "Bad Request"},
                {403, "Forbidden"},
                {405, "Method Not Allowed"},
                {407, "Proxy Authentication Required"},
                {502, "Bad Gateway"},
                {504, "Gateway Timeout"}};
    const char *words = "Refused";

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].status == status)
            words = rows[i].words;
    buf_printf(out, "HTTP/1.1 %d %s\r\n", status, words);
    if (status == 407)
        buf_text_add(out, "Proxy-Authenticate: Basic realm=\"lab\"\r\n");
    if (status == 401)
        buf_text_add(out, "WWW-Authenticate: Basic realm=\"lab\"\r\n");
    buf_text_add(out, status == 200 ? "\r\n" : "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

/* --- what is said ---------------------------------------------------------------------------- */

static void ends_add(struct event *e, uint64_t conn, const char *from, const char *from_ip,
                     const struct proxy_ask *ask)
{
    ev_text_add(e, EVF_FROM, from);
    ev_text_add(e, EVF_FROM_IP, from_ip);
    ev_text_add(e, EVF_SNI, ask->target);
    ev_int_add(e, EVF_CONN, (int64_t)conn);
}

void proxy_asked(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                 const struct proxy_ask *ask, int status)
{
    ev_init(e, status == 200 ? EV_PROXY_CONNECT : EV_PROXY_REFUSE, t);
    ends_add(e, conn, from, from_ip, ask);
    ev_int_add(e, EVF_STATUS, status);
    ev_text_add(e, EVF_METHOD, ask->method);
    ev_int_add(e, EVF_CREDENTIALS, ask->has_credentials);
}

void proxy_closed(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                  const struct proxy_ask *ask, const char *why)
{
    ev_init(e, EV_PROXY_CLOSE, t);
    ends_add(e, conn, from, from_ip, ask);
    ev_text_add(e, EVF_WHY, why);
}

void proxy_showed(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                  const struct proxy_ask *ask)
{
    ev_init(e, EV_BUMP_CERT, t);
    ends_add(e, conn, from, from_ip, ask);
}

void proxy_has_read(struct event *e, ms_t t, uint64_t conn, const char *from, const char *from_ip,
                    const struct proxy_ask *ask)
{
    ev_init(e, EV_BUMP_REQUEST, t);
    ends_add(e, conn, from, from_ip, ask);
}

void proxy_read_this(struct event *e, const char *method, bool credentials)
{
    ev_text_add(e, EVF_METHOD, method);
    ev_int_add(e, EVF_CREDENTIALS, credentials);
}

void proxy_counted(struct event *e, uint64_t sent, uint64_t received)
{
    ev_int_add(e, EVF_SENT, (int64_t)sent);
    ev_int_add(e, EVF_RECEIVED, (int64_t)received);
}
