/* Between the files of the facts: arguments, evidence, counting, and the table of each file. */
#ifndef SCENARIOS_JUDGE_FACTS_PRIVATE_H
#define SCENARIOS_JUDGE_FACTS_PRIVATE_H

#include "scenarios/judge/facts.h"

const char *fact_arg(const struct fact *f, size_t i);
void fact_evidence_add(struct fact *f, const struct event *e);
void fact_evidence_set(struct fact *f, const struct event *e); /* of a state: what made it */
bool fact_in_range(const struct fact *f, int64_t count);
void fact_count(struct fact *f, const struct event *e);
bool fact_count_holds(const struct fact *f, const struct view *v, bool final);
void fact_count_seen(const struct fact *f, const struct view *v, char *out, size_t size);
/* Who made a call at Palette: a role, or a cluster through its agent. */
bool fact_caller_is(const struct event *e, const char *wanted);
bool fact_flow_is(const struct view *v, const struct event *e, const char *from, const char *to);
/* A role or a cluster, or any. */
bool fact_party_is(const struct view *v, const char *address, const char *wanted);
/* Status above 0 and below 400. */
bool fact_is_taken(const struct event *e);
/* "read" and "change" by method, others by the last part of the operation's name. */
bool fact_maas_op_is(const struct event *e, const char *wanted);

/* Facts of clusters, machines and order; ends with a row without a verb. */
extern const struct fact_row fact_cluster_rows[];
/* Facts of wires; ends likewise. */
extern const struct fact_row fact_wire_rows[];
/* Facts of certificates, and of who reads what; ends likewise. */
extern const struct fact_row fact_tls_rows[];
/* Facts of programs other than the gateway; ends likewise. */
extern const struct fact_row fact_program_rows[];
/* Facts of accounts, ways and the gateway inside Palette; ends likewise. */
extern const struct fact_row fact_site_rows[];
/* Facts of proxies and user data; ends likewise. */
extern const struct fact_row fact_proxy_rows[];

#endif
