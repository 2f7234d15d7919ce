"""``upskeep backtest``: recordings through the same stages, in memory, without broker, threads or clock.

The stages are those of the live suite, each over a ledger in memory; what one emits goes straight to the
next. Time is the recordings' own, so two runs give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, tzinfo
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from services.alerter.app import SERVICE as ALERTER
from services.alerter.app import options
from services.alerter.service import LEDGER_SCHEMA as ALERTER_SCHEMA
from services.alerter.service import Alerter, Options
from services.alerter.settings import AlerterSettings
from services.counter_store.service import LEDGER_SCHEMA as STORE_SCHEMA
from services.counter_store.service import CounterStore
from services.counter_store.settings import CounterStoreSettings
from services.event_processor.app import SERVICE as EVENT_PROCESSOR
from services.event_processor.core.pipeline.plan import PipelinePlan, without_handlers
from services.event_processor.core.tracing.recorder import Recorder
from services.event_processor.service import EventProcessor
from services.sensor_reader.adapters.sources.recording import Recording, RecordingError
from services.sensor_reader.core.sources.feed import SourcePosition
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.delivery.handler import InMemoryPublisher, RetainedHandler, StreamHandler
from shared.jumps import CLOCK_STEP
from shared.ledger import Ledger
from shared.messages import Counter, Event, Frame, Message, Sequenced, StateSample
from shared.settings import ConfigError, Fault, read_settings
from shared.suite import SuiteSettings
from upskeep.outcome import Outcome
from upskeep.playback.row_tally import RowTally

BATCH = 500
ENVELOPE = {"producer", "epoch", "seq"}


class Stages(NamedTuple):
    """The settings of the stages, which may be used for several benches."""

    alerting: AlerterSettings
    plan: PipelinePlan


def stages_of(context: Context) -> Stages:
    """Read them; raises ConfigError."""
    return Stages(ALERTER.settings(context), without_handlers(EVENT_PROCESSOR.settings(context)))


class BacktestServices(InMemoryPublisher):
    """The processor's publisher: events go on to store, alerter and a listener, state samples to the alerter."""

    def __init__(
        self, onward: Sequence[StreamHandler], hear: Callable[[Event], object] | None, samples: StreamHandler
    ) -> None:
        super().__init__()
        self.onward = onward
        self.samples = samples
        self.hear = hear

    def emit(self, message: Sequenced) -> None:
        """Pass an event on; triggers are for those who live."""
        if isinstance(message, Event):
            for handler in self.onward:
                handler.apply(message)
            if self.hear is not None:
                self.hear(message)
        elif isinstance(message, StateSample):
            self.samples.apply(message)

    def retain(self, message: Message) -> None:
        """Nobody here looks at latest values."""


class Alerts(InMemoryPublisher):
    """The alerter's outlet: the store follows every change."""

    store: RetainedHandler | None = None

    def options(self, options: Options) -> Options:
        """Return how the alerter is to go about its work."""
        return options

    def retain(self, message: Message) -> None:
        """Pass it on."""
        if self.store is not None:
            self.store.follow(message, retained=False)

    def publish_replaced(self, message: Message) -> None:
        """Pass it on too: it comes before what replaces it."""
        self.retain(message)


class Uncounted:
    """A message handler in place of the counter store, for backtests without counts: it keeps nothing."""

    def apply(self, message: Sequenced) -> None:
        """Count nothing."""

    def follow(self, message: Message, *, retained: bool) -> None:
        """Note nothing."""

    def advance(self, event_time: datetime) -> None:
        """Let no window end."""

    def flush(self) -> None:
        """Write nothing."""

    def counters(self) -> tuple[Counter, ...]:
        """Nothing was counted."""
        return ()


