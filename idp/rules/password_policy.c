/*
 * What a password must be.
 * Called by rules/activation.c and antin-idpctl. NIST SP 800-63B §5.1.1.2.
 */
#include "idp/rules/password_policy.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const common[] = {
    "password",  "password1", "passw0rd", "123456789", "1234567890", "12345678",    "87654321", "987654321", "0987654321", "11223344",
    "qwertyui",  "qwerty123", "1q2w3e4r", "1qaz2wsx",  "abcd1234",   "abc12345",    "iloveyou", "admin123",  "matkhau1",   "matkhau123",
    "matkhau12", "mat khau",  "mật khẩu", "vietnam1",  "vietnam123", "vietnam2025", "anhyeuem", "emyeuanh",  "saigon123",  "hochiminh",
    "anhyeuem1", "khongbiet", "khongco1", "1234abcd",  "a1234567",   "a12345678",   "aa123456", "zxcvbnm1",  "asdfghjk",   "changeme",
};

static size_t characters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80; /* UTF-8: count first bytes */
    return n;
}

/* "aaaaaaaa", "abababab", "12345678": a period of at most two, or each the next of the one before. */
static bool monotonous(const char *s)
{
    bool repeat = true, ladder = true;
    int step = s[0] && s[1] ? s[1] - s[0] : 0;

    for (size_t i = 2; s[i]; i++) {
        repeat = repeat && s[i] == s[i - 2];
        ladder = ladder && s[i] - s[i - 1] == step;
    }
    return repeat || (ladder && step >= -1 && step <= 1);
}

err_t password_policy(const char *password, const char *login)
{
    if (strlen(password) > PASSWORD_MAX)
        return ERR_PASSWORD_LONG;
    if (characters(password) < PASSWORD_MIN)
        return ERR_PASSWORD_SHORT;
    if (monotonous(password) || (*login && strcasestr(password, login)) || (strlen(password) >= 4 && strstr(login, password)))
        return ERR_PASSWORD_WEAK;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcasecmp(password, common[i]) == 0)
            return ERR_PASSWORD_WEAK;
    return OK;
}
