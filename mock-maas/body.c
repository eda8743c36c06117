/* The body of a request as MAAS reads it: a form, a multipart form, or JSON. A broken multipart
 * body is an empty form; so is one without a type. JSON is data, which is not the same: handlers
 * that look into the form see nothing of it. */
#include "mock-maas/model.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define BOUNDARY_MAX  200 /* RFC 2046 allows 70 */
#define PART_HEAD_MAX KIB(4)

/* --- adding ----------------------------------------------------------------------------------- */

static void pair_add(struct pairs *p, const char *name, const char *value, size_t len)
{
    struct buf copy SCOPED(buf_drop) = {0};

    if (p->n == PAIRS_MAX || strlen(name) >= PAIR_NAME_MAX)
        return;
    buf_init(&copy, len + 1);
    buf_add(&copy, value, len);
    text_copy(p->at[p->n].name, sizeof(p->at[0].name), name);
    p->at[p->n].value = strdup(buf_text(&copy));
    if (!p->at[p->n].value)
        WRONG("out of memory");
    p->n++;
}

static void upload_add(struct maas_ask *a, const char *name, const char *bytes, size_t len)
{
    struct maas_upload *u = &a->uploads[a->n_uploads];

    if (a->n_uploads == MAAS_UPLOADS_MAX)
        return;
    text_copy(u->name, sizeof(u->name), name);
    buf_init(&u->bytes, len + 1);
    buf_add(&u->bytes, bytes, len);
    a->n_uploads++;
}

/* --- multipart -------------------------------------------------------------------------------- */

/* A parameter of a header: name="value" or name=value, behind a ';'. Backslashes quote. */
bool maas_header_parameter(const char *header, const char *name, char *out, size_t size)
{
    const char *at = header;

    while ((at = strchr(at, ';')) != NULL) {
        size_t n = 0;

        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, name, strlen(name)) != 0 || at[strlen(name)] != '=')
            continue;
        at += strlen(name) + 1;
        if (*at != '"')
            return text_copy_len(out, size, at, strcspn(at, "; \t\r\n"));
        for (at++; *at && *at != '"' && n + 1 < size; at++) {
            at += *at == '\\' && at[1];
            out[n++] = *at;
        }
        out[n] = '\0';
        return *at == '"';
    }
    return false;
}

struct part {
    char name[PAIR_NAME_MAX];
    bool is_file, base64;
    const char *bytes;
    size_t len;
};

static const char *find(const char *begin, const char *end, const char *what)
{
    return memmem(begin, (size_t)(end - begin), what, strlen(what));
}

/* The head of a part, up to its empty line. false: it names nothing, and the part is skipped. */
static bool part_head_read(const char *head, size_t len, struct part *ret)
{
    struct buf lines SCOPED(buf_drop) = {0};
    char value[PART_HEAD_MAX], file[256];

    buf_init(&lines, PART_HEAD_MAX);
    buf_add(&lines, head, len);
    buf_text_add(&lines, "\r\n");
    if (lines.full || !http_header_get(&lines, "Content-Disposition", value, sizeof(value)) ||
        !maas_header_parameter(value, "name", ret->name, sizeof(ret->name)))
        return false;
    ret->is_file = maas_header_parameter(value, "filename", file, sizeof(file));
    ret->base64 = http_header_get(&lines, "Content-Transfer-Encoding", value, sizeof(value)) &&
                  text_is_nocase(value, "base64");
    return true;
}

static void part_keep(struct maas_ask *a, const struct part *p)
{
    struct buf text SCOPED(buf_drop) = {0}, bytes SCOPED(buf_drop) = {0};
    const char *from = p->bytes;
    size_t len = p->len;

    buf_init(&text, p->len + 1);
    buf_init(&bytes, p->len + 1);
    if (p->base64) {
        buf_add(&text, p->bytes, p->len);
        if (maas_base64_read(buf_text(&text), &bytes)) {
            from = buf_text(&bytes);
            len = bytes.len;
        }
    }
    if (p->is_file)
        upload_add(a, p->name, from, len);
    else
        pair_add(&a->form, p->name, from, len);
}

/* false: broken. */
static bool parts_read(struct maas_ask *a, const char *boundary)
{
    const char *at = buf_text(&a->rq->body), *const end = at + a->rq->body.len;
    struct buf line SCOPED(buf_drop) = {0};

    buf_init(&line, BOUNDARY_MAX + 8);
    buf_printf(&line, "\r\n--%s", boundary);
    if (a->rq->body.len < line.len || strncmp(at, buf_text(&line) + 2, line.len - 2) != 0)
        return false;
    at += line.len - 2;
    while (end - at >= 2 && strncmp(at, "\r\n", 2) == 0) {
        struct part p = {.is_file = false};
        const char *const body = find(at, end, "\r\n\r\n"), *next;
        bool named;

        if (!body)
            return false;
        named = body > at && part_head_read(at + 2, (size_t)(body - at) - 2, &p);
        p.bytes = body + 4;
        next = find(body + 2, end, buf_text(&line));
        if (!next)
            return false;
        p.len = next < p.bytes ? 0 : (size_t)(next - p.bytes);
        if (named)
            part_keep(a, &p);
        at = next + line.len;
    }
    return end - at >= 2 && strncmp(at, "--", 2) == 0;
}

static void uploads_drop(struct maas_ask *a)
{
    for (size_t i = 0; i < a->n_uploads; i++)
        buf_drop(&a->uploads[i].bytes);
    a->n_uploads = 0;
}

static void multipart_read(struct maas_ask *a)
{
    char type[512], boundary[BOUNDARY_MAX];

    if (http_header_get(&a->rq->headers, "Content-Type", type, sizeof(type)) &&
        maas_header_parameter(type, "boundary", boundary, sizeof(boundary)) && boundary[0] &&
        parts_read(a, boundary))
        return;
    pairs_drop(&a->form);
    uploads_drop(a);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void member_add(void *arg, const char *name, const char *value)
{
    struct maas_ask *a = arg;

    pair_add(&a->form, name, value, strlen(value));
}

bool maas_json_read(struct maas_ask *a)
{
    return jx_members(buf_text(&a->rq->body), a->rq->body.len, member_add, a);
}

/* --- all of them ------------------------------------------------------------------------------ */

bool maas_has_type(const struct maas_ask *a, const char *type)
{
    char seen[128];

    return http_header_get(&a->rq->headers, "Content-Type", seen, sizeof(seen)) &&
           strncasecmp(seen, type, strlen(type)) == 0;
}

void maas_body_read(struct maas_ask *a)
{
    if (maas_has_type(a, "application/x-www-form-urlencoded") &&
        pairs_read(buf_text(&a->rq->body), a->rq->body.len, &a->form, NULL) < 0)
        a->form.n = 0;
    else if (maas_has_type(a, "multipart/form-data"))
        multipart_read(a);
}

void maas_body_drop(struct maas_ask *a)
{
    pairs_drop(&a->query);
    pairs_drop(&a->form);
    uploads_drop(a);
}
