#include "tests/test.h"

#include "tests/unit/gw_fake_inner.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fake_set(char *to, size_t size, const char *from)
{
    assert_true(text_copy(to, size, from));
}

/* --- judging ---------------------------------------------------------------------------------- */

static struct fake *fake_of(struct play *p)
{
    return (struct fake *)((char *)p - offsetof(struct fake, p));
}

struct fake_machine *fake_machine_in(struct fake *f, const char *line)
{
    for (size_t i = 0; i < f->n_machines; i++)
        if (strstr(line, f->machines[i].sid))
            return &f->machines[i];
    return NULL;
}

/* "c1" is not in "c10". */
static bool names(const char *text, const char *uid)
{
    for (const char *at = text; (at = strstr(at, uid)); at++)
        if (strchr("0123456789", at[strlen(uid)]) == NULL || at[strlen(uid)] == '\0')
            return true;
    return false;
}

struct fake_cluster *fake_cluster_by(struct fake *f, const char *text)
{
    for (size_t i = 0; i < FAKE_CLUSTERS; i++)
        if (f->clusters[i].uid[0] && names(text, f->clusters[i].uid))
            return &f->clusters[i];
    return NULL;
}

bool fake_is_held(const struct fake_machine *m, const char *uid)
{
    return m->owner[0] && (text_is(m->cluster, uid) || names(m->agent_name, uid));
}

struct fake_account *fake_account_of(struct fake *f, const char *line)
{
    const char *host = strstr(line, "://maas");

    return &f->accounts[host && host[7] >= '2' && host[7] <= '3' ? host[7] - '1' : 0];
}

int fake_held(const struct fake *f, const char *uid)
{
    int n = 0;

    for (size_t i = 0; i < f->n_machines; i++)
        n += fake_is_held(&f->machines[i], uid);
    return n;
}

/* GP-48, GP-54, GP-58, GP-97: with every change of MAAS. */
static void judge_change(struct fake *f, const struct play_call *c)
{
    const char *body = buf_text(&c->call.body);
    struct fake_machine *m = fake_machine_in(f, c->line);
    struct fake_cluster *k = NULL;
    char ip[32];

    if (strstr(c->line, "dnsresources/"))
        k = &f->clusters[0]; /* the only one whose name is managed */
    else if (m)
        k = fake_cluster_by(f, m->agent_name[0] ? m->agent_name : m->cluster);
    else
        k = fake_cluster_by(f, body);
    if (!k)
        fail_msg("a change for nobody: %s %s", c->line, body);
    else {
        assert_true(k->ours && k->listed);
        assert_false(k->offering);
        assert_int_equal(k->claimer, f->p.starts);
        assert_int_equal(k->claim_epoch, k->epoch);
    }
    if (m) {
        if ((m->foreign && !text_is(m->owner, "pcg")) || !fake_is_held(m, k->uid))
            fail_msg("[%lld] a machine that is not held: %s", (long long)f->p.now, c->line);
        buf_printf(&f->log, "%s %s\n", strrchr(c->line, '=') + 1, m->sid);
    }
    if (strstr(c->line, "op=allocate")) {
        assert_false(k->in_flight);
        assert_false(k->must_look);
        if (k->unknown_at)
            assert_true(f->p.now >= k->unknown_at + SECONDS(120));
        k->in_flight = true;
        k->asked++;
        buf_printf(&f->log, "allocate %s\n", k->uid);
    }
    if (strstr(c->line, "op=release"))
        assert_null(strstr(f->name_ips, fake_ip(m, ip, sizeof ip))); /* GP-98 */
}

/* GP-92: with the key that the account has now; GP-94: no call but those of its table. */
static void judge_account(struct fake *f, const struct play_call *c)
{
    static const char *const changes[] = {"op=allocate", "op=set_workload_annotations", "op=deploy",
                                          "op=release", "/dnsresources/"};
    struct fake_account *a = fake_account_of(f, c->line);
    const char *consumer_end = strchr(a->key, ':');
    char wanted[80], header[HTTP_HEADERS_MAX / 2];
    bool known = strncmp(c->line, "GET ", 4) == 0;

    a->calls++;
    snprintf(wanted, sizeof wanted, "oauth_consumer_key=\"%.*s\"", (int)(consumer_end - a->key),
             a->key);
    assert_true(http_header_get(&c->call.headers, "Authorization", header, sizeof header));
    if (!strstr(header, wanted))
        fail_msg("%s is not signed with the account's key", c->line);
    for (size_t i = 0; i < COUNTOF(changes); i++)
        known = known || strstr(c->line, changes[i]);
    known = known && !strstr(c->line, "machines/?op=release"); /* many at once (GP-97) */
    if (!known)
        fail_msg("a call that GP-94 does not know: %s", c->line);
    if (c->line[0] != 'G' && strstr(c->line, "/dnsresources/8/"))
        fail_msg("another's name is touched: %s", c->line);
}

