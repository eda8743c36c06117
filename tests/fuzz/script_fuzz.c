/* script_read over any text; what is accepted is asked for all it knows, with each value of `over`.
 */
#include "scenarios/engine/script.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script *s = calloc(2, sizeof *s);
    char *text = strndup((const char *)data, size);
    const char *values[SCRIPT_OVER_MAX];
    struct err e;
    size_t i;

    if (!s || !text)
        WRONG("no memory");
    if (script_read("fuzz.scn", text, NULL, &s[0], &e) == 0) {
        assert(s->run_ms > 0 && s->title[0] != '\0' && s->n_lines <= SCRIPT_LINES_MAX);
        for (i = 0; i < RUNS_MAX && script_values(&s[0], i, values); i++)
            if (script_read("fuzz.scn", text, values, &s[1], &e) == 0)
                assert(s[1].n_lines == s[0].n_lines); /* values change words, not lines */
    } else {
        assert(strncmp(e.text, "fuzz.scn:", 9) == 0);
    }
    free(text);
    free(s);
    return 0;
}
