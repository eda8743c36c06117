#include "scenarios/engine/lab_rules.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 192
#define WORD_BYTES     64

/* "ip saddr NET", "ip daddr != NET": is it so of this packet? `at` stands behind "saddr". */
static bool term_holds(const char **at, const char *address)
{
    char word[WORD_BYTES] = "";
    bool is_not;

    (void)text_next(at, ' ', word, sizeof(word));
    is_not = text_is(word, "!=");
    if (is_not)
        (void)text_next(at, ' ', word, sizeof(word));
    return (text_is(word, address) || lab_net_has(word, address)) != is_not;
}

/* Behind "saddr", "daddr" or "dport"; every other word says nothing of a packet. */
static bool word_holds(const char *word, const char **at, const struct lab_packet *p)
{
    char port[8];

    if (text_is(word, "saddr"))
        return term_holds(at, p->from);
    if (text_is(word, "daddr"))
        return term_holds(at, p->to);
    if (!text_is(word, "dport"))
        return true;
    snprintf(port, sizeof port, "%u", (unsigned)(uint16_t)p->to_port);
    return term_holds(at, port);
}

/* true when the rule is about a first packet and its end is known. */
static bool rule_ends(const char *line, const struct lab_packet *p, enum lab_end *ret)
{
    static const struct {
        const char *word;
        enum lab_end end;
    } ends[] = {{"accept", LAB_PASSES}, {"drop", LAB_DROPS}, {"masquerade", LAB_REWRITES}};
    char word[WORD_BYTES];

    while (text_next(&line, ' ', word, sizeof(word))) {
        if (!word_holds(word, &line, p))
            return false;
        if (text_begins(word, "established") || text_is(word, "invalid"))
            return false;
        for (size_t i = 0; i < COUNTOF(ends); i++)
            if (text_is(word, ends[i].word)) {
                *ret = ends[i].end;
                return true;
            }
    }
    return false;
}

/* "type filter hook forward priority filter; policy drop;" */
static bool chain_begins(const char *line, const char *hook, bool *is_ours, bool *drops)
{
    const char *at = strstr(line, " hook ");
    const size_t len = strlen(hook);

    if (!at)
        return false;
    at += strlen(" hook ");
    *is_ours = strncmp(at, hook, len) == 0 && at[len] == ' ';
    *drops = strstr(line, "policy drop") != NULL;
    return true;
}

enum lab_end lab_rules_end(const struct lab_host *h, const char *hook, const struct lab_packet *p)
{
    const char *at = h->nft;
    char line[LINE_MAX_BYTES];
    bool is_ours = false, drops = false, was_ours = false;
    enum lab_end end;

    while (text_next(&at, '\n', line, sizeof(line))) {
        bool policy = false;

        if (chain_begins(line, hook, &is_ours, &policy)) {
            drops = is_ours ? policy : drops;
            was_ours = was_ours || is_ours;
        } else if (is_ours && rule_ends(line, p, &end)) {
            return end;
        }
    }
    return was_ours && drops ? LAB_DROPS : LAB_PASSES;
}

/* The words between the first and the brace: "table inet site {" */
static bool name_read(const char *line, const char *head, char *out, size_t size)
{
    const size_t len = strlen(head), n = strcspn(line, "{");

    return text_begins(line, head) && n > len + 1 &&
           text_copy_len(out, size, line + len, n - len - 1);
}

bool lab_rules_chain(const struct lab_host *h, const char *hook, char *ret_table, char *ret_chain,
                     size_t size)
{
    const char *at = h->nft;
    char line[LINE_MAX_BYTES];
    bool is_ours = false, drops;

    while (text_next(&at, '\n', line, sizeof(line))) {
        (void)name_read(line, "table ", ret_table, size);
        (void)name_read(line, "chain ", ret_chain, size);
        if (chain_begins(line, hook, &is_ours, &drops) && is_ours)
            return true;
    }
    return false;
}
