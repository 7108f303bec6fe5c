/*
 * keyd's socket against a bad peer: a malformed message costs that connection and nothing else; a forbidden one gets its refusal.
 * certs/keyd/PROTOCOL.md ("Wire").
 */
#include "common/ipc.h"
#include "common/keywire.h"
#include "tests/unit/keydproc.h"
#include <sys/socket.h>

static struct proc keyd;

static int setup(void **state)
{
    (void)state;
    proc_begin(&keyd, ALL, "max_conns = 32");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    proc_end(&keyd);
    return 0;
}

static int connect_raw(void)
{
    int fd = -1;
    assert_ok(ipc_connect(in_dir(&keyd, "keyd.sock"), 20000, &fd));
    return fd;
}

/* The status of one message's reply; -1: the connection was closed instead. */
static int send_raw(int fd, const void *msg, size_t n)
{
    static union keyw_msg r;
    size_t got = 0;
    const struct keyw_head *q = msg;
    assert_ok(ipc_send(fd, msg, n));
    err_t e = ipc_recv(fd, &r, sizeof r, &got);
    if (e == ERR_CUT || e == ERR_NOT_FOUND)
        return -1;
    assert_ok(e);
    assert_int_equal(r.head.version, KEYW_VERSION);
    assert_int_equal(r.head.op, q->op);
    assert_true(r.head.id == q->id);
    assert_int_equal(got, r.head.status ? sizeof r.head : keyw_reply_used(&r.head, got));
    return (int)r.head.status;
}

static int once(const void *msg, size_t n)
{
    int fd = connect_raw();
    int st = send_raw(fd, msg, n);
    fd_close(&fd);
    return st;
}

static struct keyw_head head(unsigned op)
{
    return (struct keyw_head){.version = KEYW_VERSION, .op = (uint16_t)op, .id = 0x1122334455667788};
}

static void every_length_but_the_exact_one_closes_the_connection(void **state)
{
    (void)state;
    static _Alignas(union keyw_msg) uint8_t room[sizeof(union keyw_msg) + 64];
    for (unsigned op = 1; op < KEYW_OP_END; op++) {
        const struct keyw_head h = head(op);
        const size_t exact = keyw_request_len(op);
        const size_t wrong[] = {sizeof h - 1, exact - 1, exact + 1, exact + 64, sizeof room, 1};
        memset(room, 0, sizeof room);
        memcpy(room, &h, sizeof h);
        if (op == KEYW_TOKENS)
            ((struct keyw_tokens *)(void *)room)->n = KEYW_TOKENS_MAX;
        if (op == KEYW_SEAL_INFO)
            ((struct keyw_seal_info *)(void *)room)->len = KEYW_INFO_MAX;
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
            if (wrong[i] != exact)
                assert_int_equal(once(room, wrong[i]), -1);
        assert_int_not_equal(once(room, exact), -1); /* zeros of the right length are answered */
    }
}

