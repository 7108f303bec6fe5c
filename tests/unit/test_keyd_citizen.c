/*
 * Citizens' keys in keyd: made sealed, certified by the profile, and used for exactly what one login covers, once, with the PIN.
 * certs/keyd/PROTOCOL.md ("The activation nonce"); EN 319 412-2, EN 319 122-1, EN 319 142-1; OpenID Connect Core §3.1.3.7.
 */
#include "tests/unit/keydproc.h"
#include <openssl/x509v3.h>
#include <pthread.h>

#define PIN "246813"
#define DAY 86400

static struct proc keyd;

/* A citizen with a key and a certificate. */
struct person {
    struct key_citizen who;
    uint8_t blob[KEY_BLOB_MAX];
    size_t blob_len;
    uint8_t spki[128];
    size_t spki_len;
    struct buf cert;
};

static struct key_cert_request certificate_for(const struct person *p)
{
    struct key_cert_request q = {.citizen = p->who,
                                 .blob = BYTES(p->blob, p->blob_len),
                                 .common_name = "Nguyễn Văn An",
                                 .surname = "Nguyễn",
                                 .given_name = "Văn An",
                                 .serial_number = "an-1",
                                 .not_before = clock_now(),
                                 .days = 365};
    key_random_serial(q.serial);
    return q;
}

static void person_new(struct person *p, const char *owner)
{
    *p = (struct person){0};
    random_uuid(p->who.credential_id);
    (void)snprintf(p->who.owner, sizeof p->who.owner, "%s", owner);
    assert_ok(key_citizen_create(keyd.k, &p->who, BYTES_STR(PIN), p->blob, &p->blob_len, p->spki, &p->spki_len));
    struct key_cert_request q = certificate_for(p);
    assert_ok(key_issue_citizen(keyd.k, &q, &p->cert));
}

static void person_free(struct person *p)
{
    buf_free(&p->cert);
}
#define PERSON AUTO(person_free) struct person

static struct person an;

static int setup(void **state)
{
    (void)state;
    proc_begin(&keyd, ALL, "");
    person_new(&an, "subject-an");
    sleep_ms(1100); /* an ID token must be of a later second than keyd's start */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    person_free(&an);
    proc_end(&keyd);
    return 0;
}

/* --- making and certifying --- */

static void the_certificate_follows_the_profile(void **state)
{
    (void)state;
    AUTO_X509 c = NULL;
    AUTO_BUF pem = {0}, spki = {0}, name = {0};
    assert_ok(x509_from_der(buf_bytes(&an.cert), &c));
    assert_ok(x509_to_pem(c, &pem));
    write_text(in_dir(&keyd, "an.pem"), buf_str(&pem));
    assert_int_equal(run(&keyd, "openssl", "verify", "-x509_strict", "-CAfile", in_dir(&keyd, "ca/root.crt"), "-untrusted",
                         in_dir(&keyd, "ca/citizens.crt"), in_dir(&keyd, "an.pem")),
                     0);
    assert_ok(x509_spki(c, &spki));
    assert_true(bytes_eq(buf_bytes(&spki), BYTES(an.spki, an.spki_len)));
    assert_int_equal(X509_get_key_usage(c), KU_NON_REPUDIATION);
    int at = X509_get_ext_by_NID(c, NID_key_usage, -1);
    assert_true(X509_EXTENSION_get_critical(X509_get_ext(c, at)));
    assert_int_equal(X509_check_ca(c), 0);
    for (const int *nid = (const int[]){NID_subject_key_identifier, NID_authority_key_identifier, NID_crl_distribution_points,
                                        NID_info_access, NID_certificate_policies, 0};
         *nid; nid++)
        assert_true(X509_get_ext_by_NID(c, *nid, -1) >= 0);
    assert_ok(x509_name_text(X509_get_subject_name(c), &name));
    assert_string_equal(buf_str(&name), "CN=Nguyễn Văn An, serialNumber=an-1, GN=Văn An, SN=Nguyễn, C=VN");
}

