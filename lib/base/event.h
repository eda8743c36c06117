/* The journal's vocabulary: which events there are, which fields they may carry, and how a field
 * counts when two runs are compared. One row a fact; docs/journal.md is made from these tables.
 *
 * An event is a small value: kind, domain time, writer, and field=text pairs. Numbers are kept as
 * decimal text. A judge is a pure function over a list of events and nothing else
 * (docs/ARCHITECTURE.md, the journal is the only truth). */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* How a field counts when two journals are compared (ev_project). */
enum ev_mark {
    EV_STABLE, /* must be equal */
    EV_RENAME, /* equal after renaming values by first appearance: uids, connection numbers */
    EV_DROP    /* does not count: ports, nonces, pids, digests, wall times */
};

/* clang-format off */
#define EV_FIELDS(F)                                                                               \
    /* name        json          mark       what it says */                                       \
    F(STORY,      "story",      EV_STABLE, "name of the story")                                    \
    F(STAGE,      "stage",      EV_DROP,   "sim, loopback, netns")                                           \
    F(CLOCK,      "clock",      EV_DROP,   "virtual, stepped, wall")                               \
    F(SEED,       "seed",       EV_STABLE, "the run's seed")                                       \
    F(OVER,       "over",       EV_STABLE, "value that `over` put in")                             \
    F(BUILD,      "build",      EV_DROP,   "digest of a program")                                  \
    F(LINE,       "line",       EV_STABLE, "line number in the story")                             \
    F(VERB,       "verb",       EV_STABLE, "the words of an act, or of a user's call")             \
    F(FIRED,      "fired",      EV_STABLE, "1 the act was done, 0 it could not be")                \
    F(WHO,        "who",        EV_STABLE, "role: gateway, palette, maas, user, proxy, canary, …") \
    F(FROM,       "from",       EV_STABLE, "role of the source, or its zone when it has none")     \
    F(TO,         "to",         EV_STABLE, "role of the target")                                   \
    F(FROM_ZONE,  "from_zone",  EV_STABLE, "zone of the source: private, internet, transit, …")    \
    F(TO_ZONE,    "to_zone",    EV_STABLE, "zone of the target")                                   \
    F(FROM_IP,    "from_ip",    EV_STABLE, "source address as seen at `link`")                     \
    F(TO_IP,      "to_ip",      EV_STABLE, "target address as seen at `link`")                     \
    F(FROM_PORT,  "from_port",  EV_DROP,   "source port")                                          \
    F(TO_PORT,    "to_port",    EV_STABLE, "target port")                                          \
    F(IP,         "ip",         EV_STABLE, "an address of the lab")                                \
    F(LINK,       "link",       EV_STABLE, "zone whose bridge saw it")                             \
    F(KIND,       "kind",       EV_STABLE, "what sort: tls, connect+tls, http, other; a state; …") \
    F(SNI,        "sni",        EV_STABLE, "name in a ClientHello, or target of a CONNECT")        \
    F(ANSWER,     "answer",     EV_STABLE, "open, nat, drop, refused, proxy; or an address")       \
    F(EXPECTED,   "expected",   EV_STABLE, "what the lab's table says")                            \
    F(COUNT,      "count",      EV_STABLE, "how many")                                             \
    F(NAME,       "name",       EV_STABLE, "a name")                                               \
    F(PID,        "pid",        EV_DROP,   "process id")                                           \
    F(SIGNAL,     "signal",     EV_STABLE, "signal sent, or that ended it")                        \
    F(STATUS,     "status",     EV_STABLE, "HTTP status, or exit status")                          \
    F(WHY,        "why",        EV_STABLE, "reason in a word or a sentence")                       \
    F(CONN,       "conn",       EV_RENAME, "connection number at that server")                     \
    F(PEER,       "peer",       EV_STABLE, "source address as the server saw it")                  \
    F(OP,         "op",         EV_STABLE, "operation: credential, register, heartbeat, feed, …")  \
    F(METHOD,     "method",     EV_STABLE, "HTTP method")                                          \
    F(PATH,       "path",       EV_DROP,   "path with its variables' names, no values")            \
    F(CODE,       "code",       EV_STABLE, "v1Error code, or state of a pairing code")             \
    F(UID,        "uid",        EV_RENAME, "uid of a gateway, account, project")                   \
    F(BOUND_TO,   "bound_to",   EV_RENAME, "uid of the gateway an account is bound to")            \
    F(MADE_BY,    "made_by",    EV_STABLE, "gateway or user")                                      \
    F(KEY_ID,     "key_id",     EV_RENAME, "name of a key or credential, never the key")           \
    F(ACCEPTED,   "accepted",   EV_STABLE, "1 or 0")                                               \
    F(STATE,      "state",      EV_STABLE, "state after a change")                                 \
    F(BEFORE,     "before",     EV_STABLE, "state before a change")                                \
    F(CLUSTER,    "cluster",    EV_STABLE, "name of a cluster")                                    \
    F(MACHINE,    "machine",    EV_STABLE, "system id of a machine")                               \
    F(PHASE,      "phase",      EV_STABLE, "of a point: asked, done, answered")                    \
    F(OWNER,      "owner",      EV_STABLE, "owner of a cluster (gateway, cluster), or MAAS user of a machine") \
    F(EPOCH,      "epoch",      EV_STABLE, "epoch of a cluster")                                   \
    F(REVISION,   "revision",   EV_STABLE, "revision of a cluster's item")                         \
    F(CLAIM,      "claim",      EV_STABLE, "number of a claim")                                    \
    F(MARKER,     "marker",     EV_RENAME, "marker of a cluster, agent_name of a machine")         \
    F(HEALTH,     "health",     EV_STABLE, "health that Palette shows")                            \
    F(SIZE,       "size",       EV_STABLE, "machines wanted, or nodes seen")                       \
    F(PARAMS,     "params",     EV_STABLE, "parameters of a call that the judge may ask for, name=value with blanks between") \
    F(CONDITION,  "condition",  EV_STABLE, "type of a condition; its reason is in why")            \
    F(LABEL,      "label",      EV_STABLE, "key=value")                                            \
    F(WAITED,     "waited",     EV_STABLE, "1: the call was parked before it was answered")        \
    F(WHERE,      "where",      EV_STABLE, "where a secret was seen: output, journal, clear text") \
    F(LOST,       "lost",       EV_STABLE, "records or packets known to be lost")                  \
    F(CREDENTIALS,"credentials",EV_STABLE, "1: the request carried credentials, which are never kept") \
    F(SENT,       "sent",       EV_DROP,   "bytes from client to server")                          \
    F(RECEIVED,   "received",   EV_DROP,   "bytes from server to client")                          \
    F(SEEN_AS,    "seen_as",    EV_STABLE, "source address on the last link of a flow's way")      \
    F(FIRST,      "first",      EV_DROP,   "domain time of a flow's first packet, ms")             \
    F(LAST,       "last",       EV_DROP,   "domain time of the last packet that began, answered or ended it, ms") \
    F(CHAIN_END,  "chain_end",  EV_DROP,   "hash of a writer's last record")                       \
    F(TEXT,       "text",       EV_DROP,   "words for a person; never judged")

