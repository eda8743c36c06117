/* Facts of proxies and of user data, over the journal of a cluster that lives behind a proxy. */
#include "tests/test.h"

#include "tests/journals.h"

#include "scenarios/judge/handed.h"
#include "scenarios/judge/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOT(params)                                                                               \
    "{\"t\":20000,\"src\":\"agent\",\"ev\":\"node.boot\",\"machine\":\"m1\",\"cluster\":\"c1\","   \
    "\"uid\":\"aaaaa1\",\"params\":\"" params "\"}"
#define NONE                                                                                       \
    "endpoint=https://palette.example anchor=lab proxy=none proxy-sum=none http-proxy-sum=none "   \
    "environment=none containerd=none no-proxy=none"
#define ASKED(kind, who, ip, target)                                                               \
    "{\"t\":30000,\"src\":\"proxy\",\"ev\":\"" kind "\",\"from\":\"" who "\",\"from_ip\":\"" ip    \
    "\",\"sni\":\"" target "\",\"conn\":\"9\",\"status\":\"403\"}"

#define UD "user data of every machine of c1 "

static const struct row {
    const char *fact;
    struct journal_edit edit;
    bool holds;
} rows[] = {
    {"flow gateway -> palette through proxy", {EDIT_NONE, NULL, 0, NULL}, true},
    {"flow c1 -> palette through proxy", {EDIT_NONE, NULL, 0, NULL}, true},
    {"flow private -> palette through proxy", {EDIT_NONE, NULL, 0, NULL}, true},
    {"flow gateway -> maas through proxy", {EDIT_NONE, NULL, 0, NULL}, false},
    {"flow maas -> palette through proxy", {EDIT_NONE, NULL, 0, NULL}, false},
    {"flow gateway -> palette", {EDIT_NONE, NULL, 0, NULL}, false},
    {"proxy saw palette", {EDIT_NONE, NULL, 0, NULL}, true},
    {"proxy saw palette from c1", {EDIT_NONE, NULL, 0, NULL}, true},
    {"proxy saw palette from gateway", {EDIT_NONE, NULL, 0, NULL}, true},
    {"proxy saw palette from maas", {EDIT_NONE, NULL, 0, NULL}, false},
    {"proxy saw maas", {EDIT_NONE, NULL, 0, NULL}, false},
    {"proxy saw maas from gateway", /* a refusal was asked for too */
     {EDIT_INSERT, "\"ev\":\"node.boot\"", 1,
      ASKED("proxy.refuse", "gateway", "10.10.0.2", "10.10.0.3:5240")},
     true},
    {"proxy saw maas from c1",
     {EDIT_INSERT, "\"ev\":\"node.boot\"", 1,
      ASKED("proxy.refuse", "node", "10.10.0.101", "maas.site:5240")},
     true},

    {UD "has HTTPS_PROXY=http://10.10.0.9:3128", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "has HTTP_PROXY=http://10.10.0.9:3128", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "has HTTPS_PROXY=http://10.10.0.8:3128", {EDIT_NONE, NULL, 0, NULL}, false},
    {UD "has HTTPS_PROXY=http://10.10.0.9:3128",
     {EDIT_REPLACE, "\"ev\":\"node.boot\"", 1, BOOT(NONE)},
     false},
    {UD "has HTTPS_PROXY=http://10.10.0.9:3128",
     {EDIT_REPLACE, "\"ev\":\"node.boot\"", 1, BOOT("endpoint=none")},
     false},
    {UD "has no proxy", {EDIT_NONE, NULL, 0, NULL}, false},
    {UD "has no proxy", {EDIT_REPLACE, "\"ev\":\"node.boot\"", 1, BOOT(NONE)}, false}, /* m2 */
    {"user data of every machine of c2 has no proxy",
     {EDIT_NONE, NULL, 0, NULL},
     false}, /* none booted */
    {UD "has endpoint of palette", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "has endpoint of gateway", {EDIT_NONE, NULL, 0, NULL}, false},
    {UD "has no address of gateway", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "has no address of proxy", {EDIT_NONE, NULL, 0, NULL}, false},
    {UD "has no address of maas", {EDIT_NONE, NULL, 0, NULL}, false}, /* as an exception */
    {UD "keeps out git.corp.example", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "keeps out www.git.corp.example", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "keeps out corp.example", {EDIT_NONE, NULL, 0, NULL}, false},
    {UD "keeps out maas", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "keeps out node", {EDIT_NONE, NULL, 0, NULL}, true},
    {UD "keeps out palette", {EDIT_NONE, NULL, 0, NULL}, false},
    {UD "keeps out maas", {EDIT_REPLACE, "\"ev\":\"node.boot\"", 1, BOOT(NONE)}, false},
};

static bool holds_over(const struct row *row)
{
    struct script *s = calloc(1, sizeof *s);
    struct lines *lines;
    struct ev_list journal;
    char text[512];
    struct err e;
    bool holds;

    snprintf(text, sizeof text, "scenario \"x\"\nend %s [PRX-1]\nby 1m evidence is whole\nrun 2m\n",
             row->fact);
    must(script_read("stories/900-x.scn", text, NULL, s, &e), &e);
    journal_load("tests/contract/journals/proxy.pass.jsonl", &row->edit, &journal);
    lines = lines_new(s);
    for (size_t i = 0; i < journal.n; i++)
        lines_feed(lines, ev_list_at(&journal, i));
    lines_end(lines);
    holds = lines_state(lines, 0) == LINE_TRUE;
    lines_free(lines);
    ev_list_drop(&journal);
    free(s);
    return holds;
}

static void every_fact_holds_where_it_should(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (holds_over(&rows[i]) != rows[i].holds)
            fail_msg("row %zu: '%s' should %shold", i, rows[i].fact, rows[i].holds ? "" : "not ");
}

static void exceptions_are_read_on_our_own(void **state)
{
    static const struct {
        const char *list, *what;
        bool covers;
    } lists[] = {
        {"a.example,b.example", "b.example", true},
        {"a.example b.example", "b.example", true},
        {".example", "a.example", true},
        {"example", "a.example", true},
        {"*.example", "a.example", true},
        {"xample", "a.example", false},
        {"A.Example", "a.example", true},
        {"10.0.0.0/8", "10.9.8.7", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.11", false},
        {"*", "anything", true},
        {"", "a.example", false},
        {"10.0.0.0/8", "ten.example", false},
    };
    (void)state;

    for (size_t i = 0; i < COUNTOF(lists); i++)
        if (handed_covers(lists[i].list, lists[i].what) != lists[i].covers)
            fail_msg("'%s' and %s", lists[i].list, lists[i].what);
    assert_true(handed_lists("a, B.c ,d", "b.c"));
    assert_false(handed_lists(".b.c", "b.c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_fact_holds_where_it_should),
        test(exceptions_are_read_on_our_own),
    };
    return run_tests(tests);
}
