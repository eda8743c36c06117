/* What relay.backup writes into user data, and where the agents' door looks for it. */
#ifndef TESTS_ROGUES_SECOND_WAY_H
#define TESTS_ROGUES_SECOND_WAY_H

#define SECOND_WAY_PATH  "/etc/gateproof/second-way"
#define SECOND_WAY_AFTER 3 /* failures of one call */

#endif