#define EV_KINDS(K)                                                                                \
    /* name          json            fields that must be there                    what happened */ \
    K(RUN_BEGIN,    "run.begin",    "story stage clock seed",                                      \
      "the run begins; domain time 0")                                                             \
    K(RUN_END,      "run.end",      "why",              "the run is over: decided, time, budget, harness") \
    K(ACT,          "act",          "line verb fired",  "an act of the story was done")            \
    K(FAULT,        "fault",        "name kind count",  "a fault was armed or fired (kind)")       \
    K(PROG,         "prog",         "who kind",         "a program started, stopped, was signalled, exited, hung, flooded, forked-away, unsynced (kind)") \
    K(CLOCK,        "clock",        "why",              "domain time was set by other means than waiting") \
    K(TAP_CANARY,   "tap.canary",   "link count",       "the canary flow was seen on a link; count 1 at the start, 2 at the end") \
    K(TAP_DROPS,    "tap.drops",    "lost",             "packets the kernel could not hand to the capture") \
    K(PROBE,        "probe",        "from to answer expected", "one pair of hosts was probed")     \
    K(FLOW_TRY,     "flow.try",     "from to link",     "a first SYN, answered or not")            \
    K(LAB_PATH,     "lab.path",     "from to answer kind", "how the lab's table says that Palette reaches MAAS, and which Palette it is (kind); said once, at the start") \
    K(LAB_HOST,     "lab.host",     "name who link ip", "an address of the lab and whose it is; said once each, at the start") \
    K(FLOW_FIRST,   "flow.first",   "from to kind",     "first bytes of a flow, client to server") \
    K(FLOW_END,     "flow.end",     "from to from_ip seen_as kind sni first last sent received", \
      "a flow as a whole, told when it is closed or at the end of the run; bytes are 0 where its end was not seen") \
    K(RUN_AGAIN,    "run.again",    "kind count",       "the same run was played before, and the journals are equal until here, or differ (kind, after so many records)") \
    K(ROUTER_FORGOT,"router.forgot","name count",       "a router forgot so many flows: idle ones, or all at once") \
    K(DNS_ANSWER,   "dns.answer",   "from name answer", "the lab's name server answered")          \
    K(PROXY_CONNECT,"proxy.connect","from sni status",  "a proxy made the tunnel that a CONNECT asked for") \
    K(PROXY_REFUSE, "proxy.refuse", "from sni status",  "a proxy refused a CONNECT, or a request of another kind") \
    K(PROXY_CLOSE,  "proxy.close",  "from sni why",     "a tunnel ended: by the client, the target, for being idle, too old (time) or with the run (end)") \
    K(BUMP_CERT,    "bump.cert",    "from sni",         "an inspecting proxy answered a client's hello with a certificate of its own making") \
    K(BUMP_REQUEST, "bump.request", "from sni method",  "a request became readable at an inspecting proxy, the first of its tunnel") \
    K(TLS_SHOWN,    "tls.shown",    "conn peer kind",   "a client's hello met a server that shows another certificate than its own (kind)") \
    K(MAAS_CALL,    "maas.call",    "conn peer op status", "a request at MAAS was answered")       \
    K(PAL_CALL,     "pal.call",     "conn peer op status", "a request at Palette was answered")    \
    K(PAL_REGISTER, "pal.register", "uid accepted",     "a gateway registered, or tried")          \
    K(PAL_ENROL,    "pal.enrol",    "uid accepted",     "a credential was asked for with a pairing code") \
    K(PAL_LEASE,    "pal.lease",    "uid who kind",     "replica who of a gateway took the lease or gave it back (kind); count: its number") \
    K(PAL_BREACH,   "pal.breach",   "who op kind why",  "a gateway or agent did what the profile forbids (why: clauses), and was refused, or in mode lenient let pass (kind)") \
    K(PAL_GATEWAY,  "pal.gateway",  "uid state before", "the state Palette shows for a gateway changed; also made and deleted") \
    K(PAL_ACCOUNT,  "pal.account",  "uid bound_to made_by kind", "a cloud account was made, changed, deleted (kind)") \
    K(PAL_QUERY,    "pal.query",    "name kind",        "a user's question was asked, listed, answered, timed-out (kind)") \
    K(PAL_USER,     "pal.user",     "verb status",      "the user's call through the public API was answered") \
    K(POINT,        "point",        "op count phase",   "the count-th such operation of the run reached a phase") \
    K(MAAS_STATE,   "maas.state",   "machine uid state before owner marker why", "a machine's status changed; also at the start, with before empty") \
    K(MAAS_MARK,    "maas.mark",    "machine uid marker owner why", "who holds a machine changed without its status: allocate, release, by hand") \
    K(MAAS_RECORD,  "maas.record",  "name answer kind", "a DNS record was made, changed, deleted (kind); answer: its addresses") \
    K(PAL_CLUSTER,  "pal.cluster",  "cluster uid marker state before", "the state or the health of a cluster changed; made: before empty") \
    K(PAL_OWNER,    "pal.owner",    "cluster owner epoch uid", "the owner or the responsible gateway (uid) changed") \
    K(PAL_WORK,     "pal.work",     "cluster kind uid conn count", "a feed answer listed the cluster (kind create or delete) for a gateway, the count-th time") \
    K(PAL_HELLO,    "pal.hello",    "cluster peer key_id machine accepted", "an agent registered; machine: system id") \
    K(PAL_BEAT,     "pal.beat",     "cluster peer key_id who", "a heartbeat for a cluster was accepted") \
    K(PAL_REPORT,   "pal.report",   "cluster peer who condition state", "a report about a cluster was accepted") \
    K(PAL_NODE,     "pal.node",     "cluster machine kind", "a machine record of a cluster was made, changed, deleted (kind); seen: the agent named the node") \
    K(NODE_BOOT,    "node.boot",    "machine cluster",  "a machine booted and ran its user data; params: endpoint, anchor, proxy and no-proxy as it found them") \
    K(NODE_DIAL,    "node.dial",    "machine to answer","a node tried to reach something") \
    K(SECRET_HIT,   "secret.hit",   "name where",       "a secret was seen where it must not be")  \
    K(ROGUE_ACT,    "rogue.act",    "name text",        "a rogue did what it is there for, and says so itself; of test builds only") \
    K(WRITER_END,   "writer.end",   "count chain_end",  "a writer's last word: how many records it made before this one") \
    K(NOTE,         "note",         "text",             "words for a person")