static void a_certificate_outside_the_profile_is_not_issued(void **state)
{
    (void)state;
    AUTO_BUF cert = {0};
    struct key_cert_request q = certificate_for(&an);
    q.days = 1097;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q.days = 0;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q = certificate_for(&an);
    q.not_before = clock_now() - DAY - 10;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q.not_before = clock_now() + DAY + 10;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q = certificate_for(&an);
    q.serial_number[0] = '\0';
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q = certificate_for(&an);
    q.common_name[0] = '\0';
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q = certificate_for(&an);
    q.serial[0] = 0x80;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    memset(q.serial, 0, sizeof q.serial);
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_SYNTAX);
    q = certificate_for(&an);
    q.not_before = clock_now() - 3600; /* before the CA's own time */
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_KEYD_REFUSED);
    assert_int_equal(cert.len, 0);
}

static void only_a_key_that_keyd_made_is_certified(void **state)
{
    (void)state;
    AUTO_BUF cert = {0};
    struct person p = an;
    struct key_cert_request q = certificate_for(&p);
    for (size_t i = 0; i < p.blob_len; i++) {
        p.blob[i] ^= 1;
        assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_CRYPTO);
        p.blob[i] ^= 1;
    }
    q.citizen.owner[0] = 'x';
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_CRYPTO);
    q = certificate_for(&p);
    q.citizen.credential_id[0] = q.citizen.credential_id[0] == 'a' ? 'b' : 'a';
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_CRYPTO);
    q = certificate_for(&p);
    q.blob.len--;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_CRYPTO);
    q.blob.len = 0;
    assert_err(key_issue_citizen(keyd.k, &q, &cert), ERR_CRYPTO);
}

static void pins_outside_six_to_thirty_two_bytes_are_syntax(void **state)
{
    (void)state;
    struct key_citizen c = {.owner = "o"};
    uint8_t blob[KEY_BLOB_MAX], spki[128];
    size_t n, m;
    random_uuid(c.credential_id);
    assert_err(key_citizen_create(keyd.k, &c, BYTES_STR("12345"), blob, &n, spki, &m), ERR_SYNTAX);
    assert_err(key_citizen_create(keyd.k, &c, BYTES_STR("123456789012345678901234567890123"), blob, &n, spki, &m), ERR_SYNTAX);
    assert_ok(key_citizen_create(keyd.k, &c, BYTES_STR("12345678901234567890123456789012"), blob, &n, spki, &m));
    (void)strcpy(c.credential_id, "not-a-uuid");
    assert_err(key_citizen_create(keyd.k, &c, BYTES_STR(PIN), blob, &n, spki, &m), ERR_SYNTAX);
    random_uuid(c.credential_id);
    c.owner[0] = '\0';
    assert_err(key_citizen_create(keyd.k, &c, BYTES_STR(PIN), blob, &n, spki, &m), ERR_SYNTAX);
}

/* --- signing --- */

struct attempt {
    struct key_activation a;
    struct bytes blob, pin, cert;
    struct buf token;
    struct key_signature out[KEY_DIGESTS_MAX];
};

/* What the provider says: of its test key, so that every claim can be wrong. NULL: the right value. */
struct says {
    const char *iss, *aud, *sub, *nonce, *azp, *typ;
    int64_t iat, exp; /* 0: right; -1: absent */
    EVP_PKEY *key;
};

static void add_time(struct buf *b, const char *name, int64_t t)
{
    if (t >= 0)
        assert_ok(buf_addf(b, ",\"%s\":%lld", name, (long long)t));
}