static void several_tokens_are_as_long_as_they_are_many(void **state)
{
    (void)state;
    static struct keyw_tokens q;
    const size_t first = offsetof(struct keyw_tokens, item), one = sizeof q.item[0];
    memset(&q, 0, sizeof q);
    q.head = head(KEYW_TOKENS);
    const struct {
        uint32_t n;
        size_t len;
        int status;
    } cases[] = {{0, first, -1},         {0, first + one, -1},     {1, first, -1},
                 {1, first + one, 0},    {1, first + 2 * one, -1}, {1, first + one - 1, -1},
                 {2, first + 2 * one, 0}, {17, sizeof q, -1},      {UINT32_MAX, first + one, -1},
                 {1, 4, -1},             {16, sizeof q, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        q.n = cases[i].n;
        assert_int_equal(once(&q, cases[i].len), cases[i].status);
    }
    q.n = 1;
    q.reserved[2] = 1;
    assert_int_equal(once(&q, first + one), KEYW_SYNTAX);
}

static void a_signed_info_is_as_long_as_it_says(void **state)
{
    (void)state;
    static struct keyw_seal_info q;
    const size_t fixed = offsetof(struct keyw_seal_info, text);
    q.head = head(KEYW_SEAL_INFO);
    const struct {
        uint32_t len;
        size_t sent;
        int status;
    } cases[] = {{0, fixed, -1}, {1, fixed, -1}, {1, fixed + 1, KEYW_SYNTAX}, {1, fixed + 2, -1}, {KEYW_INFO_MAX, sizeof q, KEYW_SYNTAX},
                 {KEYW_INFO_MAX + 1, sizeof q, -1}, {UINT32_MAX, fixed + 1, -1}, {1, 4, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        q.len = cases[i].len;
        assert_int_equal(once(&q, cases[i].sent), cases[i].status);
    }
}

static void a_wrong_head_closes_the_connection(void **state)
{
    (void)state;
    struct keyw_ts q = {.head = head(KEYW_TIMESTAMP)};
    assert_int_equal(once(&q, sizeof q), 0);
    q.head.version = 2;
    assert_int_equal(once(&q, sizeof q), -1);
    q.head = head(KEYW_TIMESTAMP);
    q.head.status = 1;
    assert_int_equal(once(&q, sizeof q), -1);
    for (const unsigned *op = (const unsigned[]){0, KEYW_OP_END, 255, 65535, 77}; *op != 77; op++) {
        q.head = head(*op);
        assert_int_equal(once(&q, sizeof q), -1);
    }
}

static void messages_with_descriptors_close_the_connection(void **state)
{
    (void)state;
    struct keyw_ts q = {.head = head(KEYW_TIMESTAMP)};
    char ctl[CMSG_SPACE(sizeof(int))] = {0}, byte;
    struct iovec iov = {.iov_base = &q, .iov_len = sizeof q};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof ctl};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    int fd = connect_raw(), zero = 0;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof zero);
    memcpy(CMSG_DATA(c), &zero, sizeof zero);
    assert_true(sendmsg(fd, &m, 0) > 0);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    fd_close(&fd);
}

