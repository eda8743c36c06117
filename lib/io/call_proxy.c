/* Calls through a proxy: what curl is told, and what the proxy did when there is no tunnel. */
#include "lib/io/call_inner.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- what curl is told ------------------------------------------------------------------------ */

static void secret_drop(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len);
    buf_drop(b);
}

static void credential_set(const struct call *c, CURLoption option, const char *coded, size_t len)
{
    SCOPED(secret_drop) struct buf plain = {.max = URL_USERINFO_MAX};

    if (!url_decode(&plain, coded, len, false))
        WRONG("a proxy that was read well");
    curl_easy_setopt(c->easy, option, buf_text(&plain)); /* curl makes its copy */
}

/* Without being asked: a proxy that hangs up after its 407 would never see them. */
static void credentials_set(struct call *c)
{
    const char *user = c->proxy.userinfo;
    const size_t len = strcspn(user, ":");

    curl_easy_setopt(c->easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    if (!*user)
        return;
    credential_set(c, CURLOPT_PROXYUSERNAME, user, len);
    user += len + !!user[len];
    credential_set(c, CURLOPT_PROXYPASSWORD, user, strlen(user));
    explicit_bzero(c->proxy.userinfo, sizeof(c->proxy.userinfo));
}

/* A connection that is new has nothing behind it, also when curl tries a second one. */
static int on_dial(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    struct call *c = arg;

    (void)fd;
    (void)purpose;
    c->through = c->connect_head_whole = false;
    c->connect_head_len = 0;
    return CURL_SOCKOPT_OK;
}

static int on_through(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct call *c = arg;

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    c->through = true;
    return CURL_PREREQFUNC_OK;
}

/* A tunnel also for a plain URL: the proxy gets nothing to read or to repeat. */
void call_proxy_set(struct call *c)
{
    SCOPED(buf_drop) struct buf origin = {.max = URL_MAX};

    if (!c->proxied) {
        curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "*");
        return;
    }
    url_origin_write(&c->proxy, &origin);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, buf_text(&origin));
    curl_easy_setopt(c->easy, CURLOPT_PROXYPORT, (long)c->proxy.port);
    curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION, on_dial);
    curl_easy_setopt(c->easy, CURLOPT_SOCKOPTDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_PREREQFUNCTION, on_through);
    curl_easy_setopt(c->easy, CURLOPT_PREREQDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->trouble);
    credentials_set(c);
}

/* --- what the proxy did ----------------------------------------------------------------------- */

/* curl itself would read lines for as long as they come. */
bool call_proxy_head(struct call *c, const char *line, size_t len)
{
    c->connect_head_len += len;
    if (len <= 2 && line[0] != ' ' && line[len - 1] == '\n')
        c->connect_head_whole = true;
    return c->connect_head_len <= HTTP_HEADERS_MAX;
}

/* The kernel's word for it; nobody there is not the same as somebody who does not want. */
static enum http_proxy_fault not_connected(const struct call *c)
{
    long os_errno = 0;

    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
    return os_errno == ECONNREFUSED ? HTTP_PROXY_REFUSES : HTTP_PROXY_ABSENT;
}

static bool is_end(CURLcode code)
{
    return code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
           code == CURLE_PROXY;
}

static enum http_proxy_fault no_answer(const struct call *c, CURLcode code)
{
    long own_port = 0;

    if (!c->connect_head_len && is_end(code))
        return HTTP_PROXY_CLOSES;
    if (c->connect_head_len || code != CURLE_OPERATION_TIMEDOUT)
        return HTTP_PROXY_NONSENSE;
    curl_easy_getinfo(c->easy, CURLINFO_LOCAL_PORT, &own_port); /* known once it is connected */
    return own_port ? HTTP_PROXY_SILENT : HTTP_PROXY_ABSENT;
}

static enum http_proxy_fault refused(int status)
{
    static const struct {
        int status;
        enum http_proxy_fault fault;
    } rows[] = {{0, HTTP_PROXY_NONSENSE},
                {401, HTTP_PROXY_CREDENTIALS},
                {403, HTTP_PROXY_FORBIDS},
                {407, HTTP_PROXY_CREDENTIALS}};

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].status == status)
            return rows[i].fault;
    return HTTP_PROXY_STATUS;
}

/* After a 2xx the tunnel ends with TLS. A certificate or an alert is the other side's word; an end
 * without a word is not, and curl tells the two apart in its sentence only. */
static enum http_proxy_fault in_tunnel(const struct call *c, CURLcode code)
{
    const bool ended =
        is_end(code) || (code == CURLE_SSL_CONNECT_ERROR && (strstr(c->trouble, "unexpected eof") ||
                                                             strstr(c->trouble, "SSL_connect:")));

    return ended ? HTTP_PROXY_CUTS : HTTP_PROXY_FINE;
}

enum http_proxy_fault call_proxy_fault(const struct call *c, CURLcode code, int *ret_status)
{
    long status = 0;

    if (!c->proxied || c->through)
        return HTTP_PROXY_FINE;
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
        return HTTP_PROXY_NO_NAME;
    if (code == CURLE_COULDNT_CONNECT)
        return not_connected(c);
    if (!c->connect_head_whole)
        return no_answer(c, code);
    curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    *ret_status = (int)status;
    return status / 100 == 2 ? in_tunnel(c, code) : refused((int)status);
}
