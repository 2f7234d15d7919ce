"""The agent's actions: programs, commands to others, events, and the last words on the disk.

Rules:
1. In a dry run actions are only logged.
2. A full disk never stops a shutdown: then no event and no command is written to the outbox, which is on the same disk,
   and the host still goes down.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from services.host_agent.adapters.durable_file import DurableFile
from services.host_agent.adapters.programs import Program, Programs
from services.host_agent.core.memory import Memory
from services.host_agent.settings import HostAgentSettings, ProgramSettings, service_of, target_of
from shared.clock import Clock
from shared.delivery.handler import Publisher
from shared.messages import Candidate
from shared.requests import Command

log = logging.getLogger(__name__)

ORDER_LIVES_S = 300.0  # more than the clocks of two hosts differ


class OfferPublisher(Publisher, Protocol):
    """A publisher that can also offer events."""

    def offer_event(self, candidate: Candidate) -> None:
        """Offer an event on ``ingest/…``."""


class Actions:
    """All actions. ``disk`` reports whether the data folder can be written."""

    def __init__(
        self,
        settings: HostAgentSettings,
        outlet: OfferPublisher,
        clock: Clock,
        disk: DurableFile,
        last_words: DurableFile,
    ) -> None:
        self._settings, self._outlet, self._clock = settings, outlet, clock
        self._disk, self._last_words = disk, last_words
        self.programs = Programs()
        self.last = _read(last_words)
        self.dry_run = True

    # ---- programs

    def warn(self, memory: Memory) -> None:
        """Run the programs that warn people of a countdown."""
        self._run("warn", self._settings.warn, memory)

    def hooks(self, memory: Memory) -> bool:
        """Run the hooks; return whether there are any to wait for."""
        return self._run("hooks", self._settings.hooks, memory)

    def stand_down(self, memory: Memory) -> None:
        """End the hooks and run the programs that undo them; ``memory`` is of the cancelled episode."""
        self.programs.end("hooks")
        self._run("cancelled", self._settings.cancelled, memory)

    def power_off(self, memory: Memory, supplies: Any) -> bool:
        """Write the reason to the disk and run the command; return whether there is one to wait for."""
        if not self.dry_run:
            self.last = self._why(memory, supplies)
            self._last_words.write(json.dumps(self.last).encode())
            log.critical("shutting down: %s", memory.why)
        return self._run("action", (self._settings.action,), memory)

    def _run(self, job: str, programs: Sequence[ProgramSettings], memory: Memory) -> bool:
        if self.dry_run:
            for program in programs:
                log.warning("dry run: here %s would run (%s)", " ".join(program.run), job)
            return False
        environ = {
            "UPSKEEP_HOST": self._settings.name,
            "UPSKEEP_CAUSE": str(memory.cause),
            "UPSKEEP_WHY": memory.why,
            "UPSKEEP_DELAY_S": f"{self._settings.delay_s if memory.delay_s is None else memory.delay_s:g}",
        }
        self.programs.start(job, [Program(program.run, program.timeout_s) for program in programs], environ)
        return bool(programs)

    def _why(self, memory: Memory, supplies: Any) -> dict[str, Any]:
        return {
            "host": self._settings.name,
            "boot": memory.boot,
            "episode": memory.episode,
            "time": self._clock.wall().isoformat(),
            "cause": str(memory.cause),
            "why": memory.why,
            "supplies": supplies,
        }

    # ---- commands to others

    def send_down(self, name: str, memory: Memory) -> None:
        """Command a secondary to go down now."""
        self._order(memory, target_of(name), "shutdown", {"reason": memory.why, "final": True})

    def cut_power(self, memory: Memory) -> None:
        """Command the board that feeds this host to cut the power after a delay."""
        cut = self._settings.cut_power
        reader = "sensor_reader" if cut.reader == "reader" else f"sensor_reader-{cut.reader}"
        self._order(memory, reader, "cut_power", {"device": cut.device, "after_s": cut.after_s})

    def _order(self, memory: Memory, target: str, name: str, data: Mapping[str, Any]) -> None:
        if not self._disk.has_room:
            log.error("%s is not sent to %s: the disk is full", target, name)
            return
        now = self._clock.wall()
        command = Command(
            id=f"{memory.episode}/{target}/{name}",
            target=target,
            name=name,
            time=now,
            expires=now + timedelta(seconds=ORDER_LIVES_S),
            by=service_of(self._settings.name),
            data=dict(data),
        )
        self._outlet.emit(command)

    # ---- events

    def offer_event(self, event: str, memory: Memory, **more: object) -> None:
        """Offer an event of a shutdown; its id follows from the episode, so it is counted once."""
        if not self._disk.has_room:
            return
        data = {"host": self._settings.name, "cause": str(memory.cause), "reason": memory.why, "dry_run": self.dry_run}
        identity = f"{event.lower()}/{self._settings.name}/{memory.episode}"
        self._outlet.offer_event(Candidate(type=event, id=identity, data={**data, **more}))

    def report_last_shutdown(self, boot: str) -> None:
        """Offer, once, the shutdown that ended the last boot; call inside a transaction."""
        last = self.last
        if last is None or last.get("reported", last.get("told")) or last.get("boot") == boot:
            return
        log.info("the last shutdown was this agent's: %s", last.get("why"))
        fields = {"host": "host", "cause": "cause", "why": "reason", "time": "at"}
        data = {name: last[key] for key, name in fields.items() if key in last}
        identity = f"shutdown_completed/{last.get('host')}/{last.get('episode')}"
        self._outlet.offer_event(Candidate(type="SHUTDOWN_COMPLETED", id=identity, data=data))
        self.last = {**last, "reported": True}
        self._last_words.write(json.dumps(self.last).encode())


def _read(file: DurableFile) -> dict[str, Any] | None:
    """Return the last words of the last boot; None without readable ones."""
    try:
        last = json.loads(file.read() or b"null")
    except ValueError:
        log.warning("%s was not written by this agent; it is not changed", file.path)
        return None
    return last if isinstance(last, dict) else None