/* GP-103: nor in a condition, event, annotation or comment. User data is base64 in its form. */
static void judge_secrets(const struct play_call *c)
{
    static const char *const secrets[] = {"jt-token",  "proxypass", "maassecret",
                                          "maastoken", "tok-two",   "cloud-config"};

    for (size_t i = 0; i < COUNTOF(secrets); i++)
        if (strstr(buf_text(&c->call.body), secrets[i]))
            fail_msg("a secret (%s) is in the body of %s", secrets[i], c->line);
}

/* GP-64: nothing is in flight or of unknown outcome, and nothing is begun from here on. */
static void judge_offer(struct fake *f, struct fake_cluster *k)
{
    for (size_t i = 0; i < f->p.n_calls; i++) {
        const struct play_call *c = &f->p.calls[i];
        const struct fake_machine *m = fake_machine_in(f, c->line);

        if (c->target == GW_MAAS && c->line[0] != 'G')
            assert_ptr_not_equal(fake_cluster_by(f, m ? m->cluster : buf_text(&c->call.body)), k);
    }
    assert_false(k->in_flight || k->must_look);
    k->offering = true;
}

static void on_call(struct play *p, const struct play_call *c)
{
    struct fake *f = fake_of(p);

    judge_secrets(c);
    if (c->target == GW_MAAS)
        judge_account(f, c);
    if (c->target == GW_MAAS && strncmp(c->line, "GET ", 4) != 0)
        judge_change(f, c);
    if (strstr(c->line, "/released") || strstr(c->line, "/handover"))
        buf_printf(&f->log, "%s\n", strrchr(c->line, '/') + 1);
    if (strstr(c->line, "/handover"))
        judge_offer(f, fake_cluster_by(f, c->line));
    if (strstr(c->line, "/released"))
        assert_int_equal(fake_held(f, fake_cluster_by(f, c->line)->uid), 0);
}

/* --- birth ------------------------------------------------------------------------------------ */

void fake_init(struct fake *f)
{
    memset(f, 0, sizeof *f);
    play_init(&f->p);
    f->p.on_call = on_call;
    f->admin = true;
    f->version = 1;
    f->n_machines = 8;
    f->subnets = "\"10.20.0.0/24\"";
    for (size_t i = 0; i < FAKE_ACCOUNTS; i++)
        f->accounts[i].revision = 1;
    fake_set(f->accounts[0].key, sizeof f->accounts[0].key, PLAY_KEY);
    fake_set(f->accounts[1].key, sizeof f->accounts[1].key, "ck2:maastoken2:maassecret2");
    fake_set(f->accounts[2].key, sizeof f->accounts[2].key, "ck3:maastoken3:maassecret3");
    for (size_t i = 0; i < FAKE_MACHINES; i++) {
        struct fake_machine *m = &f->machines[i];

        snprintf(m->sid, sizeof m->sid, "sys%03d", (int)(i % 100));
        fake_set(m->zone, sizeof m->zone, "default");
        m->status = 4;
        m->cpu = 8;
        m->disk_gb = 500;
        buf_init(&m->user_data, KIB(256));
    }
    buf_init(&f->log, MIB(1));
}

void fake_drop(struct fake *f)
{
    for (size_t i = 0; i < FAKE_MACHINES; i++)
        buf_drop(&f->machines[i].user_data);
    buf_drop(&f->log);
    play_drop(&f->p);
}

void fake_fault(struct fake *f, const char *part, int n, enum fake_how how, int status,
                const char *body)
{
    assert_true(f->n_faults < FAKE_FAULTS);
    f->faults[f->n_faults++] =
        (struct fake_fault){.part = part, .n = n, .how = how, .status = status, .body = body};
}

struct fake_cluster *fake_create(struct fake *f, const char *uid, int workers)
{
    for (size_t i = 0; i < FAKE_CLUSTERS; i++) {
        struct fake_cluster *c = &f->clusters[i];

        if (c->uid[0])
            continue;
        fake_set(c->uid, sizeof c->uid, uid);
        c->listed = c->present = c->ours = c->agent_comes = true;
        c->workers = workers;
        c->control_planes = 1;
        c->epoch = c->revision = 1;
        f->version++;
        return c;
    }
    fail_msg("no place for %s", uid);
    return NULL;
}

void fake_delete(struct fake *f, struct fake_cluster *c)
{
    if (!c->ours)
        c->epoch++;
    c->ours = c->listed = true;
    c->present = false;
    c->revision++;
    f->version++;
}

