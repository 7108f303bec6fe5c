/*
 * HTML templates: nothing from outside ever becomes markup, faults are found while loading.
 */
#include "common/template.h"
#include "common/log.h"
#include "tests/unit/unit.h"

static struct captured cap;
static struct texts *texts;

static int setup(void **state)
{
    (void)state;
    log_init("test", LOG_INFO);
    char *dir = dir_new();
    file_write_str(dir, "vi.txt", "hello = Chào \"bạn\" & <b>\n");
    file_write_str(dir, "en.txt", "hello = Hello 'you'\n");
    err_t e = texts_load((const char *const[]){dir, NULL}, &texts);
    dir_remove(dir, (const char *const[]){"vi.txt", "en.txt", NULL});
    return e;
}

static int teardown(void **state)
{
    (void)state;
    texts_free(&texts);
    return 0;
}

/* Loads "page" and, when not NULL, "part". */
static err_t load(const char *page, const char *part, struct templates **out)
{
    char *dir = dir_new();
    file_write_str(dir, "page.html", page);
    if (part != NULL)
        file_write_str(dir, "part.html", part);
    capture_begin(&cap);
    err_t e = templates_load((const char *const[]){dir, NULL}, texts, out);
    (void)capture_end(&cap);
    dir_remove(dir, (const char *const[]){"page.html", "part.html", NULL});
    return e;
}

/* What "page" gives with these values. */
static void check(const char *page, const char *values, const char *want)
{
    AUTO(templates_free) struct templates *t = NULL;
    AUTO_JSON v = NULL;
    AUTO_BUF out = {0};
    if (load(page, NULL, &t) != OK)
        fail_msg("%s: %s", page, cap.text);
    assert_ok(json_parse(bytes_str(values), 10000, &v));
    assert_ok(template_render(t, "page", LANG_VI, v, &out));
    assert_string_equal(buf_str(&out), want);
}

static void refused(const char *page, const char *part, const char *says)
{
    AUTO(templates_free) struct templates *t = NULL;
    if (load(page, part, &t) == OK)
        fail_msg("accepted: %s", page);
    assert_null(t);
    if (strstr(cap.text, says) == NULL)
        fail_msg("%s said: %s", page, cap.text);
}

static void values_are_escaped_in_text_and_attributes(void **state)
{
    (void)state;
    check("<p>{{v}}</p>", "{\"v\":\"<script>alert(1)</script> & \\\"x\\\" 'y'\"}",
          "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39;</p>");
    check("<input value=\"{{v}}\">", "{\"v\":\"\\\" onfocus=\\\"x\"}", "<input value=\"&quot; onfocus=&quot;x\">");
    check("<input value='{{v}}'>", "{\"v\":\"' onfocus='x\"}", "<input value='&#39; onfocus=&#39;x'>");
    check("{{v}}", "{\"v\":\"&amp;\"}", "&amp;amp;");
    check("{{v}}", "{\"v\":\"{{w}}\",\"w\":\"no\"}", "{{w}}"); /* a value is never a template */
    check("<title>{{v}}</title>", "{\"v\":\"</title><script>\"}", "<title>&lt;/title&gt;&lt;script&gt;</title>");
}

static void texts_are_escaped_and_in_the_pages_language(void **state)
{
    (void)state;
    check("<p>{{t:hello}}</p>", "{}", "<p>Chào &quot;bạn&quot; &amp; &lt;b&gt;</p>");
    AUTO(templates_free) struct templates *t = NULL;
    AUTO_BUF out = {0};
    assert_ok(load("<p>{{t:hello}}</p>", NULL, &t));
    assert_ok(template_render(t, "page", LANG_EN, NULL, &out));
    assert_string_equal(buf_str(&out), "<p>Hello &#39;you&#39;</p>");
}

