/* A stage for the gateway's core: virtual time, the calls in flight, a store of records, and a
 * compact text of what it did. The stage checks with every effect that no secret is in a line for
 * people or in a URL. Times are milliseconds; the stage owns everything it holds. */
#ifndef TESTS_UNIT_GW_PLAY_H
#define TESTS_UNIT_GW_PLAY_H

#include "gateway/core.h"

#define PLAY_CALLS_MAX   64
#define PLAY_RECORDS_MAX 32
#define PLAY_CODE        "CODE8XT2QK"
#define PLAY_KEY         "maasconsumer:maastoken:maassecret"

struct play_call {
    uint64_t ticket;
    ms_t at;
    enum gw_target target;
    struct http_call call;
    char line[1400]; /* "POST https://…" */
};

struct play {
    struct gw *g; /* NULL: not running */
    struct gw_effects *fx;
    struct gw_config config;
    ms_t now;
    uint64_t starts; /* makes every start's seed and entropy differ */
    uint64_t seed;
    int64_t wall_off_s; /* the wall clock stands so much ahead */
    size_t n_calls, n_records;
    struct play_call calls[PLAY_CALLS_MAX];
    struct play_record {
        char key[64];
        struct buf bytes;
    } records[PLAY_RECORDS_MAX], durable[PLAY_RECORDS_MAX];
    size_t n_durable; /* what a kill leaves: the records as of the last sync */
    size_t n_effects; /* carried out so far */
    size_t die_at;    /* the process is killed before that effect; 0: it lives */
    bool dead;
    struct buf trace; /* one line a step that did anything */
    struct buf said;
    bool over;
    int exit_code;
    bool unsynced; /* a record was written and not made durable yet */
    size_t n_sent; /* calls so far */
    void (*on_call)(struct play *p, const struct play_call *call); /* may be NULL */
};

void play_init(struct play *p);
void play_drop(struct play *p);
/* The same as a set-up and a tear-down of CMocka: *state is the play. */
int play_open(void **state);
int play_open_linked(void **state); /* up to its first heartbeat */
int play_close(void **state);

/* A new process with the records of the one before; whatever was in flight is gone. */
void play_start(struct play *p);
void play_stop(struct play *p);
/* p->config as it is now, to a gateway at work (GP-15). */
void play_reload(struct play *p);
/* A kill with power: calls and unsynced records are gone. play_start goes on from there. */
void play_kill(struct play *p);
/* And the state directory is empty. */
void play_wipe(struct play *p);
/* Lets time pass, with every moment the core asked for in between. */
void play_until(struct play *p, ms_t t);
void play_wait(struct play *p); /* until the core does something of its own */

/* The call in flight whose line holds `part`; NULL when there is none. */
struct play_call *play_find(struct play *p, const char *part);
/* Answers that call: with a status and a body, or with an outcome that is no answer. */
void play_reply(struct play *p, const char *part, int status, const char *body);
void play_reply_later(struct play *p, const char *part, int status, int64_t retry_after_s);
void play_lose(struct play *p, const char *part, enum http_outcome outcome);
void play_result(struct play *p, uint64_t ticket, const struct http_result *r);

const char *play_record_of(const struct play *p, const char *key); /* "" when there is none */

/* To the point where the gateway is linked, has beaten and waits in its first feed. */
#define PLAY_GRANTED                                                                               \
    "{\"token\":\"tok-one\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\","                   \
    "\"isSystem\":false,\"registered\":false}"
#define PLAY_GRANTED_AGAIN                                                                         \
    "{\"token\":\"tok-two\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\","                   \
    "\"isSystem\":false,\"registered\":true}"
void play_link(struct play *p);

/* The whole trace since the last time; cleared afterwards. */
#define STORY(p, text)                                                                             \
    do {                                                                                           \
        assert_string_equal(buf_text(&(p)->trace), (text));                                        \
        buf_clear(&(p)->trace);                                                                    \
    } while (0)

#endif
