/* Between the files of jx. Private to lib/base. */
#ifndef BASE_JX_INNER_H
#define BASE_JX_INNER_H

#include "lib/base/jx.h"

/* -EINVAL and the path of the first member that its object holds twice. The text is JSON that
 * json-c has taken, no deeper than JX_DEPTH_MAX. */
int jx_check_no_twice(const char *text, size_t len, struct err *e) MUST_CHECK;

#endif