static void only_texts_and_whole_numbers_are_written(void **state)
{
    (void)state;
    check("{{a}},{{b}},{{c}},{{d}},{{e}}.", "{\"a\":-5,\"b\":null,\"c\":false,\"e\":9007199254740993}", "-5,,,,9007199254740993.");
    AUTO(templates_free) struct templates *t = NULL;
    assert_ok(load("before {{v}} after", NULL, &t));
    static const char *const wrong[] = {"{\"v\":[1]}", "{\"v\":{}}", "{\"v\":true}", "{\"v\":1.5}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        AUTO_JSON v = NULL;
        AUTO_BUF out = {0};
        assert_ok(buf_add_str(&out, "kept"));
        assert_ok(json_parse(bytes_str(wrong[i]), 1000, &v));
        capture_begin(&cap);
        assert_err(template_render(t, "page", LANG_VI, v, &out), ERR_INTERNAL);
        (void)capture_end(&cap);
        assert_string_equal(buf_str(&out), "kept"); /* never half a page */
    }
}

static void sections_repeat_for_lists_and_hide_what_is_absent(void **state)
{
    (void)state;
    check("{{#l}}[{{x}}]{{/l}}{{^l}}none{{/l}}", "{\"l\":[{\"x\":1},{\"x\":2}]}", "[1][2]");
    check("{{#l}}[{{x}}]{{/l}}{{^l}}none{{/l}}", "{\"l\":[]}", "none");
    check("{{#l}}[{{x}}]{{/l}}{{^l}}none{{/l}}", "{}", "none");
    check("{{#l}}{{.}};{{/l}}", "{\"l\":[\"a<\",\"b\"]}", "a&lt;;b;");
    check("{{#o}}{{x}}{{/o}}", "{\"o\":{\"x\":\"y\"}}", "y");
    check("{{#s}}yes {{s}}{{/s}}{{^s}}no{{/s}}", "{\"s\":\"v\"}", "yes v");
    check("{{#s}}yes{{/s}}{{^s}}no{{/s}}", "{\"s\":\"\"}", "no");
    check("{{#s}}yes{{/s}}{{^s}}no{{/s}}", "{\"s\":true}", "yes");
    check("{{#s}}yes{{/s}}{{^s}}no{{/s}}", "{\"s\":false}", "no");
    check("{{#s}}yes{{/s}}{{^s}}no{{/s}}", "{\"s\":null}", "no");
    check("{{#s}}{{s}}{{/s}}{{^s}}no{{/s}}", "{\"s\":0}", "0");
}

static void names_are_looked_up_outwards(void **state)
{
    (void)state;
    check("{{#l}}{{name}}{{x}} {{/l}}", "{\"name\":\"N\",\"l\":[{\"x\":1},{\"x\":2,\"name\":\"own\"}]}", "N1 own2 ");
    check("{{#a}}{{#b}}{{x}}{{/b}}{{/a}}", "{\"x\":1,\"a\":{\"x\":2,\"b\":{}}}", "2");
    check("{{#a}}{{x}}{{/a}}", "{\"x\":1,\"a\":{\"x\":null}}", ""); /* null hides the outer one */
    check("{{a.b.c}}{{a.z.c}}", "{\"a\":{\"b\":{\"c\":\"deep\"}},\"c\":\"no\"}", "deep");
    check("{{#l}}{{o.k}}{{/l}}", "{\"o\":{\"k\":\"K\"},\"l\":[{},{}]}", "KK");
    check("{{! a comment {{ }}x", "{}", "x");
    check("{{ a }}{{# a }}!{{/ a }}", "{\"a\":\"b\"}", "b!");
}

static void sections_may_stand_between_attributes(void **state)
{
    (void)state;
    check("<input{{#v}} value=\"{{v}}\"{{/v}}{{#bad}} aria-invalid=\"true\"{{/bad}}>", "{\"v\":\"a\\\"b\"}", "<input value=\"a&quot;b\">");
    check("<option {{#on}}selected{{/on}}{{#off}} disabled{{/off}}>", "{\"on\":true,\"off\":true}", "<option selected disabled>");
    check("<option required{{#on}} selected{{/on}} value=\"{{v}}\">", "{\"v\":1}", "<option required value=\"1\">");
    check("<br{{#on}} hidden{{/on}}/>{{v}}", "{\"v\":1}", "<br/>1");
    check("<p class=\"a{{#on}} b{{/on}}\">x</p>", "{\"on\":true}", "<p class=\"a b\">x</p>");
}

