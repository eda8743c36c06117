#include "scenarios/engine/guest_env.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/faketime.h"
#include "scenarios/engine/mocks.h"
#include "scenarios/engine/outfit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* One memory for all texts, reserved at once, so that pointers into it stay. */
static void reserve(struct buf *b)
{
    buf_init(b, GUEST_ENV_BYTES);
    for (size_t i = 0; i < GUEST_ENV_BYTES - 1; i++)
        buf_char_add(b, ' ');
    buf_clear(b);
}

/* An empty value means "not given": the variable is left out. */
static void add(struct guest_env *x, const char *name, const char *value)
{
    size_t begin = x->text.len;
    if (value[0] == '\0')
        return;
    assert(x->n < GUEST_ENV_MAX);
    buf_printf(&x->text, "%s=%s", name, value);
    buf_char_add(&x->text, '\0');
    x->at[x->n++] = x->text.data + begin;
}

static void add_path(struct guest_env *x, const struct world *w, const char *name,
                     const char *below)
{
    char path[WORLD_PATH_MAX];
    world_path(w, path, below);
    add(x, name, path);
}

static void add_contract(struct guest_env *x, const struct guest *g, const char *features)
{
    char run[33];
    snprintf(run, sizeof(run), "gp-%08x-%s%d", (unsigned)(g->w->run->seed & 0xffffffff),
             g->is_system ? "s" : "", g->starts);
    add(x, "GP_CONTRACT", g->contract != NULL ? g->contract : "1");
    add(x, "GP_PROFILE", "1.0");
    add(x, "GP_FEATURES", g->features != NULL ? g->features : features);
    add(x, "GP_RUN", run);
}

static void add_own_path(struct guest_env *x, const struct guest *g, const char *name,
                         const char *what)
{
    char below[64];
    snprintf(below, sizeof(below), "%s-%s", g->name, what);
    add_path(x, g->w, name, below);
}

/* Where Palette's own gateway finds Palette: inside, under an address of its own (GP-113). */
static const char *inside(const struct guest *g)
{
    return lab_role(g->w->run->lab, "palette")->links[0].address;
}

static void add_palette(struct guest_env *x, const struct guest *g)
{
    char url[WORLD_URL_MAX];
    world_palette_url(g->w, g->is_system, url);
    add(x, "GP_PALETTE_URL", url);
    add_path(x, g->w, "GP_PALETTE_CA_FILE", "tls/ca.pem");
    add(x, "GP_PCG_UID", g->uid);
}

static void add_maas(struct guest_env *x, const struct guest *g)
{
    char text[OUTFIT_URL_MAX];
    if (g->is_system)
        return; /* accounts come in the feed */
    outfit_maas_url(&g->outfit, g->w->run->lab, text);
    add(x, "GP_MAAS_URL", text);
    if (g->outfit.maas_tls)
        add_path(x, g->w, "GP_MAAS_CA_FILE", MOCKS_MAAS_TLS "/ca.pem");
    snprintf(text, sizeof(text), "maas-%s", g->uid);
    add(x, "GP_ACCOUNT_NAME", text);
}

/* The proxy it is told of, and what stands beside the contract on purpose: a gateway must not look
 * at it (GP-6). */
static void add_outfit(struct guest_env *x, const struct guest *g, const struct outfit *o)
{
    char name[64], list[SCRIPT_WORD_MAX + 64];
    snprintf(list, sizeof(list), "%s", o->no_proxy);
    if (g->is_system && o->proxy[0] != '\0')
        snprintf(list, sizeof(list), "%s%s%s", inside(g), o->no_proxy[0] != '\0' ? "," : "",
                 o->no_proxy);
    add(x, "GP_HTTP_PROXY", o->proxy);
    add(x, "GP_HTTPS_PROXY", o->proxy);
    add(x, "GP_NO_PROXY", list);
    for (size_t i = 0; i < o->n_strays; i++) {
        const char *equals = strchr(o->strays[i], '=');
        if (equals != NULL &&
            text_copy_len(name, sizeof(name), o->strays[i], (size_t)(equals - o->strays[i])))
            add(x, name, equals + 1);
    }
}

