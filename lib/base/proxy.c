#include "lib/base/proxy.h"

#include "lib/base/text.h"

#include <errno.h>
#include <string.h>

static bool coding_is_fine(const char *userinfo)
{
    struct buf plain SCOPED(buf_drop);
    bool fine;

    buf_init(&plain, URL_USERINFO_MAX);
    fine = url_decode(&plain, userinfo, strlen(userinfo), false);
    if (plain.data)
        explicit_bzero(plain.data, plain.len);
    return fine;
}

int proxy_read(const char *text, struct url *ret, struct err *e)
{
    struct url u;
    int r = url_read(text, &u, e);

    if (r == 0 && (u.https || *u.query || (*u.path && !text_is(u.path, "/"))))
        r = err_set(e, -EINVAL,
                    "wanted is http://[USER:PASSWORD@]HOST:PORT, without path or query");
    if (r == 0 && strpbrk(u.userinfo, "\"\\"))
        r = err_set(e, -EINVAL, "user or password hold a quote or a backslash; percent-code it");
    if (r == 0 && !coding_is_fine(u.userinfo))
        r = err_set(e, -EINVAL, "user or password hold a bad %%XX");
    if (r == 0)
        *ret = u;
    explicit_bzero(&u, sizeof u);
    return r;
}

const char *proxy_for(const char *proxy, const char *no_proxy, const char *url)
{
    struct url u;

    if (!*proxy || url_read(url, &u, NULL) < 0 || !u.https ||
        no_proxy_has(no_proxy, u.host, u.port))
        return "";
    return proxy;
}
