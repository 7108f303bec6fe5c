/*
 * Walks the identity provider's route table: what holds for every row, and what each kind of row must have.
 */
#include "tests/unit/unit.h"

#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/routes.h"

#define EACH(r) for (const struct http_route *r = idp_routes; r->method; r++)

static void every_route_renders_its_failures_and_bounds_its_body(void **state)
{
    (void)state;
    EACH(r)
    {
        assert_non_null(r->handler);
        assert_non_null(r->fail);
        assert_true(r->path[0] == '/');
        assert_true((r->body == HTTP_NO_BODY) == (r->body_max == 0));
        assert_true(r->body_max <= 16 * 1024);
        assert_true(strcmp(r->method, "GET") != 0 || r->body == HTTP_NO_BODY);
    }
}

static void no_route_stands_twice(void **state)
{
    (void)state;
    EACH(a)
    for (const struct http_route *b = a + 1; b->method; b++)
        assert_false(strcmp(a->method, b->method) == 0 && strcmp(a->path, b->path) == 0);
}

static void the_counters_api_is_for_officers(void **state)
{
    int n = 0;
    (void)state;
    EACH(r)
    {
        bool api = strncmp(r->path, "/v1/", 4) == 0;
        n += api;
        assert_true(api == (r->auth == auth_registrar));
        assert_true(!api || r->fail == fail_api);
    }
    assert_true(n >= 5);
}

static void the_administrations_api_is_for_administrators(void **state)
{
    int n = 0;
    (void)state;
    EACH(r)
    {
        bool api = strncmp(r->path, "/admin/", 7) == 0;
        n += api;
        assert_true(api == (r->auth == auth_admin));
        assert_true(!api || r->fail == fail_api);
        assert_false(api && (r->cors || r->inline_ok));
    }
    assert_true(n >= 1);
}

static void only_public_metadata_is_open_to_other_origins(void **state)
{
    (void)state;
    EACH(r) if (r->cors) assert_true(strncmp(r->path, "/.well-known/", 13) == 0 || strcmp(r->path, "/jwks") == 0);
}

static void what_runs_on_the_http_thread_waits_for_nobody(void **state)
{
    (void)state;
    EACH(r) if (r->inline_ok) assert_true(strncmp(r->path, "/assets/", 8) == 0 || strcmp(r->path, "/health") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_renders_its_failures_and_bounds_its_body),
        cmocka_unit_test(no_route_stands_twice),
        cmocka_unit_test(the_counters_api_is_for_officers),
        cmocka_unit_test(the_administrations_api_is_for_administrators),
        cmocka_unit_test(only_public_metadata_is_open_to_other_origins),
        cmocka_unit_test(what_runs_on_the_http_thread_waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
