/* The members of an object as texts: for readers of data whose names are not known beforehand. */
#include "lib/base/jx.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static void one(jx_member_fn *each, void *arg, const char *name, struct json_object *value)
{
    if (json_object_get_type(value) == json_type_null)
        return;
    if (json_object_get_type(value) == json_type_boolean) /* as Python's str() writes it */
        each(arg, name, json_object_get_boolean(value) ? "True" : "False");
    else if (json_object_get_type(value) == json_type_string)
        each(arg, name, json_object_get_string(value));
    else
        each(arg, name, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

static void all(jx_member_fn *each, void *arg, struct json_object *root)
{
    json_object_object_foreach(root, name, value)
    {
        if (json_object_get_type(value) != json_type_array) {
            one(each, arg, name, value);
            continue;
        }
        for (size_t i = 0; i < json_object_array_length(value); i++)
            one(each, arg, name, json_object_array_get_idx(value, i));
    }
}

bool jx_members(const char *text, size_t len, jx_member_fn *each, void *arg)
{
    struct json_tokener *t = json_tokener_new_ex(JX_DEPTH_MAX);
    struct json_object *root;
    size_t end;
    bool whole;

    if (!t)
        WRONG("out of memory");
    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    root = json_tokener_parse_ex(t, text, (int)len);
    end = json_tokener_get_parse_end(t);
    if (!root && json_tokener_get_error(t) == json_tokener_continue) /* a bare number or word */
        root = json_tokener_parse_ex(t, "\n", 1);
    whole = json_tokener_get_error(t) == json_tokener_success &&
            end + strspn(text + end, " \t\r\n") == len;
    if (whole && json_object_get_type(root) == json_type_object)
        all(each, arg, root);
    json_object_put(root);
    json_tokener_free(t);
    return whole;
}
