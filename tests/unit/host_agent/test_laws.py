"""Laws of the agent, over whatever a supply may say and however long it may say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.host_agent.core import inputs
from services.host_agent.core.memory import Memory, recall
from services.host_agent.core.phases import TRANSITIONS, Phase, Signal
from services.host_agent.core.signals import SIGNAL_HOLDS
from shared.messages import DeviceState, Quality
from tests.support.simulated_host import NOON, Host

RULES = {"dead_time_s": 30.0, "stale_after_s": 15.0, "delay_s": 20.0, "mains_back_s": 10.0, "on_battery_for_s": 120.0}


@dataclass(frozen=True)
class Said:
    """A state that is heard after a pause; ``skew_s`` is how wrong the supply's clock is by then."""

    pause_s: float
    power: str | None
    battery: str
    charge: float | None
    quality: Quality
    skew_s: float

    @property
    def is_evidence(self) -> bool:
        return self.power is not None and self.quality is not Quality.BAD


SAID = st.builds(
    Said,
    pause_s=st.sampled_from([0.5, 1.0, 4.0, 9.0, 16.0, 40.0]),
    power=st.sampled_from(["mains", "battery", "battery", None]),
    battery=st.sampled_from(["ok", "low", "critical"]),
    charge=st.sampled_from([None, 80.0, 9.0]),
    quality=st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.SUSPECT, Quality.BAD]),
    skew_s=st.sampled_from([0.0, 0.0, -7200.0, 86400.0]),
)
STORY = st.lists(SAID, max_size=25)
UPTIME = st.sampled_from([0.0, 250.0, 5000.0])


def tell(host: Host, said: Said, number: int, skew: bool = True) -> None:
    """Let a pause pass and hear a state; two states never have the same time."""
    host.go(said.pause_s)
    skew_s = said.skew_s if skew else 0.0
    state = DeviceState(
        device="ups",
        time=NOON + timedelta(seconds=host.now_s + skew_s, microseconds=number),
        quality=said.quality,
        power=said.power,
        battery=said.battery,
        values={"battery_voltage": 3.8} | ({} if said.charge is None else {"state_of_charge": said.charge}),
    )
    host.change(inputs.state_heard(host.rules, host.memory, state, host.now_s, retained=False))


def played(story: list[Said], uptime_s: float, *, skew: bool = True) -> Host:
    host = Host(uptime_s=uptime_s, **RULES)
    for number, said in enumerate(story):
        tell(host, said, number, skew)
    return host


@settings(max_examples=50, deadline=None)
@given(STORY, UPTIME)
def test_it_never_acts_without_evidence_of_battery(story: list[Said], uptime_s: float) -> None:
    """The last evidence before an act said battery."""
    host, last = Host(uptime_s=uptime_s, **RULES), None
    for number, said in enumerate(story):
        before = host.acts
        host.go(said.pause_s)
        assert host.acts == before or last == "battery"
        before = host.acts
        tell(host, Said(0, said.power, said.battery, said.charge, said.quality, said.skew_s), number)
        last = said.power if said.is_evidence else last
        assert host.acts == before or last == "battery"


@settings(max_examples=50, deadline=None)
@given(STORY, UPTIME)
def test_last_known_on_battery_and_silent_always_ends_in_the_act(story: list[Said], uptime_s: float) -> None:
    """Within dead time and delay, once the boot grace is over."""
    host = played(story, uptime_s)
    tell(host, Said(1, "battery", "ok", 80.0, Quality.GOOD, 0), 999)
    wait_s = max(0.0, host.rules.boot_grace_s - host.now_s) + 30 + 20
    host.go(wait_s)
    assert Phase.DONE is host.phase


@settings(max_examples=50, deadline=None)
@given(STORY, UPTIME)
def test_mains_back_before_the_point_of_no_return_always_cancel(story: list[Said], uptime_s: float) -> None:
    """From any phase before it, and then nothing more comes of it."""
    host = played(story, uptime_s)
    if host.phase is Phase.DONE:
        return
    acts = host.acts
    for number in range(11):
        tell(host, Said(1, "mains", "critical", 1.0, Quality.GOOD, 0), 1000 + number)
    host.go(4000)
    assert (Phase.WATCHING, acts) == (host.phase, host.acts)


@settings(max_examples=50, deadline=None)
@given(STORY, UPTIME)
def test_there_is_one_act_an_episode(story: list[Said], uptime_s: float) -> None:
    """Between two acts the mains were back, or a silent supply was heard again."""
    host = played(story * 2, uptime_s)
    episodes = [move.memory.episode for move in host.moves if move.into is Phase.ACTING]
    assert len(episodes) == len(set(episodes))
    for earlier, later in pairwise(i for i, move in enumerate(host.moves) if move.into is Phase.ACTING):
        assert Signal.OVER in host.signals[earlier:later]


@settings(max_examples=50, deadline=None)
@given(STORY, UPTIME)
def test_steps_of_the_wall_clock_change_nothing(story: list[Said], uptime_s: float) -> None:
    """The same arrivals give the same moves, whatever times the supply writes on them."""
    skewed, true = played(story, uptime_s), played(story, uptime_s, skew=False)
    assert true.signals == skewed.signals
    assert [move.memory.phase_since_s for move in true.moves] == [move.memory.phase_since_s for move in skewed.moves]


@settings(max_examples=50, deadline=None)
@given(STORY, UPTIME)
def test_what_is_remembered_survives_a_restart_and_not_a_reboot(story: list[Said], uptime_s: float) -> None:
    """Of another boot nothing is known."""
    memory = played(story, uptime_s).memory
    kept = memory.model_dump_json().encode()
    assert memory == recall(kept, memory.boot)
    assert Memory(boot="boot-2") == recall(kept, "boot-2")


def test_a_memory_that_cannot_be_read_is_none() -> None:
    """An older or torn file keeps nobody from starting."""
    assert [Memory(boot="b")] * 3 == [recall(text, "b") for text in (None, b"{", b'{"boot": 3}')]


def test_every_phase_and_every_signal_is_in_the_table() -> None:
    """And every phase can be reached and left."""
    used = {signal for row in TRANSITIONS.values() for signal, _ in row}
    reached = {phase for row in TRANSITIONS.values() for _, phase in row}
    assert set(Phase) == set(TRANSITIONS) == reached
    assert set(Signal) == set(SIGNAL_HOLDS) == used
    assert [] == [phase for phase, row in TRANSITIONS.items() if all(into is phase for _, into in row)]


def test_an_order_kept_by_an_older_agent_still_stands():
    """It was called ``told``; the agent may be upgraded while its host goes down."""
    assert Memory(boot="b", ordered="primary") == recall(b'{"boot": "b", "told": "primary"}', "b")