#define EV_SRCS(S) S(ENGINE, "engine") S(CAPTURE, "capture") S(PALETTE, "palette") S(MAAS, "maas") \
    S(AGENT, "agent") S(PROXY, "proxy") S(DNS, "dns") S(LAUNCHER, "launcher")
/* clang-format on */

#define EV_ENUM_FIELD(id, json, mark, what) EVF_##id,
#define EV_ENUM_KIND(id, json, must, what)  EV_##id,
#define EV_ENUM_SRC(id, json)               EVS_##id,
enum ev_field { EV_FIELDS(EV_ENUM_FIELD) EV_FIELD_COUNT };
enum ev_kind { EV_KINDS(EV_ENUM_KIND) EV_COUNT };
enum ev_src { EV_SRCS(EV_ENUM_SRC) EVS_COUNT };
#undef EV_ENUM_FIELD
#undef EV_ENUM_KIND
#undef EV_ENUM_SRC

const char *ev_field_name(enum ev_field f);
const char *ev_kind_name(enum ev_kind k);
const char *ev_src_name(enum ev_src s);
const char *ev_field_what(enum ev_field f);
const char *ev_kind_what(enum ev_kind k);
const char *ev_kind_must(enum ev_kind k); /* names of fields, separated by blanks */
enum ev_mark ev_field_mark(enum ev_field f);
/* By name; EV_FIELD_COUNT, EV_COUNT, EVS_COUNT when unknown. */
enum ev_field ev_field_find(const char *name);
enum ev_kind ev_kind_find(const char *name);
enum ev_src ev_src_find(const char *name);

