/*
 * What signatures cost: in the library against a digest and raw signatures, as a program against pdfsig, in a batch with a local time-stamping service, and
 * the memory that a gigabyte takes. Run by `make bench`; signing [quick]: without the gigabyte.
 */
#include "tests/bench/benchkit.h"
#include "tests/unit/testservices.h"
#include "signer/formats/pades_sign.h"
#include <sys/mman.h>
#include <sys/stat.h>

#define ROUNDS 15
#define BATCH 1000
#define TWO_SIGNATURES "two signatures" /* the signer's and the service's */

static char sign_program[4096], verify_program[4096];
static struct tp_id rsa;
static double sign_us, rsa_us; /* one raw signature */

/* --- keys at hand --- */

static err_t hand_sign(void *arg, struct bytes tbs, struct buf *signature)
{
    tp_sign(arg, CMS_SHA256, tbs, signature);
    return OK;
}

/* As a service's answer comes, without the way there and back. */
static err_t hand_stamp(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token)
{
    (void)alg;
    ts_token_of(arg, &pki.services, digest.ptr, NULL, clock_now(), token);
    return OK;
}

static double raw_signature(const struct tp_id *id, const char *what)
{
    uint8_t digest[32] = {1}, value[512];
    double best = 1e9;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(id->key, NULL);
    TP_MUST(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    for (unsigned i = 0; i < 1000; i++) {
        size_t n = sizeof value;
        double start = bench_cpu();
        TP_MUST(EVP_PKEY_sign(ctx, value, &n, digest, sizeof digest) == 1);
        double took = bench_cpu() - start;
        best = took < best ? took : best;
    }
    EVP_PKEY_CTX_free(ctx);
    bench_row(what, best, "us", 0, NULL, 0);
    return best;
}

/* --- in the library --- */

static double sign_once(const struct buf *pdf)
{
    const struct bytes chain = buf_bytes(&pki.ca.der);
    const struct signing_key key = {
        .cert = buf_bytes(&signer.der), .chain = &chain, .chain_n = 1, .scheme = SIGN_ECDSA, .sign = hand_sign, .arg = &signer};
    const struct stamping ts = {.stamp = hand_stamp, .arg = &stamper, .alg = CMS_SHA256};
    AUTO_FD fd = memfd_create("bench.pdf", MFD_CLOEXEC);
    TP_MUST(fd >= 0 && write(fd, pdf->ptr, pdf->len) == (ssize_t)pdf->len);
    double start = bench_cpu();
    TP_MUST(pades_sign(fd, &(struct pades_opts){.signing_time = clock_now()}, &key, &ts) == OK);
    return bench_cpu() - start;
}

static double digest_once(const struct buf *pdf)
{
    uint8_t digest[32];
    double start = bench_cpu();
    TP_MUST(EVP_Digest(pdf->ptr, pdf->len, digest, NULL, EVP_sha256(), NULL) == 1);
    return bench_cpu() - start;
}

static double library_row(const char *what, const char *name, double bound)
{
    AUTO_STR path = tp_path(name);
    AUTO_BUF pdf = {0};
    double sign = 1e12, digest = 1e12;
    tp_read(path, &pdf);
    for (unsigned i = 0; i < ROUNDS; i++) {
        double s = sign_once(&pdf), d = digest_once(&pdf);
        sign = s < sign ? s : sign;
        digest = d < digest ? d : digest;
    }
    bench_row(what, sign, "us", sign / (digest + 2 * sign_us), "(one SHA-256 and " TWO_SIGNATURES ")", bound);
    return sign;
}

static void large_rows(void)
{
    bench_scans("one.pdf", 1, 10000000);
    bench_scans("scans.pdf", 200, 50000);
    (void)library_row("PAdES-B-T, 10 MB in one page, in the library", "one.pdf", 2);
    (void)library_row("PAdES-B-T, 10 MB in 200 pages, in the library", "scans.pdf", 2);
}

/* --- as programs --- */

static void write_in(const char *name, struct bytes v)
{
    AUTO_STR path = tp_path(name);
    tp_write(path, v);
}

static void write_id(const struct tp_id *id, const char *key_name, const char *cert_name)
{
    AUTO_STR key = tp_path(key_name);
    AUTO_STR cert = tp_path(cert_name);
    FILE *f = fopen(key, "w");
    TP_MUST(f != NULL && PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(f) == 0);
    tp_write_pem(cert, (X509 *const[]){id->cert, pki.ca.cert}, 2);
}

static void lay_out(void)
{
    AUTO_STR root = tp_path("root.pem");
    tp_issue(&rsa, &(struct tp_spec){.cn = "Lê Văn Hai", .profile = TP_CITIZEN, .key = TP_RSA2048, .issuer = &pki.ca});
    write_id(&signer, "key.pem", "cert.pem");
    write_id(&rsa, "rsa-key.pem", "rsa-cert.pem");
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    write_in("ca.crl", buf_bytes(&served_ca_crl));
    write_in("services.crl", buf_bytes(&served_services_crl));
    write_in("root.crl", buf_bytes(&pki.root_crl));
    bench_scans("small.pdf", 1, 200);
}

static char *tsa_url(void)
{
    static char url[200];
    snprintf(url, sizeof url, "%s", services_url("/tsa"));
    return url;
}
#define SIGN_BY(key, cert) \
    sign_program, "--format", "pades", "--level", "B-T", "--tsa", tsa_url(), "--key", key, "--cert", cert, "--overwrite", "--quiet"
#define SIGN SIGN_BY("key.pem", "cert.pem")

/* With RSA: it signs with nothing else. Wall-clock microseconds; 0: it could not be measured. */
static double pdfsig_row(void)
{
    AUTO_BUF text = {0};
    int made = tp_run(&text, "mkdir nss && certutil -d sql:nss -N --empty-password && "
                             "openssl pkcs12 -export -inkey rsa-key.pem -in rsa-cert.pem -name signer -passout pass: -out key.p12 && "
                             "pk12util -d sql:nss -i key.p12 -W ''");
    char *const argv[] = {"pdfsig", "-nssdir", "sql:nss", "-add-signature", "-nick", "signer", "small.pdf", "theirs.pdf", NULL};
    struct cost c = made == 0 ? bench_best(5, argv) : (struct cost){.status = -1};
    if (c.status != 0) {
        printf("signing: pdfsig could not be measured: %s\n", buf_str(&text));
        return 0;
    }
    bench_row("pdfsig -add-signature, one page, no timestamp", c.wall_us / 1000, "ms", 0, NULL, 0);
    return c.wall_us;
}

static void small_rows(void)
{
    double theirs = pdfsig_row(), ours = library_row("PAdES-B-T, one page, in the library", "small.pdf", 0);
    if (theirs > 0)
        bench_row("  and of what pdfsig takes", ours / 1000, "ms", ours / theirs, "pdfsig", 0.05);
    struct cost c = bench_best(5, (char *const[]){SIGN, "-o", "ours.pdf", "small.pdf", NULL});
    bench_row("antin-sign, B-T, one page: the whole program once", c.wall_us / 1000, "ms", theirs > 0 ? c.wall_us / theirs : 0, "pdfsig",
              0);
}

static char *batch_argv[BATCH + 32];

/* The command, then the files. */
static void batch_row(const char *what, char *const first[], size_t n, double raw_us)
{
    static char name[BATCH][16];
    AUTO_STR small = tp_path("small.pdf");
    memcpy(batch_argv, first, n * sizeof *first);
    for (unsigned i = 0; i < BATCH; i++) {
        snprintf(name[i], sizeof name[i], "b%u.pdf", i);
        AUTO_STR path = tp_path(name[i]);
        TP_MUST(link(small, path) == 0 || errno == EEXIST);
        batch_argv[n + i] = name[i];
    }
    struct cost c = bench_best(3, batch_argv);
    TP_MUST(c.status == 0);
    bench_row(what, c.cpu_us / BATCH, "us", c.cpu_us / BATCH / raw_us, TWO_SIGNATURES, 5);
    bench_row("  and of time that passes", c.wall_us / BATCH, "us", 0, NULL, 0);
}

static void batch_rows(void)
{
    char *const ec[] = {SIGN, "-j", "2", "-o", "out"};
    char *const by_rsa[] = {SIGN_BY("rsa-key.pem", "rsa-cert.pem"), "-j", "2", "-o", "out"};
    AUTO_STR out = tp_path("out");
    TP_MUST(mkdir(out, 0755) == 0);
    batch_row("antin-sign -j2, B-T, 1,000 files, P-256: CPU, each", ec, sizeof ec / sizeof *ec, 2 * sign_us);
    batch_row("antin-sign -j2, B-T, 1,000 files, RSA-2048: CPU, each", by_rsa, sizeof by_rsa / sizeof *by_rsa, rsa_us + sign_us);
}

/* --- memory --- */

static void memory_rows(const char *what, unsigned pages, size_t bytes)
{
    char text[80];
    bench_scans("large.pdf", pages, bytes);
    struct cost c = bench_run((char *const[]){SIGN, "-o", "large.signed.pdf", "large.pdf", NULL});
    TP_MUST(c.status == 0);
    snprintf(text, sizeof text, "antin-sign, B-T, 1 GB in %s: resident", what);
    bench_row(text, (double)c.peak_kb / 1024, "MB", (double)c.peak_kb / 65536, "64 MB", 1);
    c = bench_run((char *const[]){verify_program, "--trust", "root.pem", "--crl", "ca.crl", "--crl", "services.crl", "--crl", "root.crl",
                                  "large.signed.pdf", NULL});
    TP_MUST(c.status == 0);
    snprintf(text, sizeof text, "antin-verify, 1 GB in %s: resident", what);
    bench_row(text, (double)c.peak_kb / 1024, "MB", (double)c.peak_kb / 65536, "64 MB", 1);
}

static void find(const char *name, char out[4096])
{
    const char *build = getenv("ANTIN_BUILD");
    char relative[512];
    snprintf(relative, sizeof relative, "%s/bin/%s", build != NULL ? build : "build", name);
    TP_MUST(realpath(relative, out) != NULL);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && strcmp(argv[1], "quick") == 0;
    find("antin-sign", sign_program);
    find("antin-verify", verify_program);
    secret_init();
    formats_errors_register();
    services_start();
    lay_out();
    sign_us = raw_signature(&signer, "one raw signature, P-256");
    rsa_us = raw_signature(&rsa, "one raw signature, RSA-2048");
    large_rows();
    small_rows();
    batch_rows();
    if (!quick) {
        memory_rows("one page", 1, 1000000000);
        memory_rows("10,000 pages", 10000, 100000);
    }
    tp_free(&rsa);
    services_stop();
    return bench_good ? 0 : 1;
}
