/* Power, and the answers that come when the power workflow, behind the commit, has failed. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

/* Raised behind the commit, MAAS's own web server answers: no Vary, no frame options. What was done
 * stays done, the nonce too. */
void maas_raise_late(struct maas_ask *a, int status, const char *text, const char *retry_after)
{
    buf_clear(&a->rp->headers);
    http_reply_text(a->rp, status, MAAS_TEXT, text);
    if (*retry_after)
        http_header_add(&a->rp->headers, "Retry-After", retry_after);
}

void maas_raise_no_rack(struct maas_ask *a, bool late)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, "Unable to connect to any rack controller %s; no connections available.",
               a->m->rest.n_racks ? a->m->rest.racks[0].system_id : "");
    if (late) {
        maas_raise_late(a, 503, buf_text(&text), "10");
        return;
    }
    maas_raise_text(a, 503, buf_text(&text));
    http_header_add(&a->rp->headers, "Retry-After", "10");
}

static bool has_driver(const struct maas_machine *one)
{
    return one->power_type[0] && !text_is(one->power_type, "manual");
}

/* The answer shows the power as it was. On an allocated machine this starts a deployment. */
void maas_machine_power_on(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);
    struct maas_system s = {.user_data = NULL};

    if (!one)
        return;
    if (!one->owner[0]) {
        maas_raise_text(a, 409, "Can't start node: it hasn't been allocated.");
    } else if (one->status == MAAS_ALLOCATED) {
        if (maas_deploy_may(a, one, &s))
            maas_deploy_start(a, one, &s);
    } else if (maas_mishap(a->m, one, MAAS_MISHAP_BMC_DEAD)) {
        maas_raise_late(a, 500, "Could not contact node BMC: timed out", "");
    } else {
        maas_machine_answer(a, one, NULL);
        maas_power_set(&h, one, true);
    }
}

void maas_machine_power_off(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);

    if (!one)
        return;
    if (!has_driver(one)) {
        maas_return_json(a, "null");
    } else if (maas_mishap(a->m, one, MAAS_MISHAP_BMC_DEAD)) {
        maas_raise_late(a, 500, "Could not contact node BMC: timed out", "");
    } else {
        maas_machine_answer(a, one, NULL);
        maas_power_set(&h, one, false);
    }
}

void maas_machine_power(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, false);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct pyjson *j;

    if (!one)
        return;
    if (maas_mishap(a->m, NULL, MAAS_MISHAP_NO_RACKS)) {
        maas_raise_no_rack(a, false);
        return;
    }
    if (!has_driver(one))
        one->power = MAAS_POWER_UNKNOWN;
    j = maas_doc_open(&doc);
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "state",
                maas_power_name(maas_mishap(a->m, one, MAAS_MISHAP_BMC_DEAD) ? MAAS_POWER_ERROR
                                                                             : one->power));
    pyjson_close(j, '}');
    maas_doc_answer(a, &doc, 200);
}

/* --- parameters, with their secrets ----------------------------------------------------------- */

static void parameters_write(struct pyjson *j, const char *name, const struct maas_machine *one)
{
    pyjson_open(j, name, '{');
    for (size_t i = 0; i < one->n_parameters; i++)
        pyjson_text(j, one->parameters[i].name, one->parameters[i].value);
    pyjson_close(j, '}');
}

void maas_machine_parameters(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = maas_machine_for(x, false);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};

    if (!one)
        return;
    if (!a->user->superuser) {
        maas_raise_text(a, 403, "");
        return;
    }
    parameters_write(maas_doc_open(&doc), NULL, one);
    maas_doc_answer(a, &doc, 200);
}

static bool is_asked_for(const struct maas_ask *a, const struct maas_machine *one)
{
    bool any = false;

    for (size_t i = 0; i < a->query.n; i++)
        if (text_is(a->query.at[i].name, "id")) {
            any = true;
            if (text_is(a->query.at[i].value, one->system_id))
                return true;
        }
    return !any;
}

void maas_machines_parameters(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct pyjson *j = maas_doc_open(&doc);

    pyjson_open(j, NULL, '{');
    for (size_t i = 0; i < a->m->n_machines; i++)
        if (!a->m->machines[i]->gone && is_asked_for(a, a->m->machines[i]))
            parameters_write(j, a->m->machines[i]->system_id, a->m->machines[i]);
    pyjson_close(j, '}');
    maas_doc_answer(a, &doc, 200);
}

/* --- the token with which its own system speaks ----------------------------------------------- */

void maas_machine_token(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, false);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct maas_token token;
    struct pyjson *j;

    if (!one)
        return;
    if (!a->user->superuser) {
        maas_raise_text(a, 403, "");
        return;
    }
    maas_node_token(a->m, one, &token);
    j = maas_doc_open(&doc);
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "token_key", token.token);
    pyjson_text(j, "token_secret", token.secret);
    pyjson_text(j, "consumer_key", token.consumer);
    pyjson_close(j, '}');
    maas_doc_answer(a, &doc, 200);
}
