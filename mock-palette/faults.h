/* Misbehaviours that are armed; the words for them are in faults.c. */
#ifndef MOCK_PALETTE_FAULTS_H
#define MOCK_PALETTE_FAULTS_H

#include "mock-palette/model.h"

const char *pal_fault_name(enum pal_fault_what what);
/* The first that is armed, of those kinds (bits), and means this call: it has fired. NULL. */
struct pal_fault *pal_fault_of(struct pal_ask *a, unsigned whats);
bool pal_fault_before(struct pal_ask *a); /* true: it has been answered */
void pal_fault_after(struct pal_ask *a);  /* what was done is done */

#endif
