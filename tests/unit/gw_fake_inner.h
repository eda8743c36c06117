/* What the files of gw_fake share. */
#ifndef TESTS_UNIT_GW_FAKE_INNER_H
#define TESTS_UNIT_GW_FAKE_INNER_H

#include "tests/unit/gw_fake.h"

void fake_set(char *to, size_t size, const char *from);
struct fake_machine *fake_machine_in(struct fake *f, const char *line);
struct fake_cluster *fake_cluster_by(struct fake *f, const char *text);
struct fake_account *fake_account_of(struct fake *f, const char *line); /* of a call of MAAS */
bool fake_is_held(const struct fake_machine *m, const char *uid);
void fake_freed(struct fake_machine *m);
const char *fake_ip(const struct fake_machine *m, char *out,
                    size_t size); /* its address in names */

int fake_maas_answer(struct fake *f, const struct play_call *c, struct buf *out);
int fake_cluster_answer(struct fake *f, const struct play_call *call, struct buf *out);
void fake_feed_write(const struct fake *f, struct buf *out);

#endif