static void id_token(const struct key_activation *a, const struct says *s, struct buf *out)
{
    AUTO_BUF claims = {0}, head = {0};
    char nonce[44];
    key_activation_nonce(a, nonce);
    assert_ok(buf_addf(&head, "{\"alg\":\"ES256\",\"kid\":\"test\",\"typ\":\"%s\"}", s->typ ? s->typ : "JWT"));
    assert_ok(buf_addf(&claims, "{\"iss\":\"%s\",\"aud\":%s,\"sub\":\"%s\",\"nonce\":\"%s\"", s->iss ? s->iss : IDP,
                       s->aud ? s->aud : "\"" SIGNER "\"", s->sub ? s->sub : a->citizen.owner, s->nonce ? s->nonce : nonce));
    if (s->azp)
        assert_ok(buf_addf(&claims, ",\"azp\":\"%s\"", s->azp));
    add_time(&claims, "iat", s->iat ? s->iat : clock_now());
    add_time(&claims, "exp", s->exp ? s->exp : clock_now() + 600);
    assert_ok(buf_add_str(&claims, "}"));
    token_make(s->key ? s->key : keyd.idp, JOSE_ES256, buf_str(&head), buf_str(&claims), out);
}

/* Everything right: two digests, one of each kind. */
static void attempt_new(struct attempt *t, const struct person *p)
{
    *t = (struct attempt){.blob = BYTES(p->blob, p->blob_len), .pin = BYTES_STR(PIN), .cert = buf_bytes(&p->cert)};
    t->a = (struct key_activation){.citizen = p->who, .expires = clock_now() + 600, .n = 2};
    random_bytes(t->a.random, sizeof t->a.random);
    t->a.item[0].kind = KEY_SIGN_PADES;
    t->a.item[1].kind = KEY_SIGN_CADES;
    random_bytes(t->a.item[0].sha256, 32);
    random_bytes(t->a.item[1].sha256, 32);
    id_token(&t->a, &(struct says){0}, &t->token);
}

static void attempt_free(struct attempt *t)
{
    buf_free(&t->token);
    for (size_t i = 0; i < KEY_DIGESTS_MAX; i++)
        key_signature_free(&t->out[i]);
}
#define ATTEMPT AUTO(attempt_free) struct attempt

static err_t attempt(struct attempt *t)
{
    return key_citizen_sign(keyd.k, &t->a, t->blob, t->pin, t->cert, buf_bytes(&t->token), t->out);
}

static bool signature_right(const struct key_signature *s, const uint8_t digest[32])
{
    AUTO_PKEY pub = NULL;
    assert_ok(pkey_from_spki(BYTES(an.spki, an.spki_len), &pub));
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, pub), 1);
    bool ok = EVP_DigestVerify(c, s->signature.ptr, s->signature.len, s->attrs.ptr, s->attrs.len) == 1;
    EVP_MD_CTX_free(c);
    return ok && memmem(s->attrs.ptr, s->attrs.len, digest, 32);
}

static void signs_exactly_the_digests_of_the_login(void **state)
{
    (void)state;
    static const uint8_t signing_time[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05};
    ATTEMPT t;
    attempt_new(&t, &an);
    assert_ok(attempt(&t));
    for (size_t i = 0; i < 2; i++)
        assert_true(signature_right(&t.out[i], t.a.item[i].sha256));
    assert_null(memmem(t.out[0].attrs.ptr, t.out[0].attrs.len, signing_time, sizeof signing_time)); /* EN 319 142-1 §6.3 */
    assert_non_null(memmem(t.out[1].attrs.ptr, t.out[1].attrs.len, signing_time, sizeof signing_time));
    assert_null(t.out[2].attrs.ptr);
}

/* The digest of SignedInfo is what the key signs; keyd lays down nothing around it. */
static void an_xml_signature_is_over_the_digest_itself(void **state)
{
    (void)state;
    static const char info[] = "<ds:SignedInfo/>";
    ATTEMPT t;
    AUTO_PKEY pub = NULL;
    attempt_new(&t, &an);
    t.a.item[1].kind = KEY_SIGN_XADES;
    sha256(BYTES_STR(info), t.a.item[1].sha256);
    id_token(&t.a, &(struct says){0}, &t.token);
    assert_ok(attempt(&t));
    assert_int_equal(t.out[1].attrs.len, 0);
    assert_ok(pkey_from_spki(BYTES(an.spki, an.spki_len), &pub));
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, pub), 1);
    assert_int_equal(EVP_DigestVerify(c, t.out[1].signature.ptr, t.out[1].signature.len, (const uint8_t *)info, sizeof info - 1), 1);
    EVP_MD_CTX_free(c);
}

