"""Who may come in: sessions, attempts, and requests that another site made a browser send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.core.access.attempts import MOST, MOST_OF_ALL, WINDOW_S, Attempts
from services.gateway.core.access.origin import is_cross_site, is_known_host
from services.gateway.core.access.sessions import LASTS_S, is_valid, new_session, signing_key

NOW = 1_800_000_000
KEY = signing_key("correct horse")
HOST = "pi.lan:8470"


def test_a_session_lasts_half_a_day_under_its_password() -> None:
    """Another password ends it."""
    session = new_session(KEY, NOW, "ab12")
    assert [True, True, False] == [is_valid(KEY, session, NOW + s) for s in (0, LASTS_S - 1, LASTS_S)]
    assert not is_valid(signing_key("battery staple"), session, NOW)


def test_a_session_from_the_future_is_none() -> None:
    """The clock went back, or somebody had the key of a longer one."""
    assert not is_valid(KEY, new_session(KEY, NOW + 10, "ab12"), NOW)


@given(st.text(max_size=200))
def test_a_session_that_was_not_signed_is_none(text: str) -> None:
    """Whatever it says."""
    assert not is_valid(KEY, text, NOW)


def test_a_changed_session_is_none() -> None:
    """Each part is signed."""
    ends, nonce, signature = new_session(KEY, NOW, "ab12").split(".")
    assert not is_valid(KEY, f"{int(ends) + 1}.{nonce}.{signature}", NOW)
    assert not is_valid(KEY, f"{ends}.cd34.{signature}", NOW)


def test_an_address_waits_after_too_many_wrong_passwords() -> None:
    """Until the oldest of them is a minute ago; other addresses do not wait."""
    attempts = Attempts()
    for second in range(MOST):
        assert 0 == attempts.wait_s("a", float(second))
        attempts.failed("a", float(second))

    assert WINDOW_S - 10 == attempts.wait_s("a", 10.0)
    assert 0 == attempts.wait_s("b", 10.0)
    assert 0 == attempts.wait_s("a", WINDOW_S)


def test_all_addresses_together_have_a_bound() -> None:
    """And so has the memory of them."""
    attempts = Attempts()
    for number in range(10 * MOST_OF_ALL):
        if attempts.wait_s(f"a{number}", 1.0) == 0:
            attempts.failed(f"a{number}", 1.0)

    assert MOST_OF_ALL == len(attempts.failures)
    assert attempts.wait_s("new", 1.0) > 0


@pytest.mark.parametrize(
    ("method", "origin", "fetch_site", "with_cookie", "refused"),
    [
        ("GET", "https://evil.example", "cross-site", True, False),
        ("POST", f"http://{HOST}", "same-origin", True, False),
        ("POST", "https://evil.example", "cross-site", True, True),
        ("POST", "https://evil.example", None, False, True),
        ("POST", "null", None, True, True),
        ("POST", None, "same-site", True, True),
        ("POST", None, "none", True, False),
        ("POST", None, None, True, True),  # a session belongs to a browser, and a browser says where it comes from
        ("POST", None, None, False, False),  # curl
        ("DELETE", f"http://{HOST.upper()}", None, True, False),
    ],
)
def test_a_request_of_another_site_is_refused(
    method: str, origin: str | None, fetch_site: str | None, with_cookie: bool, refused: bool
) -> None:
    """Unless it only reads."""
    assert refused == is_cross_site(method, HOST, origin, fetch_site, with_cookie=with_cookie)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:8470", True),
        ("127.0.0.1", True),
        ("[::1]:8470", True),
        ("LOCALHOST", True),
        ("upskeep.lan:80", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
        ("localhost:8470@evil.example", False),
        ("127.0.0.1:port", False),
    ],
)
def test_without_a_login_only_names_of_this_machine_are_answered(host: str, known: bool) -> None:
    """A stranger's name may lead here, too."""
    assert known == is_known_host(host, ("Upskeep.lan",))
