/*
 * JAdES as the verifier sees it: every form passes with revocation data at hand, and what must not pass does not.
 * ETSI EN 319 102-1 §5.3, §5.5; ETSI TS 119 182-1 §6.3.
 */
#include "tests/unit/testjson.h"
#include "tests/unit/unit.h"
#include "signer/verify/jades_signatures.h"
#include "signer/verify/verify.h"

static struct trust trust;
static struct file_result last;

static void trust_make(bool with_lists)
{
    AUTO_STR root = tp_path("root.pem");
    AUTO_STR list = tp_path("list.crl");
    const struct buf *lists[] = {&pki.root_crl, &pki.ca_crl, &pki.services_crl};
    trust_free(&trust);
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    assert_ok(trust_new(&trust));
    assert_ok(trust_load(&trust, root));
    for (size_t i = 0; i < 3 && with_lists; i++) {
        tp_write(list, buf_bytes(lists[i]));
        assert_ok(trust_load_crls(&trust, list));
    }
}

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    tj_files_write();
    trust_make(true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    file_result_free(&last);
    trust_free(&trust);
    ts_pki_free(&pki);
    buf_free(&tj_large);
    tp_cleanup();
    return 0;
}

static const struct signing_key *usual(struct hall *m)
{
    return key_of(m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
}

static void to_t(struct buf *b)
{
    AUTO_BUF from = take(b);
    enum sig_level reached;
    assert_ok(jades_raise(buf_bytes(&from), LEVEL_T, &(struct jades_means){&tsa}, b, &reached));
}

static void sign(enum jades_form form, bool plain, struct buf *out)
{
    struct hall m;
    assert_ok(
        jades_sign(bytes_str(TJ_CONTENT), &(struct jades_opts){.signing_time = clock_now(), .form = form, .plain = plain}, usual(&m), out));
}

/* In a file beside those that it speaks about; *last keeps the result. */
static enum verdict verdict_of(const char *name, const struct buf *jws, const char *content)
{
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    AUTO_STR path = tp_path(name);
    tp_write(path, buf_bytes(jws));
    file_result_free(&last);
    assert_ok(verify_file(&ctx, path, content, &last));
    return last.findings.verdict;
}

static enum note first_note(void)
{
    const struct findings *f = last.signature_n > 0 ? &last.signature[0].findings : &last.findings;
    for (size_t i = 0; i < f->n; i++) {
        if (f->item[i].verdict == f->verdict)
            return f->item[i].note;
    }
    return NOTE_N;
}

static void every_form_is_valid(void **state)
{
    (void)state;
    for (enum jades_form form = JADES_COMPACT; form <= JADES_GENERAL; form++) {
        AUTO_BUF b = {0};
        sign(form, form == JADES_GENERAL, &b);
        assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_PASSED);
        assert_false(last.signature[0].time_proven);
        to_t(&b);
        assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_PASSED);
        const struct signature_result *r = &last.signature[0];
        assert_int_equal(last.signature_n, 1);
        assert_string_equal(last.format, "JWS");
        assert_string_equal(kind_name(r->kind), "JAdES");
        assert_string_equal(r->signer.name, "Nguyễn Văn Ánh");
        assert_string_equal(r->signature_alg, "ES256");
        assert_string_equal(r->mime, "application/json");
        assert_true(r->integrity && r->mathematics && r->path_valid && r->time_proven && r->whole);
        assert_int_equal(r->revocation.status, STATUS_GOOD);
    }
}

static void files_beside_it_are_looked_at(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF b = {0};
    AUTO_STR path = tp_path(TJ_NAMES[1]);
    tj_sign_files(usual(&m), JADES_FLATTENED, &b);
    to_t(&b);
    assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_PASSED);
    assert_non_null(strstr(last.signature[0].scope, TJ_NAMES[1]));
    tp_write(path, bytes_str("other"));
    assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_FAILED);
    assert_int_equal(first_note(), NOTE_HASH);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(verdict_of("signed.json", &b, NULL), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_CONTENT_MISSING);
    tj_files_write();
}

