#include "lib/io/opts.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTS_WORDS_MAX 1024
#define OPTS_FILE_MAX  KIB(256)
#define OPTS_BUILT_IN  3
#define OPTS_WHERE_MAX 320

/* In order of precedence. */
enum source { FROM_NOWHERE, FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE };

struct value {
    char *text;
    enum source source;
    char where[OPTS_WHERE_MAX]; /* "gateway.conf:12", "GP_MAAS_URL", "--maas-url" */
    int64_t number;             /* kinds but text: checked when set */
};

struct opts {
    const char *usage;
    const struct opt_row *rows[OPTS_MAX + OPTS_BUILT_IN];
    struct value values[OPTS_MAX + OPTS_BUILT_IN];
    size_t n;
    const char *words[OPTS_WORDS_MAX];
    size_t n_words;
};

static const struct opt_row built_in[OPTS_BUILT_IN] = {
    {.name = "help", .kind = OPT_FLAG, .what = "print this and stop", .flags = OPT_NO_FILE},
    {.name = "show-config",
     .kind = OPT_FLAG,
     .what = "print every option, its value and where it came from, and stop",
     .flags = OPT_NO_FILE},
    {.name = "version",
     .kind = OPT_FLAG,
     .what = "print the version and stop",
     .flags = OPT_NO_FILE},
};

/* ---- finding ---- */

static size_t row_find(const struct opts *o, const char *name)
{
    size_t i = 0;

    while (i < o->n && !text_is(o->rows[i]->name, name))
        i++;
    return i;
}

static const struct value *value_of(const struct opts *o, const char *name)
{
    size_t i = row_find(o, name);

    if (i == o->n)
        WRONG("a program asks for an option that is not in its table");
    return &o->values[i];
}

/* "; did you mean '--maas-url'?", or where all of them stand */
static const char *hint(const struct opts *o, const char *dashes, const char *name, char *out,
                        size_t size)
{
    const char *names[OPTS_MAX + OPTS_BUILT_IN + 1] = {NULL};
    const char *near;

    for (size_t i = 0; i < o->n; i++)
        names[i] = o->rows[i]->name;
    near = text_nearest(name, names);
    if (near == NULL)
        (void)snprintf(out, size, "; --help shows them");
    else
        (void)snprintf(out, size, "; did you mean '%s%s'?", dashes, near);
    return out;
}

/* ---- checking ---- */

static bool flag_read(const char *text, int64_t *ret)
{
    static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false",
                                                                                "off", "0"};

    for (size_t i = 0; i < COUNTOF(yes); i++) {
        if (text_is(text, yes[i]) || text_is(text, no[i])) {
            *ret = text_is(text, yes[i]);
            return true;
        }
    }
    return false;
}

static bool bounds_of(const struct opt_row *row, int64_t *low, int64_t *high)
{
    bool given = row->min != 0 || row->max != 0;

    *low = given ? row->min : row->kind == OPT_DURATION ? 0 : INT64_MIN;
    *high = given ? row->max : INT64_MAX;
    return given;
}

/* "a number from 1 to 65535" */
static void wanted(const struct opt_row *row, char *out, size_t size)
{
    char low_text[32], high_text[32];
    int64_t low, high;
    bool given = bounds_of(row, &low, &high);

    if (row->kind == OPT_FLAG)
        (void)snprintf(out, size, "yes or no");
    else if (row->kind == OPT_INT && given)
        (void)snprintf(out, size, "a whole number from %lld to %lld", (long long)low,
                       (long long)high);
    else if (row->kind == OPT_INT)
        (void)snprintf(out, size, "a whole number");
    else {
        text_duration_write(low, low_text, sizeof(low_text));
        text_duration_write(high, high_text, sizeof(high_text));
        (void)snprintf(out, size, "a duration like 90s, 15m or 24h%s%s%s%s", given ? " from " : "",
                       given ? low_text : "", given ? " to " : "", given ? high_text : "");
    }
}

