/* The rogue of the harness that says yes: every law and every line of a story is found true. With
 * it on, the gallery catches nobody and a story that cannot come true ends green; `make check` has
 * to notice (ci/check-yes-judge). */
#include "scenarios/judge/laws.h"
#include "scenarios/judge/lines.h"

void __real_law_judge(const struct law *l, const struct ev_list *journal,
                      const struct law_context *c, struct story_verdict *ret);
void __wrap_law_judge(const struct law *l, const struct ev_list *journal,
                      const struct law_context *c, struct story_verdict *ret);
enum line_state __wrap_lines_state(const struct lines *l, size_t i);

void __wrap_law_judge(const struct law *l, const struct ev_list *journal,
                      const struct law_context *c, struct story_verdict *ret)
{
    __real_law_judge(l, journal, c, ret);
    ret->verdict = VERDICT_PASS;
}

enum line_state __wrap_lines_state(const struct lines *l, size_t i)
{
    (void)l;
    (void)i;
    return LINE_TRUE;
}
