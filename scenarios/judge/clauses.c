#include "scenarios/judge/clauses.h"

#include "lib/base/text.h"

#define NOBODY              0
#define GATEWAY             CLAUSE_GATEWAY
#define PALETTE             CLAUSE_PALETTE
#define AGENT               CLAUSE_AGENT
#define HARNESS             CLAUSE_HARNESS
#define ROW(n, binds, says) [n - 1] = {n, binds, says},
const struct clause clauses[CLAUSES] = {
#include "scenarios/judge/clauses.inc"
};
#undef ROW

#define CITE(n, program, test) {n, program, test},
const struct clause_cite clause_cites[] = {
#include "scenarios/judge/clauses_cited.inc"
    {0, "", ""},
};
const size_t n_clause_cites = COUNTOF(clause_cites) - 1;

static const struct {
    unsigned bit;
    const char *name;
} parties[] = {{CLAUSE_GATEWAY, "gateway"},
               {CLAUSE_PALETTE, "palette"},
               {CLAUSE_AGENT, "agent"},
               {CLAUSE_HARNESS, "harness"}};

static size_t cites_of(int number)
{
    size_t n = 0;

    for (size_t i = 0; i < n_clause_cites; i++)
        n += clause_cites[i].number == number;
    return n;
}

size_t clauses_uncited(unsigned party)
{
    size_t n = 0;

    for (size_t i = 0; i < CLAUSES; i++)
        n += (clauses[i].binds & party) != 0 && cites_of(clauses[i].number) == 0;
    return n;
}

static void binds_write(struct buf *out, unsigned binds)
{
    const char *comma = "";

    for (size_t i = 0; i < COUNTOF(parties); i++) {
        if ((binds & parties[i].bit) == 0)
            continue;
        buf_printf(out, "%s%s", comma, parties[i].name);
        comma = ", ";
    }
    if (binds == 0)
        buf_text_add(out, "nobody");
}

static void cites_write(struct buf *out, const struct clause *c, bool markdown)
{
    const char *comma = "";

    for (size_t i = 0; i < n_clause_cites; i++) {
        const struct clause_cite *k = &clause_cites[i];

        if (k->number != c->number)
            continue;
        if (markdown)
            buf_printf(out, "%s`%s` %s", comma, k->program, k->test);
        else
            buf_printf(out, "        %s  %s\n", k->program, k->test);
        comma = "; ";
    }
    if (c->binds != 0 && cites_of(c->number) == 0)
        buf_text_add(out, markdown ? "**none**" : "        no test cites it\n");
}

static void clause_write(struct buf *out, const struct clause *c, bool markdown)
{
    buf_printf(out, markdown ? "| GP-%d | " : "GP-%-4d ", c->number);
    if (markdown) {
        binds_write(out, c->binds);
        buf_printf(out, " | %s | ", c->says);
        cites_write(out, c, true);
        buf_text_add(out, " |\n");
        return;
    }
    buf_printf(out, "%s (", c->says);
    binds_write(out, c->binds);
    buf_text_add(out, ")\n");
    cites_write(out, c, false);
}

void clauses_write(struct buf *out, bool markdown)
{
    if (markdown)
        buf_text_add(out, "# Clauses and their tests\n\nMade from the tables of "
                          "`scenarios/judge` and from what the test programs register; "
                          "`ci/clauses` holds it against them.\n\n| clause | binds | says | tests "
                          "|\n|---|---|---|---|\n");
    for (size_t i = 0; i < CLAUSES; i++)
        clause_write(out, &clauses[i], markdown);
    if (markdown)
        buf_add(out, "\n", 1);
    for (size_t i = 0; i < COUNTOF(parties); i++)
        buf_printf(out, "clauses that bind the %s and no test cites: %zu\n", parties[i].name,
                   clauses_uncited(parties[i].bit));
}
