"""What one site says during a scenario: played once through the suite's own stages, in memory.

The simulator gives frames; event_processor, alerter and store take them as in a backtest; and of alerts and states
those become records that the uplink's own rule calls news. A site that only reads says the frames themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.process import process_frame
from services.sensor_reader.adapters.simulated.script import Scenario
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.settings import load as load_reader
from services.uplink.core.news import News
from shared.messages import Alert, DeviceState, Event, Frame, Message
from upskeep.playback.backtest import Alerts, Bench, context_of, stages_of

START = datetime(2026, 1, 1, 12, tzinfo=UTC)  # of every story; shifted when it is used
STATE_EVERY_S = 60.0
OF_ANY = {"UPSKEEP_SOURCE": "sim:any"}

Said = Event | Alert | DeviceState | Frame


@dataclass(frozen=True, slots=True)
class Variant:
    """A scenario on a board."""

    scenario: Scenario
    board: str


class _Heard(Alerts):
    """The alerter's outlet, which remembers."""

    def __init__(self, said: list[Said], news: News) -> None:
        super().__init__()
        self._said, self._news = said, news

    def retain(self, message: Message) -> None:
        if isinstance(message, Alert) and self._news.of_alert(message):
            # Its words name the hour, which a site at another time would not say.
            self._said.append(message.model_copy(update={"event_text": None}))
        super().retain(message)


def play(variant: Variant, config: Path, environ: Mapping[str, str], start: datetime = START) -> list[Said]:
    """Return what a site says from ``start`` on, in order; raises ConfigError. The same arguments give the same."""
    environ = {**environ, **OF_ANY}
    said: list[Said] = []
    with ExitStack() as stack:
        context = context_of(config, environ)
        stages = stages_of(context)
        news = News(STATE_EVERY_S)
        bench = Bench(context, said.append, stack, alerts=_Heard(said, news), stages=stages)
        memories: dict[str, Memory] = {}
        for frame in frames(variant, config, environ, start):
            bench.process([frame])
            outcome = process_frame(stages.plan.compiled, memories.get(frame.device, NOTHING), frame)
            memories[frame.device] = outcome.memory
            if news.of_state(outcome.state):
                said.append(outcome.state)
        bench.end()
    return said


def frames(variant: Variant, config: Path, environ: Mapping[str, str], start: datetime = START) -> Iterator[Frame]:
    """Yield what a site's reader reads from ``start`` on; raises ConfigError."""
    environ = {**environ, **OF_ANY, "UPSKEEP_SENSOR_READER__SIMULATION__BOARD": variant.board}
    devices = load_reader(config, environ).simulated(variant.scenario.step_s)
    for item in Simulation(variant.scenario, devices).items(SourcePosition(0, start)):
        if isinstance(item.content, Frame):
            yield item.content
