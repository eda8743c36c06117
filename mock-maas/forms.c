/* What handlers do with parameters: take them, complain about them, and write an answer. The order
 * and the shape of complaints is Django's. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>
#include <time.h>

#define COMPLAINTS_MAX KIB(16)

/* --- taking ----------------------------------------------------------------------------------- */

static const char *last_value(const struct pairs *p, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < p->n; i++)
        if (text_is(p->at[i].name, name))
            value = p->at[i].value;
    return value;
}

const char *maas_field(const struct maas_ask *a, const char *name)
{
    return last_value(&a->form, name);
}

const char *maas_field_or(const struct maas_ask *a, const char *name, const char *otherwise)
{
    const char *value = last_value(&a->form, name);

    return value ? value : otherwise;
}

const char *maas_asked(const struct maas_ask *a, const char *name)
{
    return last_value(&a->query, name);
}

/* piston's word for a parameter that must be there. */
bool maas_must(struct maas_ask *a, const char *value, const char *name)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (value)
        return true;
    buf_init(&text, 256);
    buf_printf(&text, "No provided %s!", name);
    maas_raise_text(a, 400, buf_text(&text));
    return false;
}

/* Django's checkbox: everything but "false", "False", "0" and nothing. */
bool maas_checked(const char *value, bool otherwise)
{
    if (!value)
        return otherwise;
    return *value && !text_is_nocase(value, "false") && !text_is(value, "0");
}

/* formencode's StringBool; false: it is none. */
bool maas_word_is_bool(const char *value, bool *ret)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "on", "1"};
    static const char *const no[] = {"false", "f", "no", "n", "off", "0", ""};

    for (size_t i = 0; i < COUNTOF(yes); i++)
        if (text_is_nocase(value, yes[i])) {
            *ret = true;
            return true;
        }
    for (size_t i = 0; i < COUNTOF(no); i++)
        if (text_is_nocase(value, no[i])) {
            *ret = false;
            return true;
        }
    return false;
}

/* --- complaining ------------------------------------------------------------------------------ */

void maas_complain(struct maas_complaints *c, const char *field, const char *text)
{
    if (!c->text.max)
        buf_init(&c->text, COMPLAINTS_MAX);
    if (!text_is(c->field, field)) {
        buf_text_add(&c->text, c->text.len ? "], " : "{");
        py_text(&c->text, field);
        buf_text_add(&c->text, ": [");
        text_copy(c->field, sizeof(c->field), field);
    } else {
        buf_text_add(&c->text, ", ");
    }
    py_text(&c->text, text);
}

void maas_complain_as(struct maas_complaints *c, const char *field, const char *fmt, ...)
{
    struct buf text SCOPED(buf_drop) = {0};
    va_list args;

    buf_init(&text, COMPLAINTS_MAX);
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    maas_complain(c, field, buf_text(&text));
}

void maas_complaints_drop(struct maas_complaints *c)
{
    buf_drop(&c->text);
}

bool maas_complained(struct maas_ask *a, struct maas_complaints *c, const char *type)
{
    if (c->text.len == 0)
        return false;
    buf_text_add(&c->text, "]}");
    maas_raise(a, 400, type, buf_text(&c->text));
    return true;
}

/* --- a form's usual checks -------------------------------------------------------------------- */

/* Whole number within bounds; an empty one is absent. false: a complaint was made. */
bool maas_form_number(struct maas_complaints *c, const char *field, const char *value, int64_t min,
                      int64_t max, int64_t *ret)
{
    int64_t number;

    if (!value || !*value)
        return true;
    if (!text_int(value, INT64_MIN / 2, INT64_MAX / 2, &number))
        maas_complain(c, field, "Enter a whole number.");
    else if (number < min)
        maas_complain_as(c, field, "Ensure this value is greater than or equal to %lld.",
                         (long long)min);
    else if (number > max)
        maas_complain_as(c, field, "Ensure this value is less than or equal to %lld.",
                         (long long)max);
    else
        *ret = number;
    return c->text.len == 0;
}

static size_t letters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

bool maas_form_text_fits(struct maas_complaints *c, const char *field, const char *value,
                         size_t max)
{
    if (letters(value) <= max)
        return true;
    maas_complain_as(c, field, "Ensure this value has at most %zu characters (it has %zu).", max,
                     letters(value));
    return false;
}

bool maas_is_word_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* Letters of words, blanks and '-': a name of a zone, a pool, a fabric, a space. */
bool maas_is_model_name(const char *name)
{
    if (!maas_is_word_letter(name[0]))
        return false;
    for (; *name; name++)
        if (!maas_is_word_letter(*name) && *name != '-' && *name != ' ')
            return false;
    return true;
}

/* "fabric-7", "space-7": names that MAAS gives itself. */
bool maas_is_own_name(const char *name, const char *head)
{
    return text_begins(name, head) && maas_is_id(name + strlen(head));
}

/* --- answering -------------------------------------------------------------------------------- */

void maas_uri_write(struct pyjson *j, const char *resource, const char *key)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(2));
    buf_printf(&text, MAAS_API "%s/%s/", resource, key);
    pyjson_text(j, "resource_uri", buf_text(&text));
}

void maas_uri_id_write(struct pyjson *j, const char *resource, int64_t id)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 32);
    buf_printf(&text, "%lld", (long long)id);
    maas_uri_write(j, resource, buf_text(&text));
}

struct pyjson *maas_doc_open(struct maas_doc *d)
{
    buf_init(&d->body, MAAS_JSON_MAX);
    pyjson_init(&d->j, &d->body);
    return &d->j;
}

void maas_doc_drop(struct maas_doc *d)
{
    buf_drop(&d->body);
}

void maas_doc_answer(struct maas_ask *a, const struct maas_doc *d, int status)
{
    maas_return(a, status, MAAS_JSON, buf_text(&d->body));
}

void maas_done(struct maas_ask *a)
{
    maas_return(a, 204, MAAS_PLAIN, "");
}

void maas_no_place(struct maas_ask *a)
{
    maas_raise_text(a, 500, "mock-maas has no place left.");
}

bool maas_id_of(const struct http_exchange *x, const char *name, int64_t *ret)
{
    return text_int(http_var(x->vars, name), 0, INT32_MAX, ret);
}

/* "2026-07-01T00:00:00.000Z"; 3.5 wrote it without the Z. */
void maas_time_write(struct pyjson *j, const char *name, const struct maas *m, ms_t at)
{
    struct buf text SCOPED(buf_drop) = {0};
    const time_t s = (time_t)(m->config.epoch_s + at / 1000 / m->config.factor);
    struct tm tm;

    gmtime_r(&s, &tm);
    buf_init(&text, 128);
    buf_printf(&text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%s", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(at / m->config.factor % 1000),
               maas_is_37(m) ? "Z" : "");
    pyjson_text(j, name, buf_text(&text));
}

/* "Sun, 22 Nov. 2026 13:22:47" */
void maas_day_write(struct pyjson *j, const char *name, const struct maas *m, ms_t at)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan.", "Feb.", "March", "April", "May",  "June",
                                         "July", "Aug.", "Sept.", "Oct.",  "Nov.", "Dec."};
    struct buf text SCOPED(buf_drop) = {0};
    const time_t s = (time_t)(m->config.epoch_s + at / 1000 / m->config.factor);
    struct tm tm;

    gmtime_r(&s, &tm);
    buf_init(&text, 128);
    buf_printf(&text, "%s, %02d %s %04d %02d:%02d:%02d", days[tm.tm_wday], tm.tm_mday,
               months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    pyjson_text(j, name, buf_text(&text));
}
