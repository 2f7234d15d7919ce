"""A processor that died makes samples again that it had let go of: each is judged once, whatever it says (ADR 0053)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.alerter.core.recent_samples import RecentSamples
from shared.delivery.calm_samples import CalmSamples
from shared.messages import Quality, StateSample
from shared.sample_words import SAMPLES_AHEAD
from tests.support.alerter_harness import Play, after

RULES = """
rules:
  low: {compare: {state: "*", field: battery_voltage, below: 11, clear: 12}}
  far: {deviation: {state: "*", field: battery_voltage, target: 12, percent: 10, floor: 0.1}}
  soon: {prediction: {state: "*", field: battery_voltage, reaches: 5, within: 1m, over: 1m}}
  gone: {absence: {state: "*", after: 45s}}
"""
SAMPLES = st.tuples(st.sampled_from("ab"), st.sampled_from([5, 10, 11.5, 13]), st.sampled_from(["mains", "battery"]))
DEATHS = st.tuples(st.just("dies"), st.integers(0, 20))
STEPS = st.lists(SAMPLES | DEATHS | st.just("commits") | st.just("alerter starts"), max_size=40)


class Processor:
    """What the processor's side of the wire does with samples: those that are not calm commit, with all before."""

    def __init__(self) -> None:
        self.calm = CalmSamples()
        self.open: list[StateSample] = []

    def emit(self, sample: StateSample) -> None:
        self.open.append(sample)
        if not self.calm.is_calm(sample):
            self.commit()

    def commit(self) -> None:
        self.open.clear()
        self.calm.committed()

    def die(self, known: int) -> list[StateSample]:
        """Return what it makes again; its reader has died too where that is not all."""
        again = self.open[:known]
        self.__init__()  # type: ignore[misc]
        return again


def sample(at_s: float, device: str = "a", simulated: bool = False, **known: Any) -> StateSample:
    power = known.pop("power", None)
    return StateSample(
        device=device, time=after(at_s), quality=Quality.GOOD, power=power, values=known, simulated=simulated
    )


@given(STEPS)
def test_repeats_change_no_alert(steps: list[Any]) -> None:
    """However often it dies, and whatever its reader has lost of what it had seen."""
    disturbed, undisturbed, processor = Play(RULES), Play(RULES), Processor()
    for at, step in enumerate(steps):
        match step:
            case "commits":
                processor.commit()
            case "alerter starts":
                disturbed.restart_in_place()
            case "dies", known:
                for again in processor.die(known):
                    processor.emit(again)
                    disturbed.alerter.apply(again)
                    disturbed.alerter.flush()
            case device, volts, power:
                fresh = sample(10.0 * at, device, power=power, battery_voltage=volts)
                processor.emit(fresh)
                for play in (disturbed, undisturbed):
                    play.alerter.apply(fresh)
                    play.alerter.flush()
    found = disturbed.timeline(), undisturbed.timeline()
    for play in (disturbed, undisturbed):
        play.close()

    assert found[0] == found[1]


def test_an_old_value_that_comes_again_is_not_the_newest() -> None:
    """What was all right since then is forgotten, so nothing but the sample itself would say that it is old."""
    play = Play(RULES)
    samples = [sample(10.0 * n, battery_voltage=volts) for n, volts in enumerate((12.5, 10, 12.5))]
    for each in (*samples, *samples):
        play.alerter.apply(each)
        play.alerter.flush()
    rows = [row for row in play.timeline() if row[0] == "low/a"]
    play.close()

    assert [("low/a", "firing", 10.0), ("low/a", "resolved", 20.0)] == rows


def test_what_is_calm_at_the_sender_is_known_at_the_receiver() -> None:
    """So many may wait as are remembered, and not one more."""
    calm, recent = CalmSamples(), RecentSamples()
    samples = [sample(10.0 * n) for n in range(SAMPLES_AHEAD + 2)]

    assert [False, *[True] * SAMPLES_AHEAD, False] == [calm.is_calm(each) for each in samples]
    assert [False] * len(samples) == [recent.is_repeat(each) for each in samples]
    assert [True] * SAMPLES_AHEAD == [recent.is_repeat(each) for each in samples[-SAMPLES_AHEAD:]]
    assert not recent.is_repeat(samples[0])


def test_what_comes_later_of_hardware_may_wait() -> None:
    """The first sample after a start, a clock that was set back, and what is played commit before they leave."""
    calm = CalmSamples()
    rows = [
        (sample(0, n=1, on=True), False),
        (sample(10, n=2, on=True), True),
        (sample(20, n=2, on=False), True),
        (sample(15, n=2, on=False), False),
        (sample(16, n=2, on=False), True),
        (sample(30, n=2, on=False, power="mains"), True),
        (sample(40, n=2, on=False, power="mains", simulated=True), False),
        (sample(50, device="b"), False),
    ]

    assert [expected for _, expected in rows] == [calm.is_calm(each) for each, _ in rows]


def test_the_device_heard_longest_ago_is_forgotten_at_the_bound() -> None:
    """Names cost nothing to send."""
    recent = RecentSamples(most=2)
    for device in ("a", "b", "a", "c"):
        recent.is_repeat(sample(0, device))

    assert ({"b": None}, {"a", "c"}) == (recent.dropped, set(recent.touched))


def test_recordings_may_say_the_same_again() -> None:
    """What is played is exact to the message, and played twice it is judged twice."""
    recent = RecentSamples()

    assert [False, False] == [recent.is_repeat(sample(0, simulated=True)) for _ in range(2)]