static void addresses_are_web_addresses_or_nothing(void **state)
{
    (void)state;
    static const char *const good[] = {"/sign/1",
                                       "https://p.example/cb?a=b",
                                       "HTTP://p.example",
                                       "mailto:a@b.example",
                                       "tel:+84",
                                       "?lang=en",
                                       "#main",
                                       "sign/1",
                                       "a/b:c",
                                       "",
                                       "//p.example/x"};
    static const char *const bad[] = {"javascript:alert(1)",
                                      "JavaScript:alert(1)",
                                      " javascript:alert(1)",
                                      "java\\nscript:alert(1)",
                                      "\\u0001javascript:alert(1)",
                                      "data:text/html,x",
                                      "vbscript:x",
                                      "file:///etc/passwd",
                                      "https :x",
                                      "blob:x",
                                      ":x",
                                      "x:y"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char values[200], want[200];
        (void)snprintf(values, sizeof values, "{\"u\":\"%s\"}", good[i]);
        (void)snprintf(want, sizeof want, "<a href=\"%s\">x</a>", good[i]);
        check("<a href=\"{{u}}\">x</a>", values, want);
    }
    static const char *const pages[][2] = {
        {"<a href=\"{{u}}\">x</a>", "<a href=\"#\">x</a>"},
        {"<form action='{{u}}'></form>", "<form action='#'></form>"},
        {"<button FormAction=\"{{u}}\">x</button>", "<button FormAction=\"#\">x</button>"},
        {"<img src=\"{{u}}\">", "<img src=\"#\">"},
        {"<a href=\"{{none}}{{u}}\">x</a>", "<a href=\"#\">x</a>"},
        {"<a href=\"{{#none}}/x{{/none}}{{u}}\">x</a>", "<a href=\"#\">x</a>"},
        {"<a href = \"{{u}}\">x</a>", "<a href = \"#\">x</a>"},
        {"<a\nclass='b'\nhref=\"{{u}}\">x</a>", "<a\nclass='b'\nhref=\"#\">x</a>"},
        {"<svg><a xlink:href=\"{{u}}\"/></svg>", "<svg><a xlink:href=\"#\"/></svg>"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t p = 0; p < sizeof pages / sizeof *pages; p++) {
            char values[200];
            (void)snprintf(values, sizeof values, "{\"u\":\"%s\"}", bad[i]);
            capture_begin(&cap);
            AUTO(templates_free) struct templates *t = NULL;
            AUTO_JSON v = NULL;
            AUTO_BUF out = {0};
            (void)capture_end(&cap);
            assert_ok(load(pages[p][0], NULL, &t));
            assert_ok(json_parse(bytes_str(values), 1000, &v));
            capture_begin(&cap);
            err_t e = template_render(t, "page", LANG_VI, v, &out);
            (void)capture_end(&cap);
            assert_ok(e);
            assert_string_equal(buf_str(&out), pages[p][1]);
        }
    /* behind a literal beginning the scheme is ours */
    check("<a href=\"/x?u={{u}}\">x</a>", "{\"u\":\"a:b\"}", "<a href=\"/x?u=a:b\">x</a>");
    check("<p title=\"{{u}}\">x</p>", "{\"u\":\"javascript:x\"}", "<p title=\"javascript:x\">x</p>");
}

static void a_value_where_escaping_does_not_help_is_a_fault(void **state)
{
    (void)state;
    refused("<script>var a = {{v}};</script>", NULL, "script or style");
    refused("<script>var a = \"{{v}}\";</script>", NULL, "script or style");
    refused("<SCRIPT src=\"x\">{{v}}</SCRIPT>", NULL, "script or style");
    refused("<style>p { color: {{v}} }</style>", NULL, "script or style");
    refused("<script>{{t:hello}}</script>", NULL, "script or style");
    refused("<!-- {{v}} -->", NULL, "comment");
    refused("<p onclick=\"{{v}}\">x</p>", NULL, "holds code");
    refused("<p ONclick='{{v}}'>x</p>", NULL, "holds code");
    refused("<p style=\"{{v}}\">x</p>", NULL, "holds code");
    refused("<iframe srcdoc=\"{{v}}\"></iframe>", NULL, "holds code");
    refused("<p class={{v}}>x</p>", NULL, "quoted attribute");
    refused("<p class=a{{v}}>x</p>", NULL, "quoted attribute");
    refused("<p {{v}}>x</p>", NULL, "quoted attribute");
    refused("<p a{{v}}=\"x\">x</p>", NULL, "quoted attribute");
    refused("<{{v}}>x", NULL, "quoted attribute");
    refused("<p{{v}}>x</p>", NULL, "quoted attribute");
    refused("</{{v}}>", NULL, "quoted attribute");
    check("<script>a < b</script><p>{{v}}</p>", "{\"v\":1}", "<script>a < b</script><p>1</p>");
    check("<!-- <p class= --><p>{{v}}</p>", "{\"v\":1}", "<!-- <p class= --><p>1</p>");
    check("<!doctype html><br/><p>{{v}}</p>", "{\"v\":1}", "<!doctype html><br/><p>1</p>");
}

static void there_is_no_way_to_raw_markup(void **state)
{
    (void)state;
    refused("{{{v}}}", NULL, "no name");
    refused("{{&v}}", NULL, "no name");
    refused("{{=<% %>=}}", NULL, "no name");
}

static void faults_are_found_while_loading(void **state)
{
    (void)state;
    refused("line\n{{#a}}x", NULL, "page.html:2: a section is not closed");
    refused("{{#a}}x{{/b}}", NULL, "closes a section that is not the open one");
    refused("x{{/a}}", NULL, "closes a section that is not the open one");
    refused("{{#a}}{{#b}}{{/a}}{{/b}}", NULL, "closes a section that is not the open one");
    refused("{{#a}}{{^b}}x{{/b}}", NULL, "a section is not closed");
    refused("\n\n{{name", NULL, "page.html:3: {{ without }}");
    refused("{{}}", NULL, "no name");
    refused("{{ }}", NULL, "no name");
    refused("{{#}}{{/}}", NULL, "no name");
    refused("{{a b}}", NULL, "no name");
    refused("{{a..b}}{{.a}}", NULL, "no name");
    refused("{{a<b}}", NULL, "no name");
    refused("{{t:}}", NULL, "no name");
    refused("a\nb {{t:unknown.key}}", NULL, "page.html:2: no such text");
    refused("<p class=\"x", NULL, "a tag, comment or script is not closed");
    refused("<script>x", NULL, "a tag, comment or script is not closed");
    refused("<sc{{#a}} x{{/a}}ript>", NULL, "a section must end");
    refused("<p {{#a}}on{{/a}}click=\"{{v}}\">", NULL, "a section must end");
    refused("<p {{#a}}on{{/a}}{{#b}}click=\"{{v}}\"{{/b}}>", NULL, "a section must end");
    refused("<p title{{#a}}=\"{{v}}\"{{/a}}>", NULL, "a section must end");
    refused("{{#a}}<p{{/a}}>", NULL, "a section must end");
    refused("<p {{#a}}class=\"x{{/a}}\">", NULL, "a section must end");
    refused("<a {{#h}}href{{/h}}=\"{{u}}\">", NULL, "a section must end");
    refused("\xff", NULL, "not UTF-8");
}

static void sections_nested_without_end_are_refused(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    for (int i = 0; i < 17; i++)
        assert_ok(buf_add_str(&b, "{{#a}}"));
    for (int i = 0; i < 17; i++)
        assert_ok(buf_add_str(&b, "{{/a}}"));
    refused(buf_str(&b), NULL, "nested too deeply");
}

static void partials_share_the_values_of_their_place(void **state)
{
    (void)state;
    AUTO(templates_free) struct templates *t = NULL;
    AUTO_JSON v = json_pack("{s:s,s:[{s:s}]}", "name", "A&B", "l", "name", "in");
    AUTO_BUF out = {0};
    assert_ok(load("{{>part}}|{{#l}}{{>part.html}}{{/l}}", "<b>{{name}}</b>", &t));
    assert_ok(template_render(t, "page.html", LANG_VI, v, &out));
    assert_string_equal(buf_str(&out), "<b>A&amp;B</b>|<b>in</b>");
}

static void faulty_partials_are_refused(void **state)
{
    (void)state;
    refused("{{>missing}}", NULL, "no template missing");
    refused("{{>page}}", NULL, "includes itself");
    refused("{{>part}}", "{{>page}}", "includes itself");
    refused("{{#never}}{{>part}}{{/never}}", "x {{>part}}", "includes itself");
    refused("<p {{>part}}>", "x", "another template inside a tag");
    refused("{{>../page}}", NULL, "no name");
    refused("{{>part}}", "<p", "a tag, comment or script is not closed");
}

static void a_page_without_measure_is_refused(void **state)
{
    (void)state;
    AUTO(templates_free) struct templates *t = NULL;
    AUTO_BUF out = {0};
    AUTO_JSON v = json_object();
    json_t *list = json_array();
    for (int i = 0; i < 100; i++)
        assert_int_equal(json_array_append_new(list, json_integer(i)), 0);
    assert_int_equal(json_object_set_new(v, "l", list), 0);
    assert_ok(load("{{#l}}{{#l}}{{#l}}{{#l}}0123456789{{/l}}{{/l}}{{/l}}{{/l}}", NULL, &t));
    assert_err(template_render(t, "page", LANG_VI, v, &out), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
}

static void an_unknown_template_is_an_error(void **state)
{
    (void)state;
    AUTO(templates_free) struct templates *t = NULL;
    AUTO_BUF out = {0};
    assert_ok(load("x", NULL, &t));
    capture_begin(&cap);
    assert_err(template_render(t, "pag", LANG_VI, NULL, &out), ERR_INTERNAL);
    assert_err(template_render(t, "pages", LANG_VI, NULL, &out), ERR_INTERNAL);
    assert_err(template_render(t, "", LANG_VI, NULL, &out), ERR_INTERNAL);
    (void)capture_end(&cap);
    capture_begin(&cap);
    AUTO(templates_free) struct templates *none = NULL;
    assert_err(templates_load((const char *const[]){"/nonexistent", NULL}, texts, &none), ERR_CONFIG);
    (void)capture_end(&cap);
}

/* The repository's own pages: tests run from its root. */
static void the_pages_of_both_daemons_compile(void **state)
{
    (void)state;
    static const char *const own[][2] = {{"idp/texts", "idp/pages"}, {"signer/texts", "signer/pages"}};
    for (size_t i = 0; i < 2; i++) {
        AUTO(texts_free) struct texts *t = NULL;
        AUTO(templates_free) struct templates *pages = NULL;
        capture_begin(&cap);
        err_t e = texts_load((const char *const[]){"common/texts", own[i][0], NULL}, &t);
        if (e == OK)
            e = templates_load((const char *const[]){"common/pages", own[i][1], NULL}, t, &pages);
        const char *said = capture_end(&cap);
        if (e != OK)
            fail_msg("%s", said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped_in_text_and_attributes),
        cmocka_unit_test(texts_are_escaped_and_in_the_pages_language),
        cmocka_unit_test(only_texts_and_whole_numbers_are_written),
        cmocka_unit_test(sections_repeat_for_lists_and_hide_what_is_absent),
        cmocka_unit_test(names_are_looked_up_outwards),
        cmocka_unit_test(sections_may_stand_between_attributes),
        cmocka_unit_test(addresses_are_web_addresses_or_nothing),
        cmocka_unit_test(a_value_where_escaping_does_not_help_is_a_fault),
        cmocka_unit_test(there_is_no_way_to_raw_markup),
        cmocka_unit_test(faults_are_found_while_loading),
        cmocka_unit_test(sections_nested_without_end_are_refused),
        cmocka_unit_test(partials_share_the_values_of_their_place),
        cmocka_unit_test(faulty_partials_are_refused),
        cmocka_unit_test(a_page_without_measure_is_refused),
        cmocka_unit_test(an_unknown_template_is_an_error),
        cmocka_unit_test(the_pages_of_both_daemons_compile),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
