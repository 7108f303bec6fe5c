/*
 * What a client may ask beyond scopes, as JSON from a stranger: the claims parameter, authorization details; and what an officer notes at
 * enrolment. Whatever is asked, nothing is told that the client's scopes do not allow, and nothing granted grows.
 */
#include "tests/fuzz/fuzz.h"

#include "common/json.h"
#include "idp/rules/claims.h"
#include "idp/rules/details.h"
#include "idp/rules/evidence.h"
#include "idp/rules/scope.h"
#include <stdlib.h>
#include <string.h>

static const struct client portal = {.id = "portal", .scope = "openid profile verified_claims", .details_types = "credential dossier"};
static const struct resources known = {.issuer = "https://idp.example", .signer = "https://signer.example", .signer_scopes = "dossier"};
static const char somebody[] =
    "{\"number\":\"079090123456\",\"name\":\"Nguyễn Văn An\",\"birth_date\":\"1990-01-02\",\"sex\":\"male\",\"email\":\"an@example.vn\","
    "\"phone\":\"0912345678\",\"address\":\"1 Lê "
    "Lợi\",\"verification\":{\"time\":\"2024-01-02T03:04:05Z\",\"check_id\":\"c1\",\"methods\":[\"vpip\","
    "\"vcrypt\"],\"document\":{\"type\":\"idcard\",\"number\":\"079090123456\",\"issued\":\"2021-01-01\"}}}";

/* Of a client with scope profile alone: neither number nor address, wherever they hide. */
static void told(const json_t *asked, const json_t *person)
{
    const struct verified_facts facts = {"vn", "UBND", 2};
    AUTO_JSON to = json_object();
    AUTO_BUF text = {0};

    MUST(claims_tell(asked, person, &facts, "openid", to) == OK && json_text(to, &text) == OK);
    MUST(!strstr(buf_str(&text), "079090123456") && !strstr(buf_str(&text), "example.vn") && !strstr(buf_str(&text), "0912345678"));
    MUST(!strstr(buf_str(&text), "1 L"));
}

static void claims(const char *text, const json_t *person)
{
    static const uint8_t seal[IDP_KEY_LEN] = {1};
    uint8_t sealed[TERMS_SEALED_MAX];
    size_t len = 0;
    struct claims_wish wish;
    AUTO_TERMS t = {0}, again = {0};

    if (claims_read(text, &portal, "openid", &wish, &t) != OK)
        return;
    if (terms_seal(seal, portal.id, &t, sealed, &len) != OK)
        return;
    MUST(terms_open(seal, portal.id, BYTES(sealed, len), &again) == OK);
    MUST(!t.userinfo == !again.userinfo && !t.id_token == !again.id_token);
    told(again.userinfo, person);
    told(again.id_token, person);
    const struct consent all = {.scope = "openid"}, same = {.scope = "openid"};
    struct consent given = same;
    memcpy(given.claims, wish.names, sizeof given.claims);
    MUST(claims_covered(wish.names, &given) && (!wish.names[0] || !claims_covered(wish.names, &all)));
}

static void details(const char *text)
{
    AUTO_JSON granted = NULL;
    AUTO_JSON less = NULL;
    AUTO_JSON refused = NULL;
    AUTO_BUF compact = {0};

    if (details_read(text, portal.details_types, &known, &granted) != OK)
        return;
    MUST(json_text(granted, &compact) == OK && compact.len <= DETAILS_MAX);
    MUST(details_narrow(granted, buf_str(&compact), &known, &less) == OK && json_equal(granted, less));
    MUST(details_narrow(NULL, buf_str(&compact), &known, &refused) != OK);
    MUST(details_read(text, "", &known, &refused) != OK);
}

static void evidence(struct bytes text)
{
    AUTO_JSON value = NULL;
    AUTO_JSON body = json_object();
    AUTO_JSON person = json_object();
    AUTO_JSON faults = json_array();

    if (json_parse(text, 16384, &value) != OK)
        return;
    MUST(json_object_set(body, "evidence", value) == 0);
    evidence_read(body, person, faults);
    MUST(json_array_size(faults) > 0 || evidence_stamp(person, 1700000000, "c1") == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF text = {0};
    AUTO_JSON person = NULL;

    MUST(json_parse(bytes_str(somebody), sizeof somebody, &person) == OK);
    evidence(BYTES(data, size));
    if (size == 0 || memchr(data, 0, size) || buf_add(&text, data, size) != OK)
        return 0;
    claims(buf_str(&text), person);
    details(buf_str(&text));
    return 0;
}