#define EV_BYTES_MAX 1536 /* fields of one event, packed; a longer value is cut at EV_VALUE_MAX */
#define EV_VALUE_MAX 512
#define EV_CHAIN_LEN 16 /* hex digits of a chain link kept in a record */

/* One record. `bytes` holds n packed fields: [uint8 field][uint16 len][len bytes][NUL]. */
struct event {
    uint64_t seq; /* place in the one order of the whole run; 0 until a journal gave it one */
    uint64_t nth; /* n-th record of its writer, from 1; 0 until then */
    ms_t t;       /* domain time */
    enum ev_kind kind;
    enum ev_src src;
    char chain[EV_CHAIN_LEN + 1]; /* hash over the writer's record before and this one */
    uint16_t len;
    uint8_t n;
    char bytes[EV_BYTES_MAX];
};
#define EVENT_HEAD_SIZE offsetof(struct event, bytes) /* copy EVENT_HEAD_SIZE + len bytes */

void ev_init(struct event *e, enum ev_kind kind, ms_t t);
/* A field may be added once. NULL text counts as "". What does not fit is cut, never lost whole. */
void ev_text_add(struct event *e, enum ev_field f, const char *text);
void ev_int_add(struct event *e, enum ev_field f, int64_t value);
bool ev_has(const struct event *e, enum ev_field f);
const char *ev_text(const struct event *e, enum ev_field f); /* "" when absent */
int64_t ev_int(const struct event *e, enum ev_field f);      /* -1 when absent or no number */
bool ev_is(const struct event *e, enum ev_field f, const char *text);
bool ev_equal(const struct event *a, const struct event *b); /* in everything, chain included */
/* Name of a field that the kind's row demands and that is missing, or NULL. */
const char *ev_missing(const struct event *e);

/* The chain link of a record after one with chain `before` ("" for a writer's first): SHA-256 over
 * both, cut to EV_CHAIN_LEN hex digits. Covers seq, nth, t, kind, src and all fields. */
void ev_chain(const struct event *e, const char *before, char out[EV_CHAIN_LEN + 1]);

/* A growing list; elements are stored tightly and found by index in constant time. */
struct ev_list {
    char *bytes;
    size_t len, cap;
    size_t *at; /* offset of each */
    size_t n, at_cap;
};
void ev_list_init(struct ev_list *l);
void ev_list_drop(struct ev_list *l);
void ev_list_clear(struct ev_list *l);
void ev_list_add(struct ev_list *l, const struct event *e);
const struct event *ev_list_at(const struct ev_list *l, size_t i); /* until the next add */
void ev_list_sort(struct ev_list *l);                              /* by seq */

/* One record as a JSON line, and back. Reading refuses unknown kinds, fields and writers. */
void ev_json_write(struct buf *out, const struct event *e);
int ev_json_read(const char *line, size_t len, struct event *ret, struct err *e) MUST_CHECK;

/* The projection on which two runs must be equal: one text line a record, marks applied,
 * seq renumbered, chains left out. Writers' own order and the common order both count. */
void ev_project(const struct ev_list *l, struct buf *out);

#endif