/* The vendor's own file is copied, so that nothing written to it comes back. */
static void add_config(struct guest_env *x, const struct guest *g)
{
    const struct manifest *m = g->w->run->manifest;
    SCOPED(buf_drop) struct buf file = {0};
    char from[MANIFEST_WORD_MAX + 1100], to[WORLD_PATH_MAX];
    if (m->config[0] == '\0')
        return;
    buf_init(&file, MIB(1));
    snprintf(from, sizeof(from), "%s/%s", m->dir, m->config);
    world_path(g->w, to, "gateway-config");
    if (file_read(from, &file, NULL) == 0 &&
        file_write(to, buf_text(&file), file.len, 0600, NULL) == 0)
        add(x, "GP_CONFIG_FILE", to);
}

/* Beside the contract, for the program cannot be asked to live faster. */
static void add_clock(struct guest_env *x, const struct world *w)
{
    char value[FAKETIME_TEXT_MAX];

    if (w->run->clock != CLOCK_FAKETIME)
        return;
    faketime_value((clk_monotonic_ns() - w->domain.start_ns) / 1000000, w->domain.factor, value);
    add(x, "LD_PRELOAD", faketime_library());
    add(x, "FAKETIME", value);
}

void guest_env_make(struct guest_env *x, const struct guest *g, int page_fd)
{
    SCOPED(buf_drop) struct buf features = {0};
    const struct outfit *o = &g->outfit;
    char fd[16] = "";
    *x = (struct guest_env){0};
    reserve(&x->text);
    buf_init(&features, 64);
    outfit_features(o, g->is_system, &features);
    add(x, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    add_own_path(x, g, "HOME", "state");
    add_own_path(x, g, "TMPDIR", "tmp");
    add(x, "LANG", "C.UTF-8");
    add(x, "TZ", "UTC");
    add_contract(x, g, buf_text(&features));
    add_own_path(x, g, "GP_STATE_DIR", "state");
    add_path(x, g->w, "GP_SECRETS_DIR", g->secrets_dir);
    add_config(x, g);
    add_palette(x, g);
    add_maas(x, g);
    add_outfit(x, g, o);
    add_clock(x, g->w);
    if (guest_has_proxy_ca(g))
        add_path(x, g->w, "GP_PROXY_CA_FILE", GUEST_PROXY_CA);
    if (page_fd >= 0)
        snprintf(fd, sizeof(fd), "%d", page_fd);
    add(x, "GP_CLOCK_FD", fd);
    snprintf(fd, sizeof(fd), "%d", g->deeds.tell_fd);
    add(x, "GP_ROGUE_FD", g->deeds.tell_fd >= 0 ? fd : "");
}

void guest_env_drop(struct guest_env *x)
{
    buf_drop(&x->text);
}

const char *const *guest_env_list(const struct guest_env *x)
{
    return x->at;
}

static const char *value_of(const struct guest_env *x, const char *name, size_t len)
{
    for (size_t i = 0; i < x->n; i++)
        if (strncmp(x->at[i], name, len) == 0 && x->at[i][len] == '=')
            return x->at[i] + len + 1;
    return "";
}

static void expand_word(struct guest_env *x, const char *word)
{
    while (*word != '\0') {
        size_t len = 0;
        if (!text_begins(word, "$GP_")) {
            buf_char_add(&x->text, *word++);
            continue;
        }
        word++;
        while (isupper((unsigned char)word[len]) || word[len] == '_')
            len++;
        buf_text_add(&x->text, value_of(x, word, len));
        word += len;
    }
    buf_char_add(&x->text, '\0');
}

void guest_env_expand(struct guest_env *x, const char (*words)[MANIFEST_WORD_MAX], size_t n,
                      const char **argv)
{
    for (size_t i = 0; i < n; i++) {
        size_t begin = x->text.len;
        expand_word(x, words[i]);
        argv[i] = x->text.data + begin;
    }
    argv[n] = NULL;
}

void guest_env_ignore(void *arg, struct prog *p)
{
    (void)arg;
    (void)p;
}

void guest_env_ignore_secret(void *arg, struct prog *p, const char *name)
{
    (void)arg;
    (void)p;
    (void)name;
}
