"""The agent's message handler: messages change the memory, a step decides, and each move is carried out.

Rules:
1. Decide, store, act: a move is carried out in the turn after its decision, when the memory is on the disk. After a
   crash the agent continues in its phase, and repeats the actions of that phase.
2. In a dry run, and on simulated or recorded readings, it goes through every phase but carries out no action.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.host_agent.adapters.actions import Actions, OfferPublisher
from services.host_agent.adapters.durable_file import DurableFile
from services.host_agent.core import inputs
from services.host_agent.core.limits import FIRING
from services.host_agent.core.memory import Memory, recall
from services.host_agent.core.phases import BEGIN, FINAL, UNDER_WAY, Phase
from services.host_agent.core.plan import PlannedActions, plan
from services.host_agent.core.signals import Moment
from services.host_agent.core.step import Move, step
from services.host_agent.settings import HostAgentSettings, service_of, target_of
from shared.clock import Clock
from shared.delivery.handler import RefusedError
from shared.limits import LimitReports
from shared.messages import Alert, DeviceState, Message, Status
from shared.requests import Command, Result

log = logging.getLogger(__name__)

KEEP_EVERY_S = 10.0  # how old a kept time of the last reading may be
PAUSE_S = 5.0  # between two turns: many times what a calm agent waits
BUSY_S, CALM_S = 0.1, 1.0
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Act = Callable[[], None]


class ShutdownData(BaseModel):
    """``data`` of ``command/{target}/shutdown``. ``final``, from a primary: at once, and without a way back."""

    reason: Reason
    delay_s: Annotated[float, Field(ge=0, le=86_400)] | None = None
    final: bool = False


class CancelData(BaseModel):
    """``data`` of ``command/{target}/cancel``: how long nothing begins anew, unless mains come and go."""

    reason: Reason
    for_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0


class HostAgent:
    """The message handler and its background task. ``connected``: whether the broker is connected."""

    def __init__(
        self,
        settings: HostAgentSettings,
        outlet: OfferPublisher,
        clock: Clock,
        boot: str,
        disk: DurableFile,
        last_words: DurableFile,
        connected: Callable[[], bool] = lambda: True,
    ) -> None:
        self._settings, self._rules = settings, settings.rules
        self._clock, self._connected, self._disk, self._outlet = clock, connected, disk, outlet
        self._actions = Actions(settings, outlet, clock, disk, last_words)
        self._began_s = self._worked_s = clock.monotonic()
        self._memory = recall(disk.read(), boot)
        self._kept: tuple[object, ...] | None = None
        self._waited = frozenset(map(service_of, settings.secondaries))
        self._online: dict[str, bool] = {}
        self._limits = LimitReports()
        self._was_connected = self._lost_once = False
        self._to_do = self._unfinished()
        self._actions.report_last_shutdown(boot)

    # ---- messages

    def follow(self, message: Message, *, retained: bool) -> None:
        """Apply a state, an alert, a status or a result."""
        now_s = self._clock.monotonic()
        match message:
            case DeviceState():
                self._memory = inputs.state_heard(self._rules, self._memory, message, now_s, retained=retained)
            case Alert():
                if inputs.hears_no_more(self._rules, self._memory, message):
                    self._limits.note(FIRING, message.rule)
                news = not retained or self._lost_once
                self._memory = inputs.alert_heard(self._rules, self._memory, message, news=news)
            case Status():
                self._status(message, now_s)
            case Result():
                self._result(message, now_s)

    def _status(self, status: Status, now_s: float) -> None:
        if status.service in self._waited:
            self._online[status.service] = status.state == "online"
        for name in self._memory.waiting_for:
            if service_of(name) == status.service and status.state != "online":
                log.info("%s is down", name)
                self._memory = inputs.secondary_gone(self._memory, name, now_s)

    def _result(self, result: Result, now_s: float) -> None:
        if self._memory.episode is None or not result.id.startswith(f"{self._memory.episode}/"):
            return
        why = f": {result.reason}" if result.reason else ""
        log.info("%s/%s: %s%s", result.target, result.name, result.status, why)
        if result.name == "cut_power":
            self._memory = inputs.cut_settled(self._memory)
        for name in self._memory.waiting_for:
            stays = result.status != "done" or result.data.get("dry_run") is True
            if target_of(name) == result.target and stays:
                log.warning("%s does not go down; it is not waited for", name)
                self._memory = inputs.secondary_gone(self._memory, name, now_s)

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Take ``shutdown`` and ``cancel`` from people, and ``shutdown`` with ``final`` from the primary."""
        by = command.by or command.producer or "somebody"
        if command.name == "shutdown":
            return self._shut_down(ShutdownData.model_validate(command.data), by)
        if command.name == "cancel":
            return self._cancel(CancelData.model_validate(command.data), by)
        raise RefusedError(f"no command is called {command.name!r}; there are shutdown and cancel")

    def _shut_down(self, data: ShutdownData, by: str) -> Mapping[str, Any]:
        if data.final and self._settings.role != "secondary":
            raise RefusedError("only a secondary is sent down by another host; this one is a primary (role)")
        why = f"{by}: {data.reason}"
        if data.final:
            self._memory = inputs.ordered_by_primary(self._memory, why)
        elif self._memory.phase not in FINAL:
            self._memory = inputs.asked_by_person(self._memory, why, data.delay_s)
        return self._stand()

    def _cancel(self, data: CancelData, by: str) -> Mapping[str, Any]:
        memory = self._memory
        if memory.phase in FINAL or memory.ordered is not None:
            raise RefusedError(f"too late: {memory.phase}, past the point of no return")
        if memory.phase is Phase.WATCHING and memory.asked is None:
            raise RefusedError("nothing is under way, and no supply is on battery")
        until_s = self._clock.monotonic() + data.for_s
        self._memory = inputs.called_off(memory, f"{by}: {data.reason}", until_s)
        return self._stand() | {"for_s": data.for_s}

    def _stand(self) -> dict[str, Any]:
        return {"phase": str(self._memory.phase), "dry_run": self.dry_run}

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - a plan asks nothing
        """Answer ``plan``: what would happen now, and why not."""
        if name != "plan":
            raise RefusedError(f"no question is called {name!r}; there is plan")
        host = {"host": self._settings.name, "role": self._settings.role, "last_shutdown": self._actions.last}
        return {**host, **plan(self._moment(), self._acts())}

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return the phase and its figures."""
        memory = self._memory
        cause = {"cause": str(memory.cause), "why": memory.why} if memory.cause else {}
        return {
            "target": target_of(self._settings.name),
            "role": self._settings.role,
            "supplies": " ".join(self._settings.devices),
            "phase": str(memory.phase),
            "dry_run": self.dry_run,
            **cause,
        }

    # ---- the background task

    def work(self) -> None:
        """Carry out the last moves, collect ended programs, and decide anew."""
        now_s = self._clock.monotonic()
        self._note_pause(now_s)
        self._note_connection()
        self._actions.dry_run = self.dry_run
        for excess in self._limits.drain(self._clock.wall()):
            log.error("more alerts fire than are heard: %d", excess.limit)
            self._outlet.offer_event(excess.candidate(service_of(self._settings.name)))
        to_do, self._to_do = self._to_do, []
        for act in to_do:
            act()
        for ended in self._actions.programs.poll(now_s):
            if ended.job == "hooks":
                self._memory = inputs.hooks_ended(self._memory)
            elif ended.job == "action":
                self._memory = inputs.command_ended(self._memory, well=ended.well)
        self._memory, moves = step(self._moment())
        self._keep(now_s)  # first, for it shows whether the disk takes anything
        for move in moves:
            self._announce(move)
            if (wanted := self._wanted(move)) is not None:
                self._to_do.append(wanted)

    def wait_s(self) -> float:
        """Return a short wait while anything is under way."""
        calm = self._memory.phase in (Phase.WATCHING, Phase.DONE)
        return CALM_S if calm and not self._to_do and not self._actions.programs.busy else BUSY_S

    def finish(self) -> None:
        """Do nothing: the service's status reports that it stopped."""

    def close(self) -> None:
        """End running programs, but not the command that powers off, which is stopping this process."""
        self._actions.programs.close(spare="action")

    @property
    def dry_run(self) -> bool:
        """Whether actions are only logged."""
        return self._settings.dry_run or self._bare_moment().simulated

    def _note_pause(self, now_s: float) -> None:
        """Note a time in which this process did not run (stopped, starved, its machine paused).

        Silence counts from now on, and a countdown continues where it was; waiting messages are read before it ends.
        """
        pause_s = now_s - self._worked_s
        self._worked_s = now_s
        if pause_s > PAUSE_S:
            log.warning("this process did not run for %.0f s; silence and countdowns count from now on", pause_s)
            self._began_s = now_s
            self._memory = inputs.paused(self._memory, pause_s)

    def _note_connection(self) -> None:
        connected = self._connected()
        self._lost_once = self._lost_once or (self._was_connected and not connected)
        self._was_connected = connected

    def _bare_moment(self) -> Moment:
        return Moment(self._rules, self._memory, self._clock.monotonic(), self._began_s, self._settings.dry_run)

    def _moment(self) -> Moment:
        return Moment(self._rules, self._memory, self._clock.monotonic(), self._began_s, self.dry_run)

    def _acts(self) -> PlannedActions:
        settings, cut = self._settings, self._settings.cut_power
        return PlannedActions(
            warn=tuple(" ".join(program.run) for program in settings.warn),
            hooks=tuple((" ".join(program.run), program.timeout_s) for program in settings.hooks),
            secondaries=settings.secondaries,
            cut_power=f"{cut.device} in {cut.after_s} s" if cut.enabled else None,
            action=" ".join(settings.action.run),
        )

    def _keep(self, now_s: float) -> None:
        """Write the memory to the disk if it has changed in more than the times of readings."""
        memory = self._memory
        spell = any(supply.on_battery_since_s is not None for supply in memory.supplies.values())
        essence = (
            memory.with_(supplies={}),
            *((n, s.power, s.battery, s.on_battery_since_s, s.mains_since_s) for n, s in memory.supplies.items()),
            now_s // KEEP_EVERY_S if spell else None,
        )
        if essence != self._kept and self._disk.write(memory.model_dump_json().encode()):
            self._kept = essence

    # ---- moves

    def _announce(self, move: Move) -> None:
        """Log every move, and offer an event where a shutdown begins or is cancelled."""
        memory = move.memory if move.memory.cause else move.before
        why = f": {memory.why}" if memory.why else ""
        dry = "dry run: " if self.dry_run else ""
        log.warning("%s%s → %s (%s)%s", dry, move.before.phase, move.into, move.signal, why)
        if move.signal in BEGIN:
            self._actions.offer_event("SHUTDOWN_REQUESTED", memory, in_s=self._delay_s(memory))
        elif _cancels(move):
            self._actions.offer_event("SHUTDOWN_CANCELLED", memory, ended_by=str(move.signal))

    def _delay_s(self, memory: Memory) -> float:
        if memory.ordered is not None:
            return 0.0
        return self._rules.delay_s if memory.delay_s is None else memory.delay_s

    def _wanted(self, move: Move) -> Act | None:
        """Return the action of a move, to run once the move is stored."""
        if move.into is Phase.COUNTING_DOWN and move.signal in BEGIN:
            return lambda: self._actions.warn(move.memory)
        if _cancels(move):
            return lambda: self._actions.stand_down(move.before)
        return self._entered(move.into)

    def _entered(self, phase: Phase) -> Act | None:
        acts: dict[Phase, Act] = {
            Phase.HOOKS: self._hooks,
            Phase.SECONDARIES: self._secondaries,
            Phase.CUTTING_POWER: self._cut_power,
            Phase.ACTING: self._act,
        }
        return acts.get(phase)

    def _unfinished(self) -> list[Act]:
        """Return the actions that the last process may not have finished in its phase."""
        act = self._entered(self._memory.phase)
        if act is None:
            return []
        log.warning("going on with a shutdown that is %s: %s", self._memory.phase, self._memory.why)
        return [act]

    def _hooks(self) -> None:
        if not self._actions.hooks(self._memory):
            self._memory = inputs.hooks_ended(self._memory)

    def _secondaries(self) -> None:
        """Send the secondaries down, and wait for those online; without a broker for all, as any may be online."""
        names = () if self.dry_run else self._settings.secondaries
        for name in names:
            self._actions.send_down(name, self._memory)
        there = tuple(name for name in names if self._online.get(service_of(name), not self._connected()))
        if names:
            log.warning("sent %s down; waiting for %s", ", ".join(names), ", ".join(there) or "nobody")
        self._memory = inputs.secondaries_ordered(self._rules, self._memory, there, self._clock.monotonic())

    def _cut_power(self) -> None:
        enabled = self._settings.cut_power.enabled
        if enabled and not self.dry_run and self._connected():
            self._actions.cut_power(self._memory)
            return
        if enabled:
            log.warning("the power will not be cut afterwards: %s", "dry run" if self.dry_run else "no broker")
        self._memory = inputs.cut_settled(self._memory)

    def _act(self) -> None:
        supplies = plan(self._moment(), PlannedActions())["supplies"]
        if not self._actions.power_off(self._memory, supplies):
            self._memory = inputs.command_ended(self._memory, well=True)


def _cancels(move: Move) -> bool:
    return move.into is Phase.WATCHING and move.before.phase in UNDER_WAY
