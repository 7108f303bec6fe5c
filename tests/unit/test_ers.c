/*
 * Evidence records: every object of many has its own, renewals keep it, and nothing that was changed on the way holds. RFC 4998.
 */
#include "tests/unit/testevidence.h"

#include "signer/formats/ers_sort.h"
#include "signer/formats/ers_tree.h"
#include "signer/formats/tlv.h"
#include "tests/unit/unit.h"
#include <pthread.h>

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

/* --- what must hold --- */

static void each_of_many_objects_has_its_own_record(void **state)
{
    (void)state;
    static const unsigned SIZES[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 100};
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
        AUTO_STR folder = te_folder();
        AUTO_BUF record = {0};
        unsigned before = stamps;
        te_make(folder, CMS_SHA256, SIZES[s], te_means(false));
        assert_int_equal(stamps, before + 1);
        for (unsigned i = 0; i < SIZES[s]; i++) {
            assert_ok(te_record(folder, i, &record));
            assert_ok(te_check(buf_bytes(&record), i));
            assert_err(te_check(buf_bytes(&record), i + 1000), ERR_EVIDENCE_OTHER);
        }
        assert_err(te_record(folder, SIZES[s], &record), ERR_NOT_FOUND);
    }
}

static void every_accepted_digest_algorithm_works(void **state)
{
    (void)state;
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++) {
        AUTO_STR folder = te_folder();
        AUTO_BUF record = {0};
        te_make(folder, h, 11, te_means(false));
        assert_ok(te_record(folder, 7, &record));
        assert_ok(te_check(buf_bytes(&record), 7));
    }
}

static void object_that_came_twice_is_one(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    AUTO_ERS_GATHER g = NULL;
    AUTO_ERS_ARCHIVE a = NULL;
    assert_ok(ers_gather_new(folder, CMS_SHA256, te_means(false), &g));
    assert_ok(te_add(g, 0, 60));
    assert_ok(te_add(g, 10, 60));
    assert_ok(te_add(g, 10, 11));
    assert_ok(ers_gather_finish(g, false));
    assert_ok(ers_archive_open(folder, &a));
    assert_int_equal(ers_archive_objects(a), 60);
    assert_ok(te_record(folder, 10, &record));
}

static void digests_are_sorted_whatever_they_are(void **state)
{
    (void)state;
    enum { N = 5000, WIDTH = 48 };
    static uint8_t v[N * WIDTH];
    for (unsigned shape = 0; shape < 3; shape++) {
        for (size_t i = 0; i < sizeof v; i++) /* random; few different bytes; one difference in the last byte alone */
            v[i] = shape == 0 ? (uint8_t)rand() : shape == 1 ? (uint8_t)(rand() & 1) : (uint8_t)(i % WIDTH == WIDTH - 1 ? rand() : 7);
        ers_sort(v, N, WIDTH);
        for (size_t i = 1; i < N; i++)
            assert_true(memcmp(v + (i - 1) * WIDTH, v + i * WIDTH, WIDTH) <= 0);
    }
}

static void digests_that_are_not_spread_evenly_are_found(void **state)
{
    (void)state;
    for (unsigned shape = 0; shape < 3; shape++) {
        AUTO_STR path = tp_path("lean.tree");
        AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        AUTO_ERS_TREE t = {0};
        static struct ers_leaves l;
        uint64_t at;
        uint8_t digest[32] = {0};
        memset(digest, shape == 1 ? 0xff : 0, 8);
        ers_leaves_start(&l, fd, CMS_SHA256);
        for (unsigned i = 0; i < 1000; i++) {
            digest[shape == 2 ? i % 4 : 12] = (uint8_t)(i >> 8);
            digest[31] = (uint8_t)i;
            assert_ok(ers_leaves_add(&l, digest));
        }
        assert_ok(ers_leaves_grow(&l));
        assert_ok(ers_tree_open(fd, &t));
        for (uint64_t i = 0; i < ers_tree_leaves(&t); i++) {
            assert_ok(ers_tree_find(&t, ers_tree_leaf(&t, i), &at));
            assert_int_equal(at, i);
        }
        digest[30] = 1;
        assert_err(ers_tree_find(&t, digest, &at), ERR_NOT_FOUND);
    }
}

