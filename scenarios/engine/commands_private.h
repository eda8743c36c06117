/* Between the files of gateproof's commands. */
#ifndef SCENARIOS_ENGINE_COMMANDS_PRIVATE_H
#define SCENARIOS_ENGINE_COMMANDS_PRIVATE_H

#include "scenarios/engine/commands.h"

struct command_call {
    const struct opts *o;
    const char *const *words; /* without the command's own */
    size_t n_words;
    char data[1024], bin[1024], gateway[1100];
};

typedef int command_fn(const struct command_call *c, struct err *e);

int command_print(const struct buf *text); /* on stdout; 0 */
/* What the reader must add to run a story again: only what was not the default. */
void command_again_options(const struct command_call *c, struct buf *out);
/* `explain STORY`: all that decides, as the story says it. name: the whole one. */
int command_explain_story(const struct command_call *c, const char *name, struct err *e) MUST_CHECK;
/* A picture of the shape. */
int command_lab_print(const struct command_call *c, const char *name, struct buf *out,
                      struct err *e) MUST_CHECK;
int command_lab(const struct command_call *c, struct err *e) MUST_CHECK;

#endif