/* A login for an XML signature is none for CMS attributes over the same digest. */
static void the_kind_of_signature_is_part_of_what_was_agreed_to(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    t.a.item[1].kind = KEY_SIGN_XADES;
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.item[1].kind = KEY_SIGN_XADES + 1;
    assert_err(attempt(&t), ERR_SYNTAX);
}

static void signs_as_many_digests_at_once_as_a_dossier_has(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    t.a.n = KEY_DIGESTS_MAX;
    for (size_t i = 0; i < t.a.n; i++) {
        t.a.item[i].kind = KEY_SIGN_CADES;
        random_bytes(t.a.item[i].sha256, 32);
    }
    id_token(&t.a, &(struct says){0}, &t.token);
    assert_ok(attempt(&t));
    assert_true(signature_right(&t.out[KEY_DIGESTS_MAX - 1], t.a.item[KEY_DIGESTS_MAX - 1].sha256));
}

static void an_id_token_of_keyds_own_domain_activates_too(void **state)
{
    (void)state;
    ATTEMPT t;
    char nonce[44];
    attempt_new(&t, &an);
    key_activation_nonce(&t.a, nonce);
    buf_free(&t.token);
    assert_ok(key_sign_token(
        keyd.k, &(struct key_claims){.type = KEY_ID_TOKEN, .sub = an.who.owner, .aud = {SIGNER}, .nonce = nonce, .lifetime = 600},
        &t.token));
    assert_ok(attempt(&t));
}

static void an_access_token_activates_nothing(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    id_token(&t.a, &(struct says){.typ = "at+jwt"}, &t.token);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
}

static void another_digest_is_refused(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    t.a.item[1].sha256[31] ^= 1;
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.item[1].sha256[31] ^= 1;
    t.a.item[1].kind = KEY_SIGN_PADES;
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.item[1].kind = KEY_SIGN_CADES;
    t.a.n = 1;
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.n = 3;
    t.a.item[2] = t.a.item[1];
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.n = 2;
    memset(&t.a.item[2], 0, sizeof t.a.item[2]);
    assert_ok(attempt(&t)); /* none of the refusals used it up */
}

static void the_order_of_digests_counts(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    t.a.item[0].kind = t.a.item[1].kind = KEY_SIGN_CADES;
    id_token(&t.a, &(struct says){0}, &t.token);
    uint8_t first[32];
    memcpy(first, t.a.item[0].sha256, 32);
    memcpy(t.a.item[0].sha256, t.a.item[1].sha256, 32);
    memcpy(t.a.item[1].sha256, first, 32);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
}

static void another_owner_or_credential_is_refused(void **state)
{
    (void)state;
    PERSON binh;
    ATTEMPT t;
    person_new(&binh, "subject-binh");
    attempt_new(&t, &an);
    id_token(&t.a, &(struct says){.sub = binh.who.owner}, &t.token); /* Bình logged in, An's key */
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    id_token(&t.a, &(struct says){0}, &t.token);
    t.blob = BYTES(binh.blob, binh.blob_len); /* An logged in, Bình's blob */
    assert_err(attempt(&t), ERR_CRYPTO);
    t.a.citizen = binh.who;
    t.cert = buf_bytes(&binh.cert);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION); /* and all else Bình's */
}

static void an_activation_works_once(void **state)
{
    (void)state;
    ATTEMPT t;
    ATTEMPT again;
    attempt_new(&t, &an);
    assert_ok(attempt(&t));
    again = t;
    memset(again.out, 0, sizeof again.out);
    again.token = (struct buf){0};
    id_token(&t.a, &(struct says){0}, &again.token); /* even with a fresh ID token of the same nonce */
    assert_err(attempt(&again), ERR_KEY_ACTIVATION);
}

static void an_expired_activation_is_refused(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    t.a.expires = clock_now() - 1;
    id_token(&t.a, &(struct says){0}, &t.token);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.expires = clock_now() + 903; /* at most 15 minutes ahead */
    id_token(&t.a, &(struct says){0}, &t.token);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.a.expires = INT64_MAX;
    id_token(&t.a, &(struct says){0}, &t.token);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
}