static void renewal_by_timestamp_covers_the_one_before(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    struct ers_record r;
    te_make(folder, CMS_SHA256, 20, te_means(true));
    unsigned before = stamps;
    assert_ok(ers_archive_renew(folder, te_means(true)));
    assert_ok(ers_archive_renew(folder, te_means(true)));
    assert_int_equal(stamps, before + 2);
    assert_ok(te_record(folder, 3, &record));
    assert_ok(te_check(buf_bytes(&record), 3));
    assert_ok(ers_record_read(buf_bytes(&record), &r));
    assert_int_equal(r.chain_n, 1);
    assert_int_equal(r.stamp_n, 3);
}

static void renewal_by_hash_tree_covers_objects_and_all_older_chains(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    struct ers_record r;
    te_make(folder, CMS_SHA256, 20, te_means(true));
    assert_ok(ers_archive_renew(folder, te_means(true)));
    assert_ok(te_renew_tree(folder, CMS_SHA512, 20, te_means(true), false));
    assert_ok(ers_archive_renew(folder, te_means(true)));
    assert_ok(te_renew_tree(folder, CMS_SHA3_512, 20, te_means(true), false));
    for (unsigned i = 0; i < 20; i++) {
        assert_ok(te_record(folder, i, &record));
        assert_ok(te_check(buf_bytes(&record), i));
        assert_err(te_check(buf_bytes(&record), i + 1000), ERR_EVIDENCE_OTHER);
    }
    assert_ok(ers_record_read(buf_bytes(&record), &r));
    assert_int_equal(r.chain_n, 3);
    assert_int_equal(r.stamp_n, 5);
    AUTO_ERS_ARCHIVE a = NULL;
    assert_ok(ers_archive_open(folder, &a));
    assert_int_equal(ers_archive_hashes(a), 1u << CMS_SHA256 | 1u << CMS_SHA512 | 1u << CMS_SHA3_512);
}

struct part {
    struct ers_gather *gather;
    unsigned from, to;
    err_t e;
};

static void *add_part(void *arg)
{
    struct part *p = arg;
    AUTO_ERS_HAND hand = NULL;
    struct ers_digests d;
    char text[40];
    p->e = ers_hand_new(p->gather, &hand);
    for (unsigned i = p->from; i < p->to && p->e == OK; i++) {
        te_object(i, text, &d);
        p->e = ers_hand_add(hand, &d);
    }
    return NULL;
}