class Bench:
    """The stages after the reader, put together without a wire. A backtest leaves InfluxDB alone."""

    def __init__(
        self,
        context: Context,
        hear: Callable[[Event], object] | None,
        stack: ExitStack,
        counters: CounterStoreSettings = CounterStoreSettings(),  # noqa: B008 - frozen
        store_path: Path | str = ":memory:",
        recorder: Recorder | None = None,
        alerts: Alerts | None = None,
        stages: Stages | None = None,
        counting: bool = True,
    ) -> None:
        alerting, plan = stages or stages_of(context)
        store_ledger = stack.enter_context(closing(Ledger(store_path, STORE_SCHEMA)))
        self.store = (
            CounterStore(counters, store_ledger, InMemoryPublisher(), site=context.suite.site)
            if counting
            else Uncounted()
        )
        alerter_ledger = stack.enter_context(closing(Ledger(":memory:", ALERTER_SCHEMA)))
        outlet = alerts or Alerts()
        outlet.store = self.store
        how = outlet.options(options(alerting, by_events=True))
        self.alerter = Alerter(alerting.rules(), alerter_ledger, outlet, how, self.now)
        processor_ledger = stack.enter_context(closing(Ledger(":memory:")))
        chain = BacktestServices((self.store, self.alerter), hear, self.alerter)
        self.processor = EventProcessor(
            plan.compiled, processor_ledger, chain, context.clock.wall, plan, recorder=recorder
        )
        self.ledgers = (processor_ledger, store_ledger, alerter_ledger)
        self.frames = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def now(self) -> datetime:
        """Return how far event time has come."""
        return self.last or datetime.fromtimestamp(0, UTC)

    def process(self, frames: Sequence[Frame]) -> None:
        """Apply a batch."""
        with ExitStack() as open_transactions:
            for ledger in self.ledgers:
                open_transactions.enter_context(ledger.transaction())
            for frame in frames:
                self.frames += 1
                self.first = self.first or frame.time
                if self.last is None or frame.time > self.last or CLOCK_STEP in frame.values:
                    self.last = frame.time
                self.processor.apply(frame)
                self.store.apply(frame)
            if self.last is not None:
                self.alerter.advance(
                    self.last
                )  # as often as a live alerter hears of time, but for its speed: the same alerts
            self._flush()

    def end(self) -> Outcome:
        """Advance time to the last frame, and return the result."""
        if self.last is not None:
            self.store.advance(self.last)
            self.alerter.advance(self.last)
            self.process(())
        counters = {counter.type: counter for counter in self.store.counters()}
        return Outcome(self.frames, counters, self.alerter.snapshot(), self.first, self.last)

    def _flush(self) -> None:
        for handler in (self.processor, self.alerter, self.store):
            handler.flush()


def backtest(
    files: Sequence[Path],
    folder: Path,
    environ: Mapping[str, str],
    out: Path | None = None,
    timeline: Path | None = None,
    rows: RowTally | None = None,
    timezone: tzinfo | None = None,
) -> Outcome:
    """Return what the recordings come to; raises ConfigError on bad settings or an unusable recording.

    The events go to ``out``, every change of every alert to ``timeline``, those of ``live`` basis too. ``rows`` counts
    what was read; ``timezone`` is that of times that name none.
    """
    with ExitStack() as stack:
        written = stack.enter_context(out.open("w", encoding="utf-8")) if out is not None else None
        bench = Bench(context_of(folder, environ), None if written is None else partial(_write, written), stack)
        for batch in batches(files, rows, timezone):
            bench.process(batch)
        outcome = bench.end()
        if timeline is not None:
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in bench.alerter.timeline())
            timeline.write_text("".join(lines), encoding="utf-8")
        return outcome


def context_of(folder: Path, environ: Mapping[str, str]) -> Context:
    """Return what the stages are set up by; raises ConfigError."""
    return Context(folder, environ, read_settings(folder, "suite", SuiteSettings, environ), SYSTEM_CLOCK)


def batches(
    files: Sequence[Path], rows: RowTally | None = None, timezone: tzinfo | None = None
) -> Iterator[Sequence[Frame]]:
    """Yield the frames of recordings, ``BATCH`` at a time; raises ConfigError on one that is unusable."""
    frames = _frames(files, rows or RowTally(), timezone)
    while batch := list(islice(frames, BATCH)):
        yield batch


def _write(out: IO[str], event: Event) -> None:
    out.write(event.model_dump_json(exclude=ENVELOPE, exclude_none=True) + "\n")


def _frames(files: Sequence[Path], rows: RowTally, timezone: tzinfo | None) -> Iterator[Frame]:
    try:
        source = Recording(tuple(files), timezone=timezone)
        source.check()
    except RecordingError as error:
        raise ConfigError([Fault("recording", "", str(error))]) from error
    for item in source.items(SourcePosition()):
        rows.add(item.content)
        if isinstance(item.content, Frame):
            yield item.content
