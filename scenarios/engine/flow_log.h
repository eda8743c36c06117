/* Every flow of a run, for the journal's last page: who began it, as whom it was seen outside, what
 * it asked for, its first and last packet, and how many bytes went each way, by the sequence
 * numbers of its first and last packets alone. Pure; bounded: flows beyond FLOW_LOG_MAX are
 * counted, not kept. */
#ifndef SCENARIOS_ENGINE_FLOW_LOG_H
#define SCENARIOS_ENGINE_FLOW_LOG_H

#include "scenarios/engine/packet.h"

#define FLOW_LOG_MAX 8192

struct flow_entry {
    size_t link; /* where it began */
    uint32_t from, to;
    uint16_t from_port, to_port;
    uint32_t isn, answer_isn;
    bool answered, sent_known, received_known;
    uint32_t seen_as; /* its source on the last link that saw it */
    ms_t first, last; /* domain time */
    uint64_t sent, received;
    const char *kind; /* "" until its first bytes were read */
    char name[PACKET_NAME_MAX];
};
struct flow_log;
struct flow_log *flow_log_new(void);
void flow_log_free(struct flow_log *f);

/* A SYN that is no repetition. `begins`: on its source's own link. */
void flow_log_syn(struct flow_log *f, size_t link, const struct packet *p, bool begins, ms_t now);
/* SYN-ACK, FIN or RST. */
void flow_log_turn(struct flow_log *f, size_t link, const struct packet *p, ms_t now);
/* What its first bytes were. kind: a static word. */
void flow_log_first(struct flow_log *f, size_t link, const struct packet *p, const char *kind,
                    const char *name);
size_t flow_log_n(const struct flow_log *f);
const struct flow_entry *flow_log_at(const struct flow_log *f, size_t i); /* in order of first */
uint64_t flow_log_lost(const struct flow_log *f);

#endif