/* --- time ------------------------------------------------------------------------------------- */

static void agent_turn(struct fake *f, struct fake_cluster *c)
{
    for (size_t i = 0; i < f->n_machines; i++) {
        const struct fake_machine *m = &f->machines[i];

        if (m->status == 6 && text_is(m->cluster, c->uid) && text_is(m->role, "init") &&
            !m->vanished && c->agent_comes && c->present && c->ours && !c->registered &&
            f->p.now >= m->until + SECONDS(60)) {
            c->registered = true;
            c->revision++;
            f->version++;
        }
    }
}

static ms_t world_due(const struct fake *f)
{
    ms_t due = MS_NEVER;

    for (size_t i = 0; i < f->n_machines; i++) {
        const struct fake_machine *m = &f->machines[i];

        if (m->status == 9 || m->status == 12 || m->status == 14)
            due = ms_min(due, m->until);
        if (m->status == 6 && m->until + SECONDS(60) > f->p.now)
            due = ms_min(due, m->until + SECONDS(60));
    }
    return due;
}

static void world_turn(struct fake *f)
{
    for (size_t i = 0; i < f->n_machines; i++) {
        struct fake_machine *m = &f->machines[i];

        if (m->status == 9 && f->p.now >= m->until)
            m->status = m->fails > 0 ? (m->fails--, 11) : 6;
        else if ((m->status == 12 || m->status == 14) && f->p.now >= m->until)
            fake_freed(m);
    }
    for (size_t i = 0; i < FAKE_CLUSTERS; i++)
        if (f->clusters[i].uid[0])
            agent_turn(f, &f->clusters[i]);
}

/* --- answering -------------------------------------------------------------------------------- */

static int answer_of(struct fake *f, const struct play_call *c, struct buf *out)
{
    const bool feed = strstr(c->line, "/feed") != NULL;

    if (c->target == GW_MAAS) {
        const struct fake_account *a = fake_account_of(f, c->line);

        if (a->status)
            buf_text_add(out, a->body ? a->body : "");
        return a->status ? a->status : fake_maas_answer(f, c, out);
    }
    if (f->palette_busy && !feed)
        return 429;
    if (strstr(c->line, "/credential")) {
        buf_text_add(out, "{\"token\":\"tok-two\",\"expiresInSeconds\":900,\"selfClusterUid\":"
                          "\"s1\",\"registered\":true,\"timing\":{\"maasPollSeconds\":60}}");
        return 200;
    }
    if (feed && f->told == f->version && strstr(c->line, "cursor"))
        return 204;
    if (feed) {
        f->told = f->version;
        fake_feed_write(f, out);
        return 200;
    }
    if (strstr(c->line, "/s1/heartbeat") || strstr(c->line, "/register"))
        return 204;
    return fake_cluster_answer(f, c, out);
}

static bool is_ready(const struct fake *f, const struct play_call *c)
{
    const bool feed = strstr(c->line, "/feed") != NULL;

    if (f->stuck && strstr(c->line, f->stuck))
        return f->p.now >= c->at + c->call.timeout_ms;
    if (c->target == GW_PALETTE && f->palette_away)
        return f->p.now >= c->at + c->call.timeout_ms;
    return !feed || f->told != f->version || !strstr(c->line, "cursor") ||
           f->p.now >= c->at + SECONDS(30);
}

static ms_t ready_at(const struct fake *f, const struct play_call *c)
{
    if (is_ready(f, c))
        return f->p.now;
    if (strstr(c->line, "/feed") && !f->palette_away && !(f->stuck && strstr(c->line, f->stuck)))
        return c->at + SECONDS(30);
    return c->at + c->call.timeout_ms;
}

static struct fake_fault *fault_for(struct fake *f, const char *line)
{
    for (size_t i = 0; i < f->n_faults; i++)
        if (strstr(line, f->faults[i].part) && ++f->faults[i].seen == f->faults[i].n)
            return &f->faults[i];
    return NULL;
}

/* What becomes of an allocate that was sent at `at`. */
static void settle(struct fake *f, const struct play_call *call, bool answered, bool done)
{
    struct fake_cluster *c =
        strstr(call->line, "op=allocate") ? fake_cluster_by(f, buf_text(&call->call.body)) : NULL;
    const char *marker = strstr(call->line, "?agent_name=");

    if (strstr(call->line, "/handover") && answered && fake_cluster_by(f, call->line))
        fake_cluster_by(f, call->line)->offering = false;
    if (marker && answered && fake_cluster_by(f, marker))
        fake_cluster_by(f, marker)->must_look = false;
    if (!c)
        return;
    c->in_flight = false;
    c->must_look = !answered && done;
    c->unknown_at = answered || done ? 0 : call->at;
}

