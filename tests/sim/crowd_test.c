/* Many clusters at once (GP-28), within the rates of GP-29. */
#include "tests/test.h"

#include "tests/sim/crowd.h"

int main(void)
{
    return 0;
}
