/*
 * antin-idpctl client tokens: how what a client is told is signed, and to its own key encrypted.
 * Called by ctl/main.c. OpenID Connect Dynamic Client Registration §2, RFC 9701 §6, JARM §3.
 */
#include "idp/ctl/client_change.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* The option, and what it changes: a signature's alg, or an encryption's alg and enc. */
static const struct {
    const char *option, *member, *enc;
} table[] = {
    {"id-token", "id_token_signed_response_alg", NULL},
    {"userinfo", "userinfo_signed_response_alg", NULL},
    {"introspection", "introspection_signed_response_alg", NULL},
    {"authorization", "authorization_signed_response_alg", NULL},
    {"id-token-encryption", "id_token_encrypted_response_alg", "id_token_encrypted_response_enc"},
    {"userinfo-encryption", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"},
};
#define NTABLE (sizeof table / sizeof *table)

/* "default" or "none": null takes the member away. "ALG", "ALG ENC". */
static int change(json_t *changes, size_t i, const char *v)
{
    size_t n = strcspn(v, table[i].enc ? " " : "");
    bool none = strcmp(v, table[i].enc ? "none" : "default") == 0;
    int bad = *v == '\0' || json_object_set_new(changes, table[i].member, none ? json_null() : json_stringn(v, n)) != 0;

    if (!bad && table[i].enc)
        bad = json_object_set_new(changes, table[i].enc, none || !v[n] ? json_null() : json_string(v + n + 1)) != 0;
    return bad ? ctl_usage("an algorithm, or default; of encryption: one and after a space another, or none") : CTL_OK;
}

static int read_args(struct ctl *c, json_t *changes)
{
    struct option options[NTABLE + 1] = {{NULL, 0, NULL, 0}};
    int o = 0, at = 0, code = CTL_OK;

    for (size_t i = 0; i < NTABLE; i++)
        options[i] = (struct option){table[i].option, required_argument, NULL, 'o'};
    optind = 0; /* glibc: begin anew, with this argv */
    while (code == CTL_OK && (o = getopt_long(c->argc, c->argv, "", options, &at)) != -1)
        code = o == 'o' ? change(changes, (size_t)at, optarg) : CTL_USAGE;
    return code;
}

static int report(struct ctl *c, const struct client_record *k)
{
    const char *const values[NTABLE][2] = {
        {k->id_token_alg, NULL},
        {k->userinfo_alg, NULL},
        {k->introspection_alg, NULL},
        {k->authorization_alg, NULL},
        {k->id_token_enc_alg, k->id_token_enc_enc},
        {k->userinfo_enc_alg, k->userinfo_enc_enc},
    };
    json_t *doc = json_pack("{s:s}", "client_id", k->id);

    for (size_t i = 0; doc && i < NTABLE; i++) {
        const char *v = values[i][0] ? values[i][0] : table[i].enc ? "none" : "default";
        json_object_set_new(doc, table[i].option, json_sprintf("%s%s%s", v, values[i][1] ? " " : "", values[i][1] ? values[i][1] : ""));
    }
    return ctl_print(c, doc);
}

/* What is not said stays. */
int ctl_client_tokens(struct ctl *c)
{
    AUTO_JSON changes = json_object();
    AUTO_CLIENT now = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1];

    int code = changes ? read_args(c, changes) : CTL_FAILED;
    if (code != CTL_OK)
        return code;
    if (optind != c->argc - 1)
        return ctl_usage("client tokens needs one id");
    const char *id = c->argv[optind];
    err_t e = json_object_size(changes) == 0 ? client_record_get(c->app->db, id, &now)
                                             : ctl_client_change(c, id, changes, "client.tokens", &now, secret, &fault);
    return e == OK ? report(c, &now) : ctl_client_fail(id, e, &fault);
}
