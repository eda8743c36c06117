/* Misbehaviours that are armed; the words for them are in faults.c and misdeeds.c. */
#ifndef MOCK_PALETTE_FAULTS_H
#define MOCK_PALETTE_FAULTS_H

#include "mock-palette/model.h"

#include "lib/base/wire_words.h"

const char *pal_fault_name(enum pal_fault_what what);
/* The first that is armed, of those kinds (bits), and means this call: it has fired. NULL. */
struct pal_fault *pal_fault_of(struct pal_ask *a, unsigned whats);
bool pal_fault_before(struct pal_ask *a); /* true: it has been answered */
void pal_fault_after(struct pal_ask *a);  /* what was done is done */

/* misdeeds.c: rows of the list. */
size_t pal_misdeed_named(const char *name);
size_t pal_misdeed_of(const struct pal_fault *f);
void pal_misdeed_armed(struct palette *p, const char *name, ms_t now, struct ev_list *events);
/* What the wire does to an answer, from the words behind the operation. false: other words. */
bool pal_wire_read(const struct wire_words *w, struct pal_fault *f);

#endif