static void content_that_is_elsewhere_is_found_by_name(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    AUTO_STR beside = tp_path("to-khai.json");
    sign(JADES_COMPACT, false, &b);
    char *text = (char *)b.ptr, *one = strchr(text, '.'), *two = strchr(one + 1, '.');
    memmove(one + 1, two, strlen(two) + 1);
    b.len = strlen(text);
    assert_int_equal(verdict_of("to-khai.json.jws", &b, NULL), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_CONTENT_MISSING);
    tp_write(beside, bytes_str(TJ_CONTENT));
    assert_int_equal(verdict_of("to-khai.json.jws", &b, NULL), TOTAL_PASSED);
    assert_int_equal(verdict_of("other.jws", &b, beside), TOTAL_PASSED);
    tp_write(beside, bytes_str("{}"));
    assert_int_equal(verdict_of("to-khai.json.jws", &b, NULL), TOTAL_FAILED);
    assert_int_equal(first_note(), NOTE_SIGNATURE);
    assert_false(last.signature[0].integrity);
}

static void changed_content_is_found(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    sign(JADES_FLATTENED, true, &b);
    to_t(&b);
    strstr((char *)b.ptr, "000.00.01")[0] = '1';
    assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_FAILED);
    assert_int_equal(first_note(), NOTE_SIGNATURE);
    assert_false(last.signature[0].integrity);
}

static void without_revocation_data_nothing_is_decided(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    sign(JADES_FLATTENED, false, &b);
    to_t(&b);
    trust_make(false);
    assert_int_equal(verdict_of("signed.json", &b, NULL), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_REVOCATION_UNKNOWN);
    trust_make(true);
}

static void a_revoked_signer_is_refused(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    struct tp_revoked r = {.who = &pki.citizen, .at = clock_now() - 3600, .reason = CRL_REASON_KEY_COMPROMISE};
    sign(JADES_FLATTENED, false, &b);
    to_t(&b);
    ts_crls(&pki, &r, 1);
    trust_make(true);
    assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_FAILED);
    assert_int_equal(last.signature[0].revocation.status, STATUS_REVOKED);
    ts_crls(&pki, NULL, 0);
    trust_make(true);
}

/* One that is copied from another signature of the same signer, who would like to have signed earlier. */
static void a_timestamp_of_another_signature_fails(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF a = {0}, b = {0}, mixed = {0};
    sign(JADES_FLATTENED, false, &a);
    assert_ok(jades_sign(bytes_str("{}"), &(struct jades_opts){.signing_time = 1, .form = JADES_FLATTENED}, usual(&m), &b));
    to_t(&a);
    const char *unsigned_part = strstr(buf_str(&a), ",\"header\":");
    assert_non_null(unsigned_part);
    size_t n = strcspn(unsigned_part, "}") + 1;
    assert_ok(buf_add(&mixed, b.ptr, b.len - 1));
    assert_ok(buf_add(&mixed, unsigned_part, n));
    assert_ok(buf_add_str(&mixed, "}"));
    assert_int_equal(verdict_of("signed.json", &mixed, NULL), TOTAL_FAILED);
    assert_int_equal(last.signature_n, 1);
    assert_int_equal(last.signature[0].stamp_n, 1);
    assert_int_equal(first_note(), NOTE_STAMP_OTHER);
    assert_false(last.signature[0].time_proven);
}

static void unknown_unsigned_properties_leave_it_undecided(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    tj_forge("{\"alg\":\"ES256\",\"iat\":1,\"x5c\":[\"%s\"]}", "e30", "\"header\":{\"etsiU\":[{\"sigTst2\":{}}]},", &b);
    assert_int_equal(verdict_of("signed.json", &b, NULL), INDETERMINATE);
    tj_forge("{\"alg\":\"ES256\",\"iat\":1,\"x5c\":[\"%s\"]}", "e30", "", &b);
    assert_int_equal(verdict_of("signed.json", &b, NULL), INDETERMINATE); /* its issuer did not come along */
    assert_int_equal(first_note(), NOTE_NO_CHAIN);
}

