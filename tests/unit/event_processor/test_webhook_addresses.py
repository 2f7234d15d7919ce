"""An allowed address is the one that is called: no path leads past ``webhooks_allowed`` (issue 13.9)."""

from __future__ import annotations

import pytest

from services.event_processor.core.pipeline.plan import _address_fault

ALLOWED = ("https://a.example/hooks",)
STEPS = "steps up its path with ..; write where it leads to"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://a.example/hooks/x", None),
        ("https://a.example/hooks/x?back=../y", None),
        ("https://a.example/hooks/x..y", None),
        ("https://a.example/hooks/../admin", STEPS),
        ("https://a.example/hooks/%2e%2e/admin", STEPS),
        ("https://a.example/hooks/%2E./admin", STEPS),
        ("https://a.example/hooks/%252e%252e/admin", STEPS),
        ("https://a.example/hooks/..%2fadmin", STEPS),
        ("https://a.example/hooks/..\\admin", STEPS),
        ("https://a.example/hooks/./x", STEPS),
        ("https://a.example/hooksmith", "is not allowed; add how it begins to webhooks_allowed if events may go there"),
    ],
)
def test_a_path_that_steps_up_is_no_allowed_address(url: str, fault: str | None) -> None:
    """In whatever way the step is written."""
    assert fault == _address_fault(url, ALLOWED)
