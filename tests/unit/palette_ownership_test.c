/* The ownership law, by looking at every world: one gateway that dies, loses its state and reads
 * old lists; two gateways between which a cluster moves; two replicas of one gateway. In none of
 * them do two parties own the machines, and from each the cluster can still be Deleted. */
#include "tests/test.h"

#include "tests/unit/ownership_world.h"

static void look_everywhere(const struct bounds *b)
{
    struct explorer x = {.b = b};

    explore(&x);
    if (x.wrong)
        fail();
    assert_true(x.n > b->worlds_min);
    assert_int_equal(explorer_stuck(&x), 0);
    explorer_free(&x);
}

static void no_order_of_messages_makes_two_owners_or_none(void **state)
{
    static const struct bounds one = {.name = "one gateway",
                                      .processes = 1,
                                      .messages = 2,
                                      .claims = 3,
                                      .offers = 2,
                                      .forces = true,
                                      .changes = true,
                                      .loses = true,
                                      .agent_dies = true,
                                      .worlds_min = 50000};

    (void)state;
    look_everywhere(&one);
}

static void nor_does_an_agent_that_comes_and_goes(void **state)
{
    static const struct bounds silence = {.name = "a silent agent",
                                          .processes = 1,
                                          .messages = 2,
                                          .claims = 2,
                                          .offers = 1,
                                          .loses = true,
                                          .agent_dies = true,
                                          .silence = true,
                                          .worlds_min = 5000};

    (void)state;
    look_everywhere(&silence);
}

static void nor_does_a_move_to_another_gateway(void **state)
{
    static const struct bounds two = {.name = "two gateways",
                                      .processes = 2,
                                      .messages = 2,
                                      .claims = 2,
                                      .offers = 0,
                                      .gateways = true,
                                      .worlds_min = 50000};

    (void)state;
    look_everywhere(&two);
}

static void nor_do_replicas_that_share_a_lease(void **state)
{
    static const struct bounds replicas = {.name = "two replicas",
                                           .processes = 2,
                                           .messages = 1,
                                           .claims = 2,
                                           .offers = 1,
                                           .replicas = true,
                                           .leases = 2,
                                           .worlds_min = 50000};

    (void)state;
    look_everywhere(&replicas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(no_order_of_messages_makes_two_owners_or_none, CLAUSE(53), CLAUSE(54),
                    CLAUSE(63), CLAUSE(65), CLAUSE(69)),
        clause_test(nor_does_an_agent_that_comes_and_goes, CLAUSE(63), CLAUSE(65)),
        clause_test(nor_does_a_move_to_another_gateway, CLAUSE(75), CLAUSE(54)),
        clause_test(nor_do_replicas_that_share_a_lease, CLAUSE(106), CLAUSE(54)),
    };

    return run_tests(tests);
}