static void what_is_malformed_fails(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    tj_forge("{\"alg\":\"ES256\",\"iat\":1,\"crit\":[\"b64\"],\"x5c\":[\"%s\"]}", "e30", "", &b);
    assert_int_equal(verdict_of("signed.json", &b, NULL), TOTAL_FAILED);
    tj_forge("{\"alg\":\"none\",\"iat\":1,\"x5c\":[\"%s\"]}", "e30", "", &b);
    assert_int_equal(verdict_of("signed.json", &b, NULL), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_ALGORITHM);
    tj_forge("{\"alg\":\"ES256\",\"exp\":1,\"crit\":[\"exp\"],\"x5c\":[\"%s\"]}", "e30", "", &b);
    assert_int_equal(verdict_of("signed.json", &b, NULL), INDETERMINATE);
}

static json_t *token_json(const struct tp_id *by, const uint8_t digest[SHA256_LEN], int64_t t)
{
    AUTO_BUF token = {0}, text = {0};
    tp_timestamp_of(by, &pki.services, EVP_sha256(), BYTES(digest, SHA256_LEN), t, &token);
    assert_ok(base64_put(&text, buf_bytes(&token)));
    return json_pack("{ss}", "val", buf_str(&text));
}

/* Both tokens in one arcTst, which covers what stands before it and neither of them. */
static void archive_stamps(struct buf *jws, const struct tp_id *first, int64_t first_at, const struct tp_id *second, int64_t second_at)
{
    AUTO_JADES j = NULL;
    AUTO_JSON root = NULL;
    AUTO_BUF clear = {0}, text = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    assert_ok(jades_open(buf_bytes(jws), &j));
    const struct jades_signature *s = jades_signature(j, 0);
    assert_ok(jades_stamp_digest(s, s->stamp_n, JADES_ARCHIVE_STAMP, CMS_SHA256, NULL, digest, &n));
    AUTO_JSON stamp =
        json_pack("{s{s[oo]}}", "arcTst", "tstTokens", token_json(first, digest, first_at), token_json(second, digest, second_at));
    assert_ok(json_text(stamp, &clear));
    assert_ok(base64url_put(&text, buf_bytes(&clear)));
    assert_ok(json_parse(buf_bytes(jws), jws->len, &root));
    json_array_append_new(json_object_get(json_object_get(root, "header"), "etsiU"), json_string(buf_str(&text)));
    buf_free(jws);
    assert_ok(json_text(root, jws));
}

/* A key that had expired when the other token was made says nothing, though both are in one property. */
static void archive_timestamps_of_one_property_do_not_prove_each_other(void **state)
{
    (void)state;
    struct tp_id brief = {0};
    AUTO_BUF good = {0}, bad = {0};
    int64_t now = clock_now();
    tp_issue(&brief, &(struct tp_spec){.cn = "Brief TSA", .profile = TP_TSA, .issuer = &pki.services, .to = now - 30});
    sign(JADES_FLATTENED, false, &good);
    to_t(&good);
    assert_ok(buf_copy(&bad, buf_bytes(&good)));
    archive_stamps(&good, &pki.tsa, now - 7200, &pki.tsa, now - 5400);
    assert_int_equal(verdict_of("signed.json", &good, NULL), TOTAL_PASSED);
    archive_stamps(&bad, &brief, now - 7200, &pki.tsa, now - 5400);
    assert_int_equal(verdict_of("signed.json", &bad, NULL), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_EXPIRED_NO_PROOF);
    tp_free(&brief);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_valid),
        cmocka_unit_test(files_beside_it_are_looked_at),
        cmocka_unit_test(content_that_is_elsewhere_is_found_by_name),
        cmocka_unit_test(changed_content_is_found),
        cmocka_unit_test(without_revocation_data_nothing_is_decided),
        cmocka_unit_test(a_revoked_signer_is_refused),
        cmocka_unit_test(a_timestamp_of_another_signature_fails),
        cmocka_unit_test(unknown_unsigned_properties_leave_it_undecided),
        cmocka_unit_test(archive_timestamps_of_one_property_do_not_prove_each_other),
        cmocka_unit_test(what_is_malformed_fails),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
