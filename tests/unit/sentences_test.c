/* Every sentence of the architecture page is classified, and the rules and the sentences name each
 * other. ci/check-sentences holds the texts against the page itself. */
#include "tests/test.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/sentences.h"

#include <string.h>

/* A text that was changed must be read again by whoever classified it. */
static void a_sentence_whose_text_was_changed_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_sentences; i++) {
        const struct sentence *s = &sentences[i];
        uint8_t sum[SHA256_LEN];
        char hex[2 * SHA256_LEN + 1];

        digest_sha256(s->text, strlen(s->text), sum);
        text_hex(sum, SENTENCE_DIGEST_LEN / 2, hex);
        assert_string_equal(hex, s->digest);
    }
}

static void what_is_not_graded_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_sentences; i++) {
        const struct sentence *s = &sentences[i];

        assert_true(s->is < SENTENCE_CLASSES);
        assert_int_equal(s->rules[0] == '\0',
                         s->is == SENTENCE_INFORMATIVE || s->is == SENTENCE_UNTESTABLE);
        if (s->is == SENTENCE_UNTESTABLE)
            assert_true(s->unseen[0] != '\0');
        if (s->is == SENTENCE_PREMISE || s->is == SENTENCE_INFORMATIVE)
            assert_true(s->reading[0] != '\0');
    }
}

static void a_sentence_names_rules_that_name_its_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_sentences; i++) {
        const char *list = sentences[i].rules;
        char word[16];

        while (text_next(&list, ' ', word, sizeof word)) {
            const struct rule *rule = rule_find(word);

            assert_non_null(rule);
            if (!sentence_places_meet(rule->seed, sentences[i].lines))
                fail_msg("%s rests on %s, and its row says %s", word, sentences[i].lines,
                         rule->seed);
        }
    }
}

/* Each place that a rule's row names, with a sentence that names the rule. */
static bool is_grounded(const struct rule *rule, const char *place)
{
    for (size_t i = 0; i < n_sentences; i++)
        if (sentence_places_meet(place, sentences[i].lines) &&
            sentence_grounds(&sentences[i], rule->id))
            return true;
    return false;
}

static void a_rule_rests_on_sentences_that_name_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rules; i++) {
        const char *list = rules[i].seed;
        char place[24];

        assert_int_equal(list[0] == '\0', rules[i].ground == RULE_OTHER);
        while (text_next(&list, ',', place, sizeof place))
            if (!is_grounded(&rules[i], place))
                fail_msg("no sentence at %s names %s", place, rules[i].id);
    }
}

static void places_meet_where_they_share_a_line(void **state)
{
    (void)state;
    assert_true(sentence_places_meet("L20-21", "L21-22"));
    assert_true(sentence_places_meet("L26, L52", "L52-53"));
    assert_true(sentence_places_meet("L48-53", "L50"));
    assert_false(sentence_places_meet("L20-21", "L22"));
    assert_false(sentence_places_meet("L20-21", ""));
    assert_false(sentence_places_meet("", "L1"));
    assert_false(sentence_places_meet("20", "L20"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_sentence_whose_text_was_changed_is_noticed),
        test(what_is_not_graded_says_why),
        test(a_sentence_names_rules_that_name_its_lines),
        test(a_rule_rests_on_sentences_that_name_it),
        test(places_meet_where_they_share_a_line),
    };
    return run_tests(tests);
}