static void a_bad_message_leaves_other_connections_alone(void **state)
{
    (void)state;
    struct keyw_ts q = {.head = head(KEYW_TIMESTAMP)};
    int good = connect_raw();
    assert_int_equal(send_raw(good, &q, sizeof q), 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(once("garbage", 7), -1);
    assert_int_equal(send_raw(good, &q, sizeof q), 0);
    fd_close(&good);
}

static void random_messages_never_end_keyd(void **state)
{
    (void)state;
    static union keyw_msg q;
    pid_t was = worker_pid(&keyd);
    for (int i = 0; i < 400; i++) {
        unsigned op = 1 + (unsigned)i % (KEYW_OP_END - 1);
        random_bytes(&q, sizeof q);
        q.head = head(op);
        (void)once(&q, keyw_request_len(op));
    }
    assert_int_equal(worker_pid(&keyd), was);
}

/* Each operation that has reserved bytes or rooms with a length: one bit beside the values is enough. */
static void unused_bytes_must_be_zero(void **state)
{
    (void)state;
    struct keyw_ts ts = {.head = head(KEYW_TIMESTAMP), .nonce_len = 4};
    assert_int_equal(once(&ts, sizeof ts), KEYW_OK);
    ts.reserved[1] = 1;
    assert_int_equal(once(&ts, sizeof ts), KEYW_SYNTAX);
    ts.reserved[1] = 0;
    ts.imprint[32] = 1;
    assert_int_equal(once(&ts, sizeof ts), KEYW_SYNTAX);
    ts.imprint[32] = 0;
    ts.nonce[4] = 1;
    assert_int_equal(once(&ts, sizeof ts), KEYW_SYNTAX);

    struct keyw_token t = {.head = head(KEYW_TOKEN), .type = KEY_ID_TOKEN, .lifetime = 60, .sub = "s", .aud = {"a"}};
    assert_int_equal(once(&t, sizeof t), KEYW_OK);
    t.sub[5] = 'x'; /* after the NUL */
    assert_int_equal(once(&t, sizeof t), KEYW_SYNTAX);
    memset(t.sub, 'x', sizeof t.sub); /* no NUL at all */
    assert_int_equal(once(&t, sizeof t), KEYW_SYNTAX);
    memset(t.sub + 1, 0, sizeof t.sub - 1);
    memcpy(t.aud[2], "gap", 4);
    assert_int_equal(once(&t, sizeof t), KEYW_SYNTAX);

    struct keyw_wrap w = {.head = head(KEYW_WRAP), .ad_len = 3};
    assert_int_equal(once(&w, sizeof w), KEYW_OK);
    w.reserved[0] = 1;
    assert_int_equal(once(&w, sizeof w), KEYW_SYNTAX);
    w.reserved[0] = 0;
    w.ad[3] = 1;
    assert_int_equal(once(&w, sizeof w), KEYW_SYNTAX);
    w.ad_len = KEYW_AD_MAX + 1;
    assert_int_equal(once(&w, sizeof w), KEYW_SYNTAX);

    struct keyw_create c = {
        .head = head(KEYW_CREATE), .citizen = {"00000000-0000-4000-8000-000000000000", "o"}, .pin = {.len = 6, .pin = "123456"}};
    assert_int_equal(once(&c, sizeof c), KEYW_OK);
    c.pin.reserved[3] = 1;
    assert_int_equal(once(&c, sizeof c), KEYW_SYNTAX);
    c.pin.reserved[3] = 0;
    c.pin.pin[6] = '7';
    assert_int_equal(once(&c, sizeof c), KEYW_SYNTAX);
    c.pin.len = 0xffffffff;
    assert_int_equal(once(&c, sizeof c), KEYW_SYNTAX);
}

static void timestamps_of_unknown_hashes_are_syntax(void **state)
{
    (void)state;
    struct keyw_ts q = {.head = head(KEYW_TIMESTAMP), .alg = 3};
    assert_int_equal(once(&q, sizeof q), KEYW_SYNTAX);
    q.alg = 0xffffffff;
    assert_int_equal(once(&q, sizeof q), KEYW_SYNTAX);
    q.alg = CMS_SHA512;
    assert_int_equal(once(&q, sizeof q), KEYW_OK);
    q.cert_req = 2;
    assert_int_equal(once(&q, sizeof q), KEYW_SYNTAX);
    q.cert_req = 0;
    q.nonce_len = 33;
    assert_int_equal(once(&q, sizeof q), KEYW_SYNTAX);
}

static void crl_pieces_out_of_order_are_refused(void **state)
{
    (void)state;
    struct keyw_crl_begin b = {.head = head(KEYW_CRL_BEGIN), .number = 50, .lifetime = 3600, .count = 1};
    struct keyw_crl_add a = {.head = head(KEYW_CRL_ADD), .n = 1};
    struct keyw_head end = head(KEYW_CRL_END);
    struct keyw_crl_read r = {.head = head(KEYW_CRL_READ)};
    a.entry[0].serial[19] = 1;
    a.entry[0].revoked_at = clock_now();
    assert_int_equal(once(&a, sizeof a), KEYW_REFUSED);
    assert_int_equal(once(&end, sizeof end), KEYW_REFUSED);
    assert_int_equal(once(&r, sizeof r), KEYW_REFUSED);
    int fd = connect_raw();
    assert_int_equal(send_raw(fd, &b, sizeof b), KEYW_OK);
    assert_int_equal(send_raw(fd, &end, sizeof end), KEYW_SYNTAX); /* one entry was announced */
    a.n = 2;
    assert_int_equal(send_raw(fd, &a, sizeof a), KEYW_SYNTAX); /* and not two */
    a.n = 1;
    a.entry[1].reason = 1; /* beyond n */
    assert_int_equal(send_raw(fd, &a, sizeof a), KEYW_SYNTAX);
    a.entry[1].reason = 0;
    assert_int_equal(send_raw(fd, &a, sizeof a), KEYW_OK);
    assert_int_equal(send_raw(fd, &end, sizeof end), KEYW_OK);
    assert_int_equal(send_raw(fd, &end, sizeof end), KEYW_REFUSED);
    assert_int_equal(send_raw(fd, &a, sizeof a), KEYW_REFUSED);
    r.offset = 1 << 20;
    assert_int_equal(send_raw(fd, &r, sizeof r), KEYW_SYNTAX);
    r.offset = 0;
    assert_int_equal(send_raw(fd, &r, sizeof r), KEYW_OK);
    assert_int_equal(send_raw(fd, &r, sizeof r), KEYW_REFUSED); /* read to its end */
    b.number = 51;
    b.count = KEYW_CRL_MAX + 1;
    assert_int_equal(send_raw(fd, &b, sizeof b), KEYW_SYNTAX);
    fd_close(&fd);
}

static void lists_put_together_at_once_are_bounded(void **state)
{
    (void)state;
    struct keyw_crl_begin b = {.head = head(KEYW_CRL_BEGIN), .number = 100, .lifetime = 3600};
    int fd[5];
    for (int i = 0; i < 5; i++) {
        fd[i] = connect_raw();
        assert_int_equal(send_raw(fd[i], &b, sizeof b), i < 4 ? KEYW_OK : KEYW_BUSY);
    }
    assert_int_equal(send_raw(fd[0], &b, sizeof b), KEYW_OK); /* its own again */
    fd_close(&fd[0]);
    for (int i = 0; i < 100 && send_raw(fd[4], &b, sizeof b) != KEYW_OK; i++)
        sleep_ms(20);
    assert_int_equal(send_raw(fd[4], &b, sizeof b), KEYW_OK);
    for (int i = 1; i < 5; i++)
        fd_close(&fd[i]);
}

static void too_many_connections_are_turned_away_and_room_comes_back(void **state)
{
    (void)state;
    struct keyw_ts q = {.head = head(KEYW_TIMESTAMP)};
    int fd[40], closed = 0;
    for (int i = 0; i < 40; i++)
        fd[i] = connect_raw();
    for (int i = 0; i < 40; i++) {
        char byte;
        sleep_ms(1);
        if (ipc_send(fd[i], &q, sizeof q) != OK || recv(fd[i], &byte, 1, 0) <= 0)
            closed++;
        fd_close(&fd[i]);
    }
    assert_in_range(closed, 8, 12); /* 32 at once; one or more were the client's and the like */
    sleep_ms(50);
    assert_int_equal(once(&q, sizeof q), KEYW_OK);
}

static void a_peer_that_sends_and_leaves_harms_nobody(void **state)
{
    (void)state;
    struct keyw_ts q = {.head = head(KEYW_TIMESTAMP)};
    struct keyw_create c = {
        .head = head(KEYW_CREATE), .citizen = {"00000000-0000-4000-8000-000000000000", "o"}, .pin = {.len = 6, .pin = "123456"}};
    for (int i = 0; i < 20; i++) {
        int fd = connect_raw();
        assert_ok(i % 2 ? ipc_send(fd, &q, sizeof q) : ipc_send(fd, &c, sizeof c));
        fd_close(&fd);
    }
    assert_int_equal(once(&q, sizeof q), KEYW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_but_the_exact_one_closes_the_connection),
        cmocka_unit_test(several_tokens_are_as_long_as_they_are_many),
        cmocka_unit_test(a_signed_info_is_as_long_as_it_says),
        cmocka_unit_test(a_wrong_head_closes_the_connection),
        cmocka_unit_test(messages_with_descriptors_close_the_connection),
        cmocka_unit_test(a_bad_message_leaves_other_connections_alone),
        cmocka_unit_test(random_messages_never_end_keyd),
        cmocka_unit_test(unused_bytes_must_be_zero),
        cmocka_unit_test(timestamps_of_unknown_hashes_are_syntax),
        cmocka_unit_test(crl_pieces_out_of_order_are_refused),
        cmocka_unit_test(lists_put_together_at_once_are_bounded),
        cmocka_unit_test(too_many_connections_are_turned_away_and_room_comes_back),
        cmocka_unit_test(a_peer_that_sends_and_leaves_harms_nobody),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
