"""The processor as a stage: frames and candidates in, events, triggers and device states out.

What it remembers stands in the ledger: ``device/{name}`` (a Memory), ``gaps`` (how many losses it has told),
and the table ``offered`` (the ids already taken from ``ingest/…``, the newest 100,000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from services.event_processor.core.candidates import NO_TIME, Refusal, admit
from services.event_processor.core.memory import NOTHING, Memory
from services.event_processor.core.process import Outcome, process_frame, triggers_of
from services.event_processor.core.program import Program
from services.event_processor.core.rules import GAP
from services.event_processor.core.silence import Silences
from shared.delivery.stage import Outlet
from shared.jumps import CLOCK_STEP, IN_FRAME, Jump, read_jump
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Frame, Message, Sequenced, event_id

OFFERED_KEPT = 100_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS offered (
    place INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (producer, id))
"""


class EventProcessor:
    """Implements ``shared.delivery.stage.Stage``; ``clock`` says when a candidate arrived, aware UTC.

    Whoever opens the ledger need not know the table: the stage makes it where it is missing.
    """

    def __init__(self, program: Program, ledger: Ledger, outlet: Outlet, clock: Callable[[], datetime]) -> None:
        self._program = program
        self._ledger = ledger
        self._outlet = outlet
        self._clock = clock
        self._memories: dict[str, Memory] = {}
        self._touched: dict[str, Outcome] = {}
        self._arrivals = 0
        self._figures = {"frames": 0, "events": 0, "refused": 0}
        ledger.db.execute(SCHEMA)
        self._silences = Silences(program)
        if self._silences.watches:
            self._memories |= {name: self._memory(name) for name in self._known()}

    def apply(self, message: Sequenced) -> None:
        """Take the next frame of a reader."""
        if not isinstance(message, Frame):
            raise TypeError(f"event_processor takes frames of the stream raw, not {type(message).__name__}")
        if CLOCK_STEP in message.values and (jump := read_jump(message.values, IN_FRAME)) is not None:
            self._jump(jump)
        if self._silences.watches:
            for device, silent in self._silences.heard(message, self._memories):
                self._keep(device, silent)
        self._figures["frames"] += 1
        self._keep(message.device, process_frame(self._program, self._memory(message.device), message))

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:
        """Take a candidate event; one with an id is taken once, a refused one goes to ``deadletter/…``."""
        if not isinstance(message, Candidate):
            self._refuse(received_on, payload, f"ingest takes candidate events, not {type(message).__name__}")
            return
        self._arrivals += 1
        admitted = admit(self._program, producer, message, self._clock(), self._arrivals)
        if isinstance(admitted, Refusal):
            self._refuse(received_on, payload, admitted.reason)
            if admitted.told is not None and (message.id is None or self._is_new(producer, f"?{message.id}")):
                self._emit(admitted.told)
        elif message.id is None or self._is_new(producer, message.id):
            self._emit(admitted)

    def advance(self, event_time: datetime) -> None:
        """Nothing here waits for time: every rule turns on a frame."""

    def flush(self) -> None:
        """Write the memories of the devices heard in this batch, and retain their last states."""
        for device, outcome in self._touched.items():
            self._put(device)
            self._outlet.retain(outcome.state)
        self._touched.clear()
        self._ledger.db.execute(
            "DELETE FROM offered WHERE place <= (SELECT max(place) FROM offered) - ?", (OFFERED_KEPT,)
        )

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Tell a loss: one ``system.stream.gap``. Its id follows from what was lost and how many losses came before."""
        ordinal = int(self._ledger.get("gaps") or b"0") + 1
        self._ledger.put("gaps", str(ordinal).encode())
        kind = self._program.catalogue[GAP]
        cause = f"{producer}|{stream}|{first}|{last}|{ordinal}"
        data = {"producer": producer, "stream": stream, "first": first, "last": last, "count": last - first + 1}
        self._emit(
            Event(
                id=event_id(self._program.site, GAP, None, NO_TIME, cause),
                type=GAP,
                category=kind.category,
                severity=kind.severity,
                time=self._clock(),
                site=self._program.site,
                data=data,
            )
        )

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Frames taken, events told and candidates refused since the start."""
        return dict(self._figures)

    def _keep(self, device: str, outcome: Outcome) -> None:
        self._memories[device] = outcome.memory
        self._touched[device] = outcome
        if outcome.events:
            self._emit(*outcome.events)

    def _memory(self, device: str) -> Memory:
        memory = self._memories.get(device)
        if memory is None:
            kept = self._ledger.get(f"device/{device}")
            memory = NOTHING if kept is None else Memory.from_json(kept)
        return memory

    def _jump(self, jump: Jump) -> None:
        """Move what is remembered of every device, heard in this batch or not."""
        for device in self._known() | self._memories.keys():
            self._memories[device] = self._memory(device).moved(jump)
            self._put(device)
        self._silences.moved()

    def _known(self) -> set[str]:
        return {key.removeprefix("device/") for key, _ in self._ledger.items("device/")}

    def _put(self, device: str) -> None:
        self._ledger.put(f"device/{device}", self._memories[device].to_json().encode())

    def _emit(self, *events: Event) -> None:
        self._figures["events"] += len(events)
        for message in (*events, *triggers_of(self._program, events)):
            self._outlet.emit(message)

    def _refuse(self, received_on: str, payload: bytes, reason: str) -> None:
        self._figures["refused"] += 1
        self._outlet.reject(received_on, payload, reason)

    def _is_new(self, producer: str, candidate_id: str) -> bool:
        added = self._ledger.db.execute(
            "INSERT INTO offered (producer, id) VALUES (?, ?) ON CONFLICT DO NOTHING", (producer, candidate_id)
        )
        return added.rowcount == 1