/* The parts overlap: what comes twice is one object, from whichever hand. */
static void several_hands_renew_one_tree(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_ERS_GATHER g = NULL;
    AUTO_BUF record = {0};
    struct part part[] = {{.from = 0, .to = 2000}, {.from = 1000, .to = 3000}, {.from = 2500, .to = 4000}};
    pthread_t thread[3];
    te_make(folder, CMS_SHA256, 4000, te_means(true));
    assert_ok(ers_gather_renewal(folder, CMS_SHA512, te_means(true), &g));
    for (size_t i = 0; i < 3; i++) {
        part[i].gather = g;
        assert_int_equal(pthread_create(&thread[i], NULL, add_part, &part[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_ok(part[i].e);
    }
    assert_ok(ers_gather_finish(g, false));
    ers_gather_free(&g);
    for (unsigned i = 0; i < 4000; i += 333) {
        assert_ok(te_record(folder, i, &record));
        assert_ok(te_check(buf_bytes(&record), i));
    }
}

static void renewal_without_all_objects_must_be_wished_for(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_BUF record = {0};
    te_make(folder, CMS_SHA256, 20, te_means(false));
    assert_err(te_renew_tree(folder, CMS_SHA512, 19, te_means(false), false), ERR_EVIDENCE_MISSING);
    assert_err(te_renew_tree(folder, CMS_SHA512, 21, te_means(false), false), ERR_NOT_FOUND);
    assert_ok(te_record(folder, 19, &record)); /* all as it was */
    assert_ok(te_renew_tree(folder, CMS_SHA512, 19, te_means(false), true));
    assert_ok(te_record(folder, 18, &record));
    assert_err(te_record(folder, 19, &record), ERR_NOT_FOUND);
}

/* --- the time-stamping service --- */

static void service_that_is_away_or_lies_leaves_the_evidence_as_it_was(void **state)
{
    (void)state;
    static const struct stamping AWAY = {.stamp = away}, LYING = {.stamp = lying};
    const struct ers_means gone = {.ts = &AWAY}, liar = {.ts = &LYING}, none = {.ts = NULL};
    AUTO_STR folder = te_folder();
    AUTO_BUF before = {0};
    AUTO_BUF after = {0};
    AUTO_ERS_GATHER g = NULL;
    assert_ok(ers_gather_new(folder, CMS_SHA256, &gone, &g));
    assert_ok(te_add(g, 0, 5));
    assert_err(ers_gather_finish(g, false), ERR_TIMEOUT);
    ers_gather_free(&g);
    assert_err(te_record(folder, 1, &before), ERR_NOT_FOUND);

    te_make(folder, CMS_SHA256, 5, te_means(false));
    assert_ok(te_record(folder, 1, &before));
    assert_err(ers_archive_renew(folder, &gone), ERR_TIMEOUT);
    assert_err(ers_archive_renew(folder, &liar), ERR_STAMP);
    assert_err(ers_archive_renew(folder, &none), ERR_STAMP);
    assert_err(te_renew_tree(folder, CMS_SHA512, 5, &liar, false), ERR_STAMP);
    assert_ok(te_record(folder, 1, &after));
    assert_true(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
}

/* --- the folder --- */

static void evidence_is_never_overwritten_and_has_one_writer(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_ERS_GATHER one = NULL;
    AUTO_ERS_GATHER two = NULL;
    te_make(folder, CMS_SHA256, 3, te_means(false));
    assert_err(ers_gather_new(folder, CMS_SHA256, te_means(false), &one), ERR_CONFLICT);
    assert_ok(ers_gather_renewal(folder, CMS_SHA512, te_means(false), &one));
    assert_err(ers_gather_renewal(folder, CMS_SHA512, te_means(false), &two), ERR_CONFLICT);
    assert_err(ers_archive_renew(folder, te_means(false)), ERR_CONFLICT);
    assert_err(ers_gather_finish(one, true), ERR_NOT_FOUND); /* no object was added */
}

static void flip(const char *folder, const char *name, long at)
{
    AUTO_STR path = NULL;
    TP_MUST(asprintf(&path, "%s/%s", folder, name) > 0);
    FILE *f = fopen(path, "r+b");
    TP_MUST(f != NULL && fseek(f, at, at < 0 ? SEEK_END : SEEK_SET) == 0);
    int c = fgetc(f);
    TP_MUST(fseek(f, -1, SEEK_CUR) == 0 && fputc(c ^ 1, f) != EOF && fclose(f) == 0);
}

static void damaged_tree_gives_no_record(void **state)
{
    (void)state;
    AUTO_BUF record = {0};
    AUTO_STR leaf = te_folder();
    AUTO_STR root = te_folder();
    AUTO_STR head = te_folder();
    te_make(leaf, CMS_SHA256, 9, te_means(false));
    flip(leaf, "tree.1", 64 + 9 * 32); /* a node of the second level: its neighbour's record needs it */
    unsigned refused = 0;
    for (unsigned i = 0; i < 9; i++)
        refused += te_record(leaf, i, &record) == ERR_EVIDENCE;
    assert_true(refused > 0);
    te_make(root, CMS_SHA256, 9, te_means(false));
    flip(root, "tree.1", -1);
    assert_err(te_record(root, 1, &record), ERR_EVIDENCE);
    te_make(head, CMS_SHA256, 9, te_means(false));
    flip(head, "tree.1", 31);
    assert_err(te_record(head, 1, &record), ERR_EVIDENCE);
}

static void run_that_ended_before_its_commit_leaves_nothing_in_the_way(void **state)
{
    (void)state;
    AUTO_STR folder = te_folder();
    AUTO_STR junk = NULL;
    AUTO_BUF record = {0};
    te_make(folder, CMS_SHA256, 4, te_means(false));
    TP_MUST(asprintf(&junk, "%s/tree.2", folder) > 0);
    tp_write(junk, bytes_str("half a tree"));
    assert_ok(te_record(folder, 1, &record));
    assert_ok(te_renew_tree(folder, CMS_SHA512, 4, te_means(false), false));
    assert_ok(te_record(folder, 1, &record));
}

/* --- records that are refused --- */

static void make_record(struct buf *record)
{
    AUTO_STR folder = te_folder();
    te_make(folder, CMS_SHA256, 10, te_means(false));
    assert_ok(ers_archive_renew(folder, te_means(false)));
    assert_ok(te_renew_tree(folder, CMS_SHA384, 10, te_means(false), false));
    assert_ok(te_record(folder, 4, record));
}

static void every_prefix_and_trailing_bytes_are_refused(void **state)
{
    (void)state;
    AUTO_BUF record = {0};
    struct ers_record r;
    make_record(&record);
    for (size_t n = 0; n < record.len; n += n < 64 ? 1 : 3)
        assert_err(ers_record_read(BYTES(record.ptr, n), &r), ERR_EVIDENCE);
    assert_ok(buf_add(&record, "\0", 1));
    assert_err(ers_record_read(buf_bytes(&record), &r), ERR_EVIDENCE);
}

static void changed_hash_tree_or_token_before_is_refused(void **state)
{
    (void)state;
    AUTO_BUF record = {0};
    struct ers_record r;
    make_record(&record);
    assert_ok(ers_record_read(buf_bytes(&record), &r));
    for (size_t i = 0; i < r.stamp_n;
         i++) { /* every byte of every hash tree; and every fifth of every token that a later timestamp covers */
        struct bytes part[] = {r.stamp[i].hashtree, i + 1 < r.stamp_n ? r.stamp[i].token : (struct bytes){0}};
        for (size_t k = 0; k < 2; k++) {
            for (size_t at = 0; at < part[k].len; at += k == 0 ? 1 : 5) {
                uint8_t *byte = record.ptr + (part[k].ptr - record.ptr) + at;
                *byte ^= 0x10;
                assert_int_not_equal(te_check(buf_bytes(&record), 4), OK);
                *byte ^= 0x10;
            }
        }
    }
    assert_ok(te_check(buf_bytes(&record), 4));
}

/* A record made of parts by hand. */
static err_t check_sequence(const struct ers_record *r, unsigned object)
{
    AUTO_BUF sequence = {0};
    AUTO_BUF record = {0};
    TRY(ers_write_sequence(r, &sequence));
    TRY(ers_write_record(buf_bytes(&sequence), &record));
    return te_check(buf_bytes(&record), object);
}

static void token_of_digest(enum cms_hash alg, struct bytes digest, int64_t t, struct buf *token)
{
    tp_timestamp_of(&pki.tsa, &pki.services, cms_hash_md(alg), digest, t, token);
}

static void timestamps_out_of_order_are_refused(void **state)
{
    (void)state;
    AUTO_BUF one = {0};
    AUTO_BUF two = {0};
    struct ers_digests d;
    char text[40];
    uint8_t digest[32];
    int64_t now = clock_now();
    te_object(1, text, &d);
    token_of_digest(CMS_SHA256, BYTES(d.of[CMS_SHA256], 32), now - 100, &one);
    sha256(buf_bytes(&one), digest);
    token_of_digest(CMS_SHA256, BYTES(digest, 32), now, &two);
    struct ers_record r = {.stamp = {{.alg = CMS_SHA256, .token = buf_bytes(&one)}, {.alg = CMS_SHA256, .token = buf_bytes(&two)}},
                           .stamp_n = 2};
    assert_ok(check_sequence(&r, 1));
    buf_free(&two);
    token_of_digest(CMS_SHA256, BYTES(digest, 32), now - 200, &two);
    r.stamp[1].token = buf_bytes(&two);
    assert_err(check_sequence(&r, 1), ERR_EVIDENCE);
}

static void chain_of_two_algorithms_is_refused(void **state)
{
    (void)state;
    AUTO_BUF one = {0};
    AUTO_BUF two = {0};
    struct ers_digests d;
    char text[40];
    uint8_t digest[64];
    te_object(1, text, &d);
    token_of_digest(CMS_SHA256, BYTES(d.of[CMS_SHA256], 32), clock_now(), &one);
    sha512(buf_bytes(&one), digest);
    token_of_digest(CMS_SHA512, BYTES(digest, 64), clock_now(), &two);
    struct ers_record r = {.stamp = {{.alg = CMS_SHA256, .token = buf_bytes(&one)}, {.alg = CMS_SHA512, .token = buf_bytes(&two)}},
                           .stamp_n = 2};
    assert_err(check_sequence(&r, 1), ERR_EVIDENCE);
}

static void tree_of_another_algorithm_than_its_timestamp_is_refused(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    struct ers_digests d;
    char text[40];
    te_object(1, text, &d);
    token_of_digest(CMS_SHA3_256, BYTES(d.of[CMS_SHA256], 32), clock_now(), &token);
    struct ers_record r = {.stamp = {{.alg = CMS_SHA256, .token = buf_bytes(&token)}}, .stamp_n = 1};
    assert_err(check_sequence(&r, 1), ERR_EVIDENCE);
}

static void sha1_is_refused_by_its_name(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    AUTO_BUF stamp = {0};
    AUTO_BUF chain = {0};
    AUTO_BUF sequence = {0};
    struct ers_record r;
    uint8_t digest[20];
    TP_MUST(EVP_Digest("x", 1, digest, NULL, EVP_sha1(), NULL) == 1);
    tp_timestamp_of(&pki.tsa, &pki.services, EVP_sha1(), BYTES(digest, 20), clock_now(), &token);
    assert_ok(ers_wrap(0x30, &(struct bytes){token.ptr, token.len}, 1, &stamp));
    assert_ok(ers_wrap(0x30, &(struct bytes){stamp.ptr, stamp.len}, 1, &chain));
    assert_ok(ers_wrap(0x30, &(struct bytes){chain.ptr, chain.len}, 1, &sequence));
    assert_err(ers_sequence_read(buf_bytes(&sequence), &r), ERR_ALGORITHM);
}

static void object_must_be_in_the_first_list(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    AUTO_BUF lists = {0};
    struct ers_digests a, b;
    char text[40];
    uint8_t list[36] = {0x30, 34, 0x04, 32}, root[32], joined[64];
    te_object(1, text, &a);
    te_object(2, text, &b);
    bool ordered = memcmp(a.of[0], b.of[0], 32) < 0;
    memcpy(joined, ordered ? a.of[0] : b.of[0], 32);
    memcpy(joined + 32, ordered ? b.of[0] : a.of[0], 32);
    sha256(BYTES(joined, 64), root);
    token_of_digest(CMS_SHA256, BYTES(root, 32), clock_now(), &token);
    memcpy(list + 4, a.of[0], 32); /* ((a), (b)): a first list with one value is that value */
    assert_ok(buf_add(&lists, list, sizeof list));
    memcpy(list + 4, b.of[0], 32);
    assert_ok(buf_add(&lists, list, sizeof list));
    struct ers_record r = {.stamp = {{.alg = CMS_SHA256, .hashtree = buf_bytes(&lists), .token = buf_bytes(&token)}}, .stamp_n = 1};
    assert_ok(check_sequence(&r, 1));
    assert_err(check_sequence(&r, 2), ERR_EVIDENCE_OTHER); /* there, but as a node above */
}

static void lists_without_end_are_refused(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    AUTO_BUF lists = {0};
    struct ers_digests d;
    char text[40];
    uint8_t list[36] = {0x30, 34, 0x04, 32};
    te_object(1, text, &d);
    token_of_digest(CMS_SHA256, BYTES(d.of[0], 32), clock_now(), &token);
    memcpy(list + 4, d.of[0], 32);
    for (unsigned i = 0; i <= ERS_LISTS_MAX; i++)
        assert_ok(buf_add(&lists, list, sizeof list));
    struct ers_record r = {.stamp = {{.alg = CMS_SHA256, .hashtree = buf_bytes(&lists), .token = buf_bytes(&token)}}, .stamp_n = 1};
    assert_err(check_sequence(&r, 1), ERR_EVIDENCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_many_objects_has_its_own_record),
        cmocka_unit_test(every_accepted_digest_algorithm_works),
        cmocka_unit_test(object_that_came_twice_is_one),
        cmocka_unit_test(digests_are_sorted_whatever_they_are),
        cmocka_unit_test(digests_that_are_not_spread_evenly_are_found),
        cmocka_unit_test(renewal_by_timestamp_covers_the_one_before),
        cmocka_unit_test(renewal_by_hash_tree_covers_objects_and_all_older_chains),
        cmocka_unit_test(several_hands_renew_one_tree),
        cmocka_unit_test(renewal_without_all_objects_must_be_wished_for),
        cmocka_unit_test(service_that_is_away_or_lies_leaves_the_evidence_as_it_was),
        cmocka_unit_test(evidence_is_never_overwritten_and_has_one_writer),
        cmocka_unit_test(damaged_tree_gives_no_record),
        cmocka_unit_test(run_that_ended_before_its_commit_leaves_nothing_in_the_way),
        cmocka_unit_test(every_prefix_and_trailing_bytes_are_refused),
        cmocka_unit_test(changed_hash_tree_or_token_before_is_refused),
        cmocka_unit_test(timestamps_out_of_order_are_refused),
        cmocka_unit_test(chain_of_two_algorithms_is_refused),
        cmocka_unit_test(tree_of_another_algorithm_than_its_timestamp_is_refused),
        cmocka_unit_test(sha1_is_refused_by_its_name),
        cmocka_unit_test(object_must_be_in_the_first_list),
        cmocka_unit_test(lists_without_end_are_refused),
    };
    return cmocka_run_group_tests_name("evidence records", tests, setup, teardown);
}