static bool number_read(const struct opt_row *row, const char *text, int64_t *ret)
{
    int64_t low, high;

    (void)bounds_of(row, &low, &high);
    switch (row->kind) {
    case OPT_TEXT:
        return true;
    case OPT_FLAG:
        return flag_read(text, ret);
    case OPT_INT:
        return text_int(text, low, high, ret);
    case OPT_DURATION:
        return text_duration(text, ret) && *ret >= low && *ret <= high;
    }
    WRONG("an option of no kind");
}

/* The value itself is never in the sentence when it may be a secret. */
static int value_check(const struct opt_row *row, const char *where, const char *text,
                       int64_t *ret_number, struct err *e)
{
    char what[128];
    bool secret = (row->flags & OPT_SECRET) != 0;

    if (strlen(text) >= OPTS_VALUE_MAX)
        return err_set(e, -EINVAL, "%s: the value is longer than %d bytes", where,
                       OPTS_VALUE_MAX - 1);
    if (number_read(row, text, ret_number))
        return 0;
    wanted(row, what, sizeof(what));
    return err_set(e, -EINVAL, "%s: %s%s%s is not %s", where, secret ? "the value" : "'",
                   secret ? "" : text, secret ? "" : "'", what);
}

static void value_wipe(struct value *v)
{
    if (v->text != NULL)
        explicit_bzero(v->text, strlen(v->text));
    free(STEAL(v->text));
}

static int value_set(struct opts *o, size_t i, enum source source, const char *where,
                     const char *text, struct err *e)
{
    struct value *v = &o->values[i];
    int64_t number = 0;
    int r = value_check(o->rows[i], where, text, &number, e);

    if (r < 0 || v->source > source)
        return r;
    value_wipe(v);
    v->text = strdup(text);
    if (v->text == NULL)
        WRONG("out of memory");
    v->number = number;
    v->source = source;
    (void)snprintf(v->where, sizeof(v->where), "%s", where);
    return 0;
}

/* ---- making ---- */

int opts_new(struct opts **ret, const char *usage, const struct opt_row *rows, size_t n,
             struct err *e)
{
    struct opts *o = calloc(1, sizeof(*o));

    assert(n <= OPTS_MAX);
    if (o == NULL)
        WRONG("out of memory");
    o->usage = usage;
    for (size_t i = 0; i < n; i++)
        o->rows[o->n++] = &rows[i];
    for (size_t i = 0; i < OPTS_BUILT_IN; i++)
        if (row_find(o, built_in[i].name) == o->n)
            o->rows[o->n++] = &built_in[i];
    for (size_t i = 0; i < o->n; i++) {
        const char *value = o->rows[i]->value;

        if (value == NULL && o->rows[i]->kind == OPT_FLAG)
            value = "no";
        if (value != NULL && value_set(o, i, FROM_DEFAULT, o->rows[i]->name, value, e) < 0) {
            opts_free(o);
            return err_at(e, "default of");
        }
    }
    *ret = o;
    return 0;
}

void opts_free(struct opts *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->n; i++)
        value_wipe(&o->values[i]);
    free(o);
}

/* ---- command line ---- */

/* argv[*i] is "--name", "--name=value" or, for all but flags, "--name" "value". */
static int one_arg(struct opts *o, int argc, char **argv, int *i, struct err *e)
{
    char name[64], where[80], near[96];
    const char *arg = argv[*i] + 2, *equals = strchr(arg, '='), *value;
    size_t len = equals != NULL ? (size_t)(equals - arg) : strlen(arg), row;

    if (!text_copy_len(name, sizeof(name), arg, len))
        return err_set(e, -EINVAL, "no option is that long: --%.40s…", arg);
    row = row_find(o, name);
    if (row == o->n)
        return err_set(e, -EINVAL, "no option --%s%s", name,
                       hint(o, "--", name, near, sizeof(near)));
    value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && o->rows[row]->kind == OPT_FLAG)
        value = "yes";
    /* A forgotten value must not swallow the next option; --name=--value says what is meant. */
    if (value == NULL && *i + 1 < argc && !text_begins(argv[*i + 1], "--"))
        value = argv[++*i];
    if (value == NULL)
        return err_set(e, -EINVAL, "--%s wants a value: --%s %s", name, name,
                       o->rows[row]->arg != NULL ? o->rows[row]->arg : "VALUE");
    (void)snprintf(where, sizeof(where), "--%s", name);
    if (o->rows[row]->kind != OPT_FLAG && o->values[row].source == FROM_COMMAND_LINE &&
        !text_is(o->values[row].text, value))
        return err_set(e, -EINVAL, "%s is given twice, with two values; leave one away", where);
    return value_set(o, row, FROM_COMMAND_LINE, where, value, e);
}