/* Trouble by lot, for one answer in six. */
static struct fake_fault *draw(struct fake *f, struct fake_fault *lot)
{
    static const struct fake_fault lots[] = {
        {.how = FAKE_ASKED},
        {.how = FAKE_DONE},
        {.how = FAKE_LOST},
        {.how = FAKE_LOST, .not_done = true},
        {.how = FAKE_STATUS, .status = 503},
        {.how = FAKE_STATUS, .status = 500, .body = "{"},
        {.how = FAKE_STATUS, .status = 401, .body = "Nonce already used"},
        {.how = FAKE_STATUS, .status = 429},
    };

    if (!f->dice || rng_between(f->dice, 0, 5) > 0)
        return NULL;
    *lot = lots[rng_between(f->dice, 0, COUNTOF(lots) - 1)];
    return lot;
}

static void reply(struct fake *f, size_t i)
{
    const struct play_call *c = &f->p.calls[i];
    struct fake_fault lot, *fault = f->dice ? draw(f, &lot) : fault_for(f, c->line);
    const bool unsaid = f->unsaid && strstr(c->line, f->unsaid);
    const bool away = unsaid || (f->stuck && strstr(c->line, f->stuck)) ||
                      (c->target == GW_PALETTE && f->palette_away);
    const uint64_t ticket = c->ticket;
    struct http_result r;
    bool lost = away, killed = false, done = false;

    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    if (fault && fault->how == FAKE_ASKED) {
        killed = true;
    } else if (fault && fault->how == FAKE_STATUS) {
        r.status = fault->status;
        buf_text_add(&r.body, fault->body ? fault->body : "");
    } else if (!away && !(fault && fault->not_done)) {
        r.status = answer_of(f, c, &r.body);
        done = true;
        killed = fault && fault->how == FAKE_DONE;
    }
    lost = lost || (fault && fault->how == FAKE_LOST);
    settle(f, c, !lost && !killed, done);
    if (lost) {
        buf_drop(&r.body);
        r.status = 0;
        r.outcome = unsaid ? HTTP_NO_NAME : HTTP_TIMEOUT;
    }
    if (killed)
        play_kill(&f->p);
    else
        play_result(&f->p, ticket, &r);
    http_result_drop(&r);
}

/* false: nothing to answer now. */
static bool answer_one(struct fake *f)
{
    for (size_t i = 0; i < f->p.n_calls; i++) {
        if (!is_ready(f, &f->p.calls[i]))
            continue;
        reply(f, i);
        return true;
    }
    return false;
}

void fake_until(struct fake *f, ms_t t)
{
    if (!f->p.g)
        play_start(&f->p);
    for (;;) {
        ms_t next = t;

        if (f->p.dead) {
            for (size_t i = 0; i < FAKE_CLUSTERS; i++) {
                struct fake_cluster *c = &f->clusters[i];

                if (c->in_flight) /* killed in flight: as good as lost */
                    c->unknown_at = f->p.now;
                c->in_flight = false;
            }
            play_start(&f->p);
            continue;
        }
        world_turn(f);
        if (answer_one(f))
            continue;
        if (f->p.now >= t)
            return;
        next = ms_min(next, world_due(f));
        next = ms_min(next, ms_max(gw_due(f->p.g), f->p.now));
        for (size_t i = 0; i < f->p.n_calls; i++)
            next = ms_min(next, ready_at(f, &f->p.calls[i]));
        play_until(&f->p, ms_max(next, f->p.now));
    }
}

/* --- for tests -------------------------------------------------------------------------------- */

int fake_open(void **state)
{
    struct fake *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_init(f);
    *state = f;
    return 0;
}

int fake_close(void **state)
{
    fake_drop(*state);
    free(*state);
    return 0;
}

void fake_log_is(struct fake *f, const char *text)
{
    assert_text(buf_text(&f->log), text);
    buf_clear(&f->log);
}

const struct play_call *fake_until_call(struct fake *f, const char *part)
{
    const ms_t end = f->p.now + HOURS(1);

    while (f->p.g == NULL || !play_find(&f->p, part)) {
        assert_true(f->p.now < end);
        fake_until(f, f->p.now + SECONDS(1));
    }
    return play_find(&f->p, part);
}

size_t fake_log_count(const struct fake *f, const char *word)
{
    size_t n = 0;

    for (const char *p = buf_text(&f->log); (p = strstr(p, word)); p++)
        n++;
    return n;
}

void fake_changed(struct fake *f, struct fake_cluster *c)
{
    if (c)
        c->revision++;
    f->version++;
}
