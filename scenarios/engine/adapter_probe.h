/* The adapter probe (GP-20): does the command keep the launch contract at all? Three starts in a
 * lab without MAAS and Palette. What it finds is about the contract, never a verdict on a rule. */
#ifndef SCENARIOS_ENGINE_ADAPTER_PROBE_H
#define SCENARIOS_ENGINE_ADAPTER_PROBE_H

#include "scenarios/engine/stage.h"

/* In pid 1 of the run's namespaces. 0, or one sentence about the start that went wrong. */
int adapter_probe(const struct stage_run *r, const char *dir, struct err *e) MUST_CHECK;

#endif