static void an_id_token_with_any_wrong_claim_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *foreign = key_new(JOSE_ES256);
    const struct says wrong[] = {
        {.key = foreign},
        {.iss = "https://idp.test/"},
        {.aud = "\"portal\""},
        {.aud = "[\"portal\",\"other\"]"},
        {.azp = "portal"},
        {.sub = ""},
        {.nonce = ""},
        {.nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {.exp = clock_now() - 1},
        {.exp = -1},
        {.iat = -1},
        {.iat = clock_now() - 3600}, /* before keyd's start */
        {.iat = clock_now() + 100},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ATTEMPT t;
        attempt_new(&t, &an);
        id_token(&t.a, &wrong[i], &t.token);
        if (attempt(&t) != ERR_KEY_ACTIVATION)
            fail_msg("wrong claim %zu was accepted", i);
    }
    EVP_PKEY_free(foreign);
}

static void an_altered_id_token_is_refused(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    for (size_t i = 0; i < t.token.len; i += 7) {
        uint8_t was = t.token.ptr[i];
        t.token.ptr[i] = was == 'A' ? 'B' : 'A';
        assert_err(attempt(&t), ERR_KEY_ACTIVATION);
        t.token.ptr[i] = was;
    }
    t.token.len = 0;
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
}

static void a_certificate_of_another_key_or_profile_is_refused(void **state)
{
    (void)state;
    PERSON binh;
    ATTEMPT t;
    struct key_info seal[KEY_LIST_MAX];
    size_t n;
    person_new(&binh, "subject-binh");
    attempt_new(&t, &an);
    t.cert = buf_bytes(&binh.cert);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    assert_ok(key_list(keyd.k, KEY_SEAL, seal, &n));
    t.cert = BYTES(seal[0].cert, seal[0].cert_len);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    t.cert = BYTES_STR("no certificate");
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    AUTO_BUF longer = {0}; /* trailing bytes */
    assert_ok(buf_add_bytes(&longer, buf_bytes(&an.cert)));
    assert_ok(buf_add(&longer, "\0", 1));
    t.cert = buf_bytes(&longer);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
}

/* The right key and profile, but signed by a stranger who took the CA's name. */
static void a_certificate_by_a_false_ca_is_refused(void **state)
{
    (void)state;
    ATTEMPT t;
    AUTO_X509 c = NULL;
    AUTO_BUF der = {0};
    EVP_PKEY *stranger = key_new(JOSE_ES384);
    assert_ok(x509_from_der(buf_bytes(&an.cert), &c));
    assert_true(X509_sign(c, stranger, EVP_sha384()) > 0);
    assert_ok(x509_to_der(c, &der));
    attempt_new(&t, &an);
    t.cert = buf_bytes(&der);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    EVP_PKEY_free(stranger);
}

static void a_certificate_that_is_not_yet_valid_is_refused(void **state)
{
    (void)state;
    ATTEMPT t;
    AUTO_BUF cert = {0};
    struct key_cert_request q = certificate_for(&an);
    q.not_before = clock_now() + 3600;
    assert_ok(key_issue_citizen(keyd.k, &q, &cert));
    attempt_new(&t, &an);
    t.cert = buf_bytes(&cert);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION);
}

static void a_blob_altered_in_any_byte_does_not_open(void **state)
{
    (void)state;
    struct person p = an;
    ATTEMPT t;
    attempt_new(&t, &p);
    for (size_t i = 0; i < p.blob_len; i++) {
        p.blob[i] ^= 0x80;
        assert_err(attempt(&t), ERR_CRYPTO);
        p.blob[i] ^= 0x80;
    }
    assert_ok(attempt(&t)); /* no try was spent, no nonce used */
}

/* --- PINs --- */

