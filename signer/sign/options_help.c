/*
 * What --help says.
 * Printed by main.c; docs/man/antin-sign.1 tells more.
 */
#include "signer/sign/options.h"

const char OPTIONS_HELP[] =
    "usage: antin-sign [OPTIONS] FILE...          signs files: x.pdf becomes x.signed.pdf, others get a x.p7s beside them\n"
    "       antin-sign --format asic-e [OPTIONS] FILE...   puts files and a signature over all of them into one container\n"
    "       antin-sign extend [OPTIONS] FILE...   raises the level of signatures that are there, ours or others'\n"
    "       antin-sign evidence create|renew|get -o FOLDER [OPTIONS] FILE...   one timestamp over many files; x.ers beside x\n\n"
    "  --format auto|pades|cades|xades|asic-e|asic-s   auto: PAdES for PDF, CAdES for anything else; xades: inside the XML\n"
    "                              document; asic-e: x.asice, one container of all files; asic-s: x.asics for each file\n"
    "  --kind xades|cades|timestamp   in a container: asic-e has XAdES unless told, asic-s CAdES; timestamp: asic-s, needs no key\n"
    "  --level B-B|B-T|B-LT|B-LTA  default: B-T with --tsa, B-B without; extend: B-LTA\n"
    "key:\n"
    "  --key PEM --cert PEM        private key, and certificate (with those above it, if they are in the file)\n"
    "  --p12 FILE                  both from PKCS#12\n"
    "  --pkcs11 MODULE [--token LABEL] [--key-label LABEL]   both from a token\n"
    "  --chain FILE                further certificates above it (repeatable)\n"
    "  --password-file FILE        password or PIN; without it the terminal asks\n"
    "  --hash NAME --rsa-pkcs1     sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; PKCS#1 v1.5 in place of PSS\n"
    "services:\n"
    "  --tsa URL [--tsa-user NAME --tsa-password-file FILE] [--tsa-hash NAME]   time-stamping service (RFC 3161)\n"
    "  --trust PEM --crl FILE      certificates and CRLs at hand (repeatable)\n"
    "  --offline                   certificates' own addresses are not followed\n"
    "  --private-addresses         they may lead into our own network\n"
    "  --cache FOLDER, --no-cache  where CRLs and OCSP answers are kept ($XDG_CACHE_HOME/antin)\n"
    "  --timeout SECONDS           of a request (20)   --tls-ca PEM   anchors for https\n"
    "  --check                     no signature unless the certificate's status is known to be good\n"
    "result:\n"
    "  -o, --output PATH           file, or an existing folder\n"
    "  --overwrite                 an older result gives way\n"
    "  --or-nothing                nothing is written below the level that was asked for\n"
    "  --field NAME --reason TEXT --location TEXT --name TEXT --certify 1|2|3   in a PDF\n"
    "  --enveloping --mime TYPE    CAdES, XAdES: with the content inside; the content's media type\n"
    "  --content FILE              extend: what a detached CMS signs, when its name does not tell\n"
    "  -j N                        files at once   --json   --quiet   --lang vi|en   --help   --version\n\n"
    "exit status: 0 all at the level asked for, 1 a file was not signed, 2 a file was signed at a lower level, 3 usage error\n";
