"""Who may come in, asked over HTTP."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.support.running_gateway import RunningGateway

pytestmark = pytest.mark.mosquitto

PATHS = ("/", "/alerts", "/events", "/metrics", "/api/overview", "/api/stream", "/api/openapi.json", "/nothing")
FORM = {"content-type": "application/x-www-form-urlencoded"}
HTML = {"accept": "text/html"}


def log_in(gateway: RunningGateway, password: str, **headers: str) -> tuple[int, str]:
    """Return the status, and the session if there is one."""
    answer = gateway.ask("POST", "/login", body=urlencode({"password": password}), headers=FORM | headers)
    return answer.status, answer.headers.get("set-cookie", "").partition(";")[0]


def test_nothing_is_shown_without_a_login(shared_locked: RunningGateway) -> None:
    """Programs are told, people are led to the form."""
    for path in PATHS:
        assert shared_locked.get(path).status == 401
        led = shared_locked.get(path, headers=HTML)
        assert (led.status, led.headers["location"]) == (303, "/login")
    assert shared_locked.get("/login").status == 200
    assert shared_locked.get("/console.css").status == 200


def test_a_token_opens_everything_and_a_wrong_one_nothing(shared_locked: RunningGateway) -> None:
    """As programs do it."""
    good, bad = ({"authorization": f"Bearer {token}"} for token in ("token-of-a-test", "token-of-a-tesT"))
    assert [200, 401] == [shared_locked.get("/api/overview", headers=each).status for each in (good, bad)]
    assert shared_locked.get("/api/overview", headers={"authorization": "Basic token-of-a-test"}).status == 401


def test_a_password_makes_a_session_that_no_script_can_read(shared_locked: RunningGateway) -> None:
    """And that no other site can use."""
    answer = shared_locked.ask("POST", "/login", body=urlencode({"password": "correct horse"}), headers=FORM)
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}

    session = {"cookie": cookie.partition(";")[0]}
    assert shared_locked.get("/", headers=session).status == 200
    assert shared_locked.get("/", headers={"cookie": session["cookie"] + "0"}).status == 401

    order = "/alerts/on_battery/ups/acknowledge"
    cross = session | FORM | {"origin": "https://evil.example"}
    assert shared_locked.ask("POST", order, body="", headers=cross).status == 403
    assert shared_locked.ask("POST", order, body="", headers=session | FORM).status == 403  # from nowhere


def test_wrong_passwords_are_slowed_down(locked: RunningGateway) -> None:
    """After five the right one has to wait, too; who has a token does not."""
    assert [401] * 5 == [log_in(locked, f"wrong {number}")[0] for number in range(5)]
    answer = locked.ask("POST", "/login", body=urlencode({"password": "correct horse"}), headers=FORM)
    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert locked.get("/api/overview", headers={"authorization": "Bearer token-of-a-test"}).status == 200


def test_without_a_login_a_strangers_name_is_not_answered(shared: RunningGateway) -> None:
    """A page of evil.example whose name leads to this machine would read and command."""
    assert shared.get("/api/overview").status == 200
    assert shared.get("/api/overview", headers={"host": "evil.example"}).status == 403
    assert shared.ask("POST", "/api/silences", body="{}", headers={"origin": "https://evil.example"}).status == 403


def test_every_answer_says_what_a_browser_may_do_with_it(shared: RunningGateway) -> None:
    """No script and no style but ours, in no frame."""
    for path in (*PATHS[:5], "/nothing", "/console.js", "/login"):
        headers = shared.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert ("nosniff", "DENY", "same-origin") == tuple(
            headers[name] for name in ("x-content-type-options", "x-frame-options", "referrer-policy")
        )
        assert "server" not in headers


def test_a_form_that_is_too_large_is_refused(shared_locked: RunningGateway) -> None:
    """Nobody's password is that long."""
    assert shared_locked.ask("POST", "/login", body="password=" + "x" * 10_000, headers=FORM).status == 413
    assert shared_locked.process.poll() is None
