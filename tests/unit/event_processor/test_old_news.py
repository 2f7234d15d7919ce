"""What comes late is counted and acts on nothing."""

from typing import Any

import pytest

from shared.messages import Candidate, Event, Frame, Trigger
from tests.support.event_flow import offered, planned, processor
from tests.support.scenarios import at


def test_old_news_is_counted_and_pulls_no_trigger() -> None:
    """An offer of 400 days ago must not switch backup power on now; one of a moment ago does."""
    rules = {
        "handlers": {"horn": {"kind": "trigger", "name": "horn"}},
        "routes": [{"types": ["#"], "handlers": ["horn"]}],
    }
    with processor(planned(rules)) as (stage, ledger, outlet):
        offered(stage, ledger, Candidate(type="AC_POWER_LOSS", time=at(-400 * 86_400)))
        assert [Event] == [type(message) for message in outlet.emitted]
        assert (1, 1) == (stage.figures()["triggers_too_late"], stage.figures()["events"])

        offered(stage, ledger, Candidate(type="AC_POWER_LOSS", time=at(-3600)))
        assert "horn" in {message.name for message in outlet.emitted if isinstance(message, Trigger)}


@pytest.mark.parametrize(("boot", "clock", "pulled"), [("b1", None, False), ("b1", "unset", True), (None, None, True)])
def test_a_live_frame_that_comes_late_pulls_no_trigger(boot: str | None, clock: Any, pulled: bool) -> None:
    """The processor was away for hours. What is played has its own time, and a clock that is not set says nothing."""
    with processor(planned({})) as (stage, ledger, outlet), ledger.transaction():
        for second, mains in ((-9000, True), (-8990, False), (-8980, False)):
            values = {"ac_present": mains, "battery_voltage": 4.0}
            stage.apply(Frame(device="ups", time=at(second), values=values, boot=boot, clock=clock))
        stage.flush()
    assert "AC_POWER_LOSS" in {message.type for message in outlet.emitted if isinstance(message, Event)}
    assert pulled is any(isinstance(message, Trigger) for message in outlet.emitted)