static int word_add(struct opts *o, const char *word, struct err *e)
{
    if (o->n_words == OPTS_WORDS_MAX)
        return err_set(e, -E2BIG, "more than %d words", OPTS_WORDS_MAX);
    o->words[o->n_words++] = word;
    return 0;
}

int opts_args(struct opts *o, int argc, char **argv, struct err *e)
{
    bool words_only = false;

    for (int i = 1; i < argc; i++) {
        int r = 0;

        if (words_only || argv[i][0] != '-' || argv[i][1] == '\0')
            r = word_add(o, argv[i], e);
        else if (text_is(argv[i], "--"))
            words_only = true;
        else if (argv[i][1] == '-')
            r = one_arg(o, argc, argv, &i, e);
        else if (text_is(argv[i], "-h"))
            r = value_set(o, row_find(o, "help"), FROM_COMMAND_LINE, "-h", "yes", e);
        else
            r = err_set(e, -EINVAL, "no option %.40s: options are written --name; see --help",
                        argv[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- environment ---- */

int opts_env(struct opts *o, char **envp, struct err *e)
{
    for (size_t i = 0; i < o->n; i++) {
        const char *name = o->rows[i]->env;

        for (char **at = envp; name != NULL && *at != NULL; at++) {
            size_t len = strlen(name);
            int r = 0;

            if (text_begins(*at, name) && (*at)[len] == '=' && (*at)[len + 1] != '\0')
                r = value_set(o, i, FROM_ENVIRONMENT, name, *at + len + 1, e);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* ---- file ---- */

/* Cuts blanks at both ends, and a comment: '#' at the start of the line or after a blank. */
static char *trimmed(char *text)
{
    char *end;

    for (char *at = text; *at != '\0'; at++)
        if (*at == '#' && (at == text || at[-1] == ' ' || at[-1] == '\t'))
            *at = '\0';
    text += strspn(text, " \t");
    end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        *--end = '\0';
    return text;
}

static int one_line(struct opts *o, const char *where, char *line, struct err *e)
{
    char near[96], *equals, *name, *value;
    size_t row;

    line = trimmed(line);
    if (*line == '\0')
        return 0;
    equals = strchr(line, '=');
    if (equals == NULL)
        return err_set(e, -EINVAL, "%s: a line is NAME = VALUE", where);
    *equals = '\0';
    name = trimmed(line);
    value = trimmed(equals + 1);
    row = row_find(o, name);
    if (row == o->n)
        return err_set(e, -EINVAL, "%s: no option '%.40s'%s", where, name,
                       hint(o, "", name, near, sizeof(near)));
    if ((o->rows[row]->flags & OPT_NO_FILE) != 0)
        return err_set(e, -EINVAL, "%s: %s may not be in a file; give it as --%s", where, name,
                       name);
    if (o->values[row].source == FROM_FILE)
        return err_set(e, -EINVAL, "%s: %s was given at %s already", where, name,
                       o->values[row].where);
    return value_set(o, row, FROM_FILE, where, value, e);
}

static bool is_utf8(const char *text)
{
    size_t len = 1;

    for (; *text != '\0' && len > 0; text += len)
        len = jx_utf8_len(text);
    return len > 0;
}

/* NULL, or what keeps these bytes from being lines of text. */
static const char *not_text(const struct buf *b)
{
    if (memchr(b->data, 0, b->len) != NULL)
        return "holds a zero byte";
    if (text_begins(b->data, "\xef\xbb\xbf"))
        return "begins with a byte order mark";
    return is_utf8(b->data) ? NULL : "is no UTF-8";
}

int opts_file(struct opts *o, const char *path, struct err *e)
{
    SCOPED(buf_drop) struct buf b;
    char where[OPTS_WHERE_MAX], *line;
    const char *wrong;
    int r;

    buf_init(&b, OPTS_FILE_MAX);
    r = file_read(path, &b, e);
    if (r < 0 || b.len == 0)
        return r;
    assert(b.data != NULL);
    wrong = not_text(&b);
    if (wrong != NULL)
        r = err_set(e, -EINVAL, "%s %s: wanted are lines NAME = VALUE in plain UTF-8", path, wrong);
    line = b.data;
    for (size_t number = 1; r == 0 && line != NULL; number++) {
        char *newline = strchr(line, '\n');

        if (newline != NULL)
            *newline = '\0';
        (void)snprintf(where, sizeof(where), "%.300s:%zu", path, number);
        r = one_line(o, where, line, e);
        line = newline != NULL ? newline + 1 : NULL;
    }
    explicit_bzero(b.data, b.len); /* keys may stand in it */
    return r;
}

/* ---- asking ---- */

int opts_check(const struct opts *o, struct err *e)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct opt_row *row = o->rows[i];

        if ((row->flags & OPT_MUST) == 0 || o->values[i].source != FROM_NOWHERE)
            continue;
        return err_set(e, -EINVAL, "%s is missing: give --%s%s%s", row->name, row->name,
                       row->env != NULL ? " or set " : "", row->env != NULL ? row->env : "");
    }
    return 0;
}

const char *opt_text(const struct opts *o, const char *name)
{
    const struct value *v = value_of(o, name);

    return v->text != NULL ? v->text : "";
}

static int64_t number_of(const struct opts *o, const char *name, enum opt_kind kind)
{
    assert(o->rows[row_find(o, name)]->kind == kind);
    return value_of(o, name)->number;
}

int64_t opt_int(const struct opts *o, const char *name)
{
    return number_of(o, name, OPT_INT);
}

bool opt_flag(const struct opts *o, const char *name)
{
    return number_of(o, name, OPT_FLAG) != 0;
}

ms_t opt_ms(const struct opts *o, const char *name)
{
    return number_of(o, name, OPT_DURATION);
}

bool opt_given(const struct opts *o, const char *name)
{
    return value_of(o, name)->source > FROM_DEFAULT;
}

size_t opts_words(const struct opts *o, const char *const **ret)
{
    *ret = o->words;
    return o->n_words;
}

/* ---- printing ---- */

#define HELP_COLUMN 30

void opts_help(const struct opts *o, struct buf *out)
{
    buf_printf(out, "%s\n\nOptions:\n", o->usage);
    for (size_t i = 0; i < o->n; i++) {
        const struct opt_row *row = o->rows[i];
        size_t start = out->len;

        buf_printf(out, "  --%s%s%s ", row->name, row->arg != NULL ? " " : "",
                   row->arg != NULL ? row->arg : "");
        while (out->len - start < HELP_COLUMN && !out->full)
            buf_char_add(out, ' ');
        buf_text_add(out, row->what);
        if (row->value != NULL && *row->value != '\0')
            buf_printf(out, " (default %s)", row->value);
        if (row->env != NULL)
            buf_printf(out, " [%s]", row->env);
        buf_char_add(out, '\n');
    }
}

/* What is printed can be used as a file again, but for secrets. */
void opts_show(const struct opts *o, struct buf *out)
{
    static const char *const sources[] = {[FROM_NOWHERE] = "not given",
                                          [FROM_DEFAULT] = "default",
                                          [FROM_FILE] = "file ",
                                          [FROM_ENVIRONMENT] = "environment ",
                                          [FROM_COMMAND_LINE] = "command line "};

    for (size_t i = 0; i < o->n; i++) {
        const struct value *v = &o->values[i];
        bool secret = (o->rows[i]->flags & OPT_SECRET) != 0 && v->source != FROM_NOWHERE;

        if ((o->rows[i]->flags & OPT_NO_FILE) != 0 && v->source <= FROM_DEFAULT)
            continue;
        buf_printf(out, "%s%s = %s  # %s%s\n", v->source == FROM_NOWHERE || secret ? "# " : "",
                   o->rows[i]->name,
                   secret            ? "«set»"
                   : v->text != NULL ? v->text
                                     : "",
                   sources[v->source], v->source > FROM_DEFAULT ? v->where : "");
    }
}
