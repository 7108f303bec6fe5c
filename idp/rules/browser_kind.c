/*
 * Kinds of browsers, by what their User-Agent holds.
 * Called by endpoints/browser.c.
 */
#include "idp/rules/browser_kind.h"
#include <stdio.h>
#include <string.h>

struct kind {
    const char *mark, *word;
};
/* The first that fits counts: nearly all claim to be Chrome and Safari too. */
static const struct kind browsers[] = {
    {"Zalo", "Zalo"},        {"FBAN", "Facebook"}, {"FBAV", "Facebook"},  {"coc_coc_browser", "Cốc Cốc"}, {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},     {"Edg/", "Edge"},     {"OPR/", "Opera"},     {"SamsungBrowser/", "Samsung"}, {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},          {"curl/", "curl"},
};
static const struct kind systems[] = {
    {"Android", "Android"}, {"iPhone", "iPhone"},  {"iPad", "iPad"},   {"Windows", "Windows"},
    {"CrOS", "ChromeOS"},   {"Mac OS X", "macOS"}, {"Linux", "Linux"},
};

static const char *word_of(const struct kind *kinds, size_t n, const char *user_agent)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(user_agent, kinds[i].mark))
            return kinds[i].word;
    return "";
}

void browser_kind(const char *user_agent, char out[BROWSER_KIND_CAP])
{
    const char *ua = user_agent ? user_agent : "";
    const char *browser = word_of(browsers, sizeof browsers / sizeof *browsers, ua);
    const char *system = word_of(systems, sizeof systems / sizeof *systems, ua);

    snprintf(out, BROWSER_KIND_CAP, "%s%s%s", browser, *browser && *system ? ", " : "", system);
}