static void a_wrong_pin_leaves_the_activation_usable(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    t.pin = BYTES_STR("000000");
    assert_err(attempt(&t), ERR_KEY_PIN);
    t.pin = BYTES_STR(PIN "0");
    assert_err(attempt(&t), ERR_KEY_PIN);
    t.pin = BYTES_STR(PIN);
    assert_ok(attempt(&t));
}

static void five_wrong_pins_lock_and_the_right_one_does_not_open(void **state)
{
    (void)state;
    PERSON p;
    ATTEMPT t;
    uint8_t out[KEY_BLOB_MAX];
    size_t n;
    person_new(&p, "subject-lock");
    attempt_new(&t, &p);
    t.pin = BYTES_STR("000000");
    for (int i = 0; i < 3; i++)
        assert_err(attempt(&t), ERR_KEY_PIN);
    for (int i = 0; i < 2; i++) /* both ways to try a PIN count together */
        assert_err(key_citizen_repin(keyd.k, &p.who, t.blob, BYTES_STR("000000"), BYTES_STR("111111"), out, &n), ERR_KEY_PIN);
    t.pin = BYTES_STR(PIN);
    assert_err(attempt(&t), ERR_KEY_LOCKED);
    assert_err(key_citizen_repin(keyd.k, &p.who, t.blob, BYTES_STR(PIN), BYTES_STR("111111"), out, &n), ERR_KEY_LOCKED);
    ATTEMPT other; /* and nobody else */
    attempt_new(&other, &an);
    assert_ok(attempt(&other));
}

static void the_right_pin_forgets_the_wrong_ones(void **state)
{
    (void)state;
    PERSON p;
    person_new(&p, "subject-forget");
    for (int round = 0; round < 3; round++) {
        ATTEMPT t;
        attempt_new(&t, &p);
        t.pin = BYTES_STR("000000");
        for (int i = 0; i < 4; i++)
            assert_err(attempt(&t), ERR_KEY_PIN);
        t.pin = BYTES_STR(PIN);
        assert_ok(attempt(&t));
    }
}

static void a_refused_login_costs_no_try(void **state)
{
    (void)state;
    PERSON p;
    ATTEMPT t;
    person_new(&p, "subject-try");
    attempt_new(&t, &p);
    id_token(&t.a, &(struct says){.nonce = "x"}, &t.token);
    t.pin = BYTES_STR("000000");
    for (int i = 0; i < 7; i++)
        assert_err(attempt(&t), ERR_KEY_ACTIVATION);
    id_token(&t.a, &(struct says){0}, &t.token);
    t.pin = BYTES_STR(PIN);
    assert_ok(attempt(&t));
}

static void a_new_pin_replaces_the_old_one_for_the_same_key(void **state)
{
    (void)state;
    PERSON p;
    ATTEMPT t;
    uint8_t out[KEY_BLOB_MAX];
    size_t n;
    person_new(&p, "subject-repin");
    assert_err(key_citizen_repin(keyd.k, &p.who, BYTES(p.blob, p.blob_len), BYTES_STR(PIN), BYTES_STR("short"), out, &n), ERR_SYNTAX);
    assert_ok(key_citizen_repin(keyd.k, &p.who, BYTES(p.blob, p.blob_len), BYTES_STR(PIN), BYTES_STR("a new pin"), out, &n));
    attempt_new(&t, &p);
    t.blob = BYTES(out, n);
    assert_err(attempt(&t), ERR_KEY_PIN);
    t.pin = BYTES_STR("a new pin");
    assert_ok(attempt(&t)); /* the certificate still fits */
}

struct racer {
    struct attempt t;
    err_t e;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    r->e = attempt(&r->t);
    return NULL;
}

