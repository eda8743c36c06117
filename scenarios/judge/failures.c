#include "scenarios/judge/failures.h"

#include <stdio.h>

#define OURS                          NULL
#define ROW(s, n, not_ours, sentence) {s, n, not_ours, sentence},
const struct failure failures[] = {
#include "scenarios/judge/failures.inc"
};
#undef ROW
const size_t n_failures = COUNTOF(failures);

#define CITE(series, n, program, test) {series, n, program, test},
static const struct failure_cite cites[] = {
#include "scenarios/judge/failures_cited.inc"
    {'\0', 0, "", ""},
};

static bool is_cited_by(const struct failure *f, const struct failure_cite *k)
{
    return k->series == f->series && k->number == f->number;
}

static size_t cites_of(const struct failure *f)
{
    size_t n = 0;

    for (size_t i = 0; i < COUNTOF(cites); i++)
        n += is_cited_by(f, &cites[i]);
    return n;
}

static void name_write(struct buf *out, const struct failure *f)
{
    buf_printf(out, f->series == 'F' ? "F-%02d" : "P%d", f->number);
}

static void cites_write(struct buf *out, const struct failure *f, bool markdown)
{
    const char *comma = "";

    for (size_t i = 0; i < COUNTOF(cites); i++) {
        const struct failure_cite *k = &cites[i];

        if (!is_cited_by(f, k))
            continue;
        if (markdown)
            buf_printf(out, "%s`%s` %s", comma, k->program, k->test);
        else
            buf_printf(out, "        %s  %s\n", k->program, k->test);
        comma = "; ";
    }
}

static void failure_write(struct buf *out, const struct failure *f, bool markdown)
{
    buf_text_add(out, markdown ? "| " : "");
    name_write(out, f);
    buf_printf(out, markdown ? " | %s | " : "  %s\n", f->says);
    if (f->not_ours)
        buf_printf(out, markdown ? "not ours: %s" : "        not ours: %s\n", f->not_ours);
    else if (cites_of(f) == 0)
        buf_text_add(out, markdown ? "**none**" : "        no test shows it\n");
    else
        cites_write(out, f, markdown);
    buf_text_add(out, markdown ? " |\n" : "");
}

static void sum_write(struct buf *out)
{
    size_t ours = 0, covered = 0;

    for (size_t i = 0; i < n_failures; i++) {
        ours += failures[i].not_ours == NULL;
        covered += failures[i].not_ours == NULL && cites_of(&failures[i]) > 0;
    }
    buf_printf(out,
               "P and F stories: %zu of %zu covered, %zu not ours (reasons in docs/failures.md)\n",
               covered, ours, n_failures - ours);
}

void failures_write(struct buf *out, bool markdown)
{
    if (markdown)
        buf_text_add(
            out,
            "# Failures that others had\n\nP: clients of MAAS, by their public issues and sources. F: "
            "private gateways in the field, by public\ndocuments. Each is a case in our tests, or "
            "says why it is not about a gateway for bare metal.\nMade from "
            "`scenarios/judge/failures.inc` and from what the tests register (`tests/test.h`);\n"
            "`ci/clauses` turns red for a story that no test shows. `gateproof rules --failures` "
            "prints it.\n\n| story | what went wrong, or is wanted instead | shown by "
            "|\n|---|---|---|\n");
    for (size_t i = 0; i < n_failures; i++)
        failure_write(out, &failures[i], markdown);
    buf_text_add(out, markdown ? "\n" : "");
    sum_write(out);
}
