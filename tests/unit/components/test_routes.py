"""Which requests go where, and who is asked to log in first."""

from __future__ import annotations

from fnmatch import fnmatch

from components.load_balancer.routes import VALUES_PER_RULE, Route, routes
from settings.releases import DEFAULT

PATHS = DEFAULT.routes
ADMINS = [f"10.0.{n}.0/24" for n in range(7)]


def values(route: Route) -> int:
    return len(route.paths) + len(route.sources) + len(route.tokens)


def first(table: list[Route], path: str, *, token: bool = False, source: str = "198.51.100.1/32") -> Route | None:
    """The rule that takes a request; None: the listener's default, the UI."""
    for route in table:
        fits = any(fnmatch(path, pattern) for pattern in route.paths)
        if fits and (token or not route.tokens) and (not route.sources or source in route.sources):
            return route
    return None


def test_every_path_of_the_server_has_its_rule_however_it_is_set() -> None:
    for admins in ([], ADMINS):
        for login in (False, True):
            for bypass in (False, True):
                table = routes(PATHS, admins, login=login, token_bypass=bypass)
                assert {path for route in table for path in route.paths} == set(PATHS.server)
                assert all(values(route) <= VALUES_PER_RULE for route in table), "an ALB takes no more"
                assert [route.priority for route in table] == sorted({route.priority for route in table})
                assert len({route.name for route in table}) == len(table)


def test_without_a_login_there_is_no_challenge_and_a_token_changes_nothing() -> None:
    table = routes(PATHS, ADMINS, login=False, token_bypass=True)
    assert not any(route.login or bool(route.tokens) for route in table)


def test_with_a_login_every_rule_that_leads_to_the_server_asks_unless_a_token_passes() -> None:
    for bypass in (False, True):
        table = routes(PATHS, ADMINS, login=True, token_bypass=bypass)
        open_routes = [route for route in table if route.allowed and not route.login]
        assert [bool(route.tokens) for route in open_routes] == ([True] if bypass else [])
        assert all(route.paths == ("/api/*",) for route in open_routes), "the bypass is for the API only"


def test_programs_are_refused_and_people_are_sent_to_log_in() -> None:
    table = routes(PATHS, ADMINS, login=True, token_bypass=True)
    by_program, by_token = first(table, "/api/v1/tasks"), first(table, "/api/v1/tasks", token=True)
    page = first(table, "/static/logo.svg")
    assert by_program is not None
    assert by_token is not None
    assert page is not None
    assert (by_program.login, by_token.login, page.login) == ("deny", "", "authenticate")
    assert first(table, "/tasks/1") is None, "the UI is the listener's default, which asks too"


def test_a_token_does_not_open_the_administrators_pages() -> None:
    table = routes(PATHS, ADMINS, login=True, token_bypass=True)
    for path in (pattern.replace("*", "/") for pattern in PATHS.admin):
        stranger, admin = first(table, path, token=True), first(table, path, token=True, source=ADMINS[-1])
        assert stranger is not None
        assert admin is not None
        assert not stranger.allowed
        assert (admin.allowed, admin.login) == (True, "authenticate")