static void two_at_once_give_one_signature(void **state)
{
    (void)state;
    struct racer r[4];
    pthread_t th[4];
    int won = 0;
    attempt_new(&r[0].t, &an);
    for (int i = 1; i < 4; i++) {
        r[i].t = r[0].t;
        r[i].t.token = (struct buf){0};
        assert_ok(buf_add_bytes(&r[i].t.token, buf_bytes(&r[0].t.token)));
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&th[i], NULL, race, &r[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(th[i], NULL), 0);
    for (int i = 0; i < 4; i++) {
        won += r[i].e == OK;
        assert_true(r[i].e == OK || r[i].e == ERR_KEY_ACTIVATION);
        attempt_free(&r[i].t);
    }
    assert_int_equal(won, 1);
}

static void *guess(void *arg)
{
    struct racer *r = arg;
    for (int i = 0; i < 4; i++)
        if ((r->e = attempt(&r->t)) == ERR_KEY_PIN)
            r->t.out[0].attrs.cap++; /* counts its tries; the buffer itself stays empty */
    return NULL;
}

static void guesses_at_once_do_not_exceed_the_limit(void **state)
{
    (void)state;
    PERSON p;
    struct racer r[4];
    pthread_t th[4];
    size_t tried = 0;
    person_new(&p, "subject-guess");
    for (int i = 0; i < 4; i++) {
        attempt_new(&r[i].t, &p);
        r[i].t.pin = BYTES_STR("000000");
        assert_int_equal(pthread_create(&th[i], NULL, guess, &r[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(th[i], NULL), 0);
        tried += r[i].t.out[0].attrs.cap;
        attempt_free(&r[i].t);
    }
    assert_int_equal(tried, 5);
}

/* --- a restart --- */

static void an_activation_from_before_a_restart_is_refused(void **state)
{
    (void)state;
    ATTEMPT t;
    attempt_new(&t, &an);
    pid_t was = worker_pid(&keyd);
    assert_int_equal(kill(was, SIGKILL), 0);
    proc_wait(&keyd);
    assert_int_not_equal(worker_pid(&keyd), was);
    assert_err(attempt(&t), ERR_KEY_ACTIVATION); /* the memory of used nonces died with it */
    sleep_ms(1100);
    id_token(&t.a, &(struct says){0}, &t.token);
    assert_ok(attempt(&t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_follows_the_profile),
        cmocka_unit_test(a_certificate_outside_the_profile_is_not_issued),
        cmocka_unit_test(only_a_key_that_keyd_made_is_certified),
        cmocka_unit_test(pins_outside_six_to_thirty_two_bytes_are_syntax),
        cmocka_unit_test(signs_exactly_the_digests_of_the_login),
        cmocka_unit_test(an_xml_signature_is_over_the_digest_itself),
        cmocka_unit_test(the_kind_of_signature_is_part_of_what_was_agreed_to),
        cmocka_unit_test(signs_as_many_digests_at_once_as_a_dossier_has),
        cmocka_unit_test(an_id_token_of_keyds_own_domain_activates_too),
        cmocka_unit_test(an_access_token_activates_nothing),
        cmocka_unit_test(another_digest_is_refused),
        cmocka_unit_test(the_order_of_digests_counts),
        cmocka_unit_test(another_owner_or_credential_is_refused),
        cmocka_unit_test(an_activation_works_once),
        cmocka_unit_test(two_at_once_give_one_signature),
        cmocka_unit_test(an_expired_activation_is_refused),
        cmocka_unit_test(an_id_token_with_any_wrong_claim_is_refused),
        cmocka_unit_test(an_altered_id_token_is_refused),
        cmocka_unit_test(a_certificate_of_another_key_or_profile_is_refused),
        cmocka_unit_test(a_certificate_by_a_false_ca_is_refused),
        cmocka_unit_test(a_certificate_that_is_not_yet_valid_is_refused),
        cmocka_unit_test(a_blob_altered_in_any_byte_does_not_open),
        cmocka_unit_test(a_wrong_pin_leaves_the_activation_usable),
        cmocka_unit_test(five_wrong_pins_lock_and_the_right_one_does_not_open),
        cmocka_unit_test(the_right_pin_forgets_the_wrong_ones),
        cmocka_unit_test(a_refused_login_costs_no_try),
        cmocka_unit_test(a_new_pin_replaces_the_old_one_for_the_same_key),
        cmocka_unit_test(guesses_at_once_do_not_exceed_the_limit),
        cmocka_unit_test(an_activation_from_before_a_restart_is_refused),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
