/* H-5: every act of the story took place, and every fault that it armed struck. What did not happen
 * put nobody to the test, however green the rest is. */
#ifndef SCENARIOS_JUDGE_ACCOUNTED_H
#define SCENARIOS_JUDGE_ACCOUNTED_H

#include "scenarios/judge/lines.h"

/* pass, or vacuous with a note that names the first line and what did not happen; a whole verdict
 * but for the clause. `lines` has been fed the whole journal. false: the story does nothing. */
bool accounted_judge(const struct script *s, const struct lines *lines,
                     const struct ev_list *journal, struct story_verdict *ret);

#endif
