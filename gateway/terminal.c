#include "gateway/terminal.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_C '\003'

/* Ctrl-C ends the line instead of us, so that the terminal is never left silent. */
static bool echo_end(struct termios *before)
{
    struct termios silent;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, before) < 0)
        return false;
    silent = *before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_cc[VEOL] = CTRL_C;
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
}

/* Byte by byte: what stands behind the line is the next question's, and Ctrl-C ends a line that has
 * no newline. */
static int bytes_read(char *out, size_t size, struct err *e)
{
    for (size_t len = 0; len < size; len++) {
        ssize_t n = read(STDIN_FILENO, &out[len], 1);

        if (n < 0 && errno == EINTR)
            return err_set(e, -ECANCELED, "stopped: nothing was written");
        if (n <= 0)
            return err_set(e, -ECANCELED, "the input has ended: nothing was written");
        if (out[len] == CTRL_C)
            return err_set(e, -ECANCELED, "stopped: nothing was written");
        if (out[len] == '\n') {
            out[len] = '\0';
            return 0;
        }
    }
    return err_set(e, -ECANCELED, "a line is longer than %zu bytes: nothing was written", size - 1);
}

static void trim(char *text)
{
    size_t len = strlen(text), blanks = strspn(text, " \t");

    while (len && strchr(" \t\r", text[len - 1]))
        text[--len] = '\0';
    if (blanks <= len)
        memmove(text, text + blanks, len - blanks + 1);
}

/* The echo ends before the question is seen, so that nobody is quicker. */
int terminal_ask(const char *question, bool secret, bool may, char *out, size_t size, struct err *e)
{
    struct termios before;
    const bool silent = secret && echo_end(&before);
    int r;

    printf("%s%s%s: ", question, may ? " (Enter for none)" : "", secret ? " (not shown)" : "");
    fflush(stdout);
    r = bytes_read(out, size, e);
    if (silent) {
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
        putchar('\n');
    }
    if (r == 0)
        trim(out);
    return r;
}
