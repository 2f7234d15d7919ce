"""``config/host_agent.yaml``: when this machine is shut down, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from services.host_agent.core.rules import Level, LowWord, Rules
from shared.messages import Name
from shared.placed_error import Place, PlacedError
from shared.settings import Settings

FILE = "host_agent"
FIRST = "host"  # the name of a site's first agent, whose service is called host_agent

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Timeout = Annotated[float, Field(gt=0, le=3600)]


class ProgramSettings(Settings):
    """A program with its arguments, and how long it may take."""

    run: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout_s: Timeout = 30.0

    @field_validator("run", mode="before")
    @classmethod
    def _words(cls, run: object) -> object:
        if isinstance(run, str):
            raise ValueError(f"must be a list of words, as in [{', '.join(run.split())}]; no shell takes it apart")
        return run


class PolicySettings(Settings):
    """``policies``: which states of a supply on battery shut the host down."""

    battery: Level = "critical"
    charge_below_percent: Annotated[float, Field(gt=0, lt=100)] | None = 10.0
    runtime_below_s: Annotated[float, Field(gt=0)] | None = 180.0
    on_battery_for_s: Annotated[float, Field(gt=0)] | None = None
    low_word: LowWord = "alone"
    forced_shutdown: bool = True
    active: tuple[Name, ...] = ("UNDERVOLTAGE_DETECTED",)
    alerts: tuple[str, ...] = ()
    unknown_mains_is_battery_when_critical: bool = False


class CutPowerSettings(Settings):
    """``cut_power``: command the board that feeds this host to cut the power ``after_s``; ``reader`` reads it."""

    enabled: bool = False
    reader: Name = "reader"
    device: Name = "ups"
    after_s: Annotated[int, Field(ge=10, le=600)] = 90
    timeout_s: Timeout = 5.0


class HostAgentSettings(Settings):
    """``config/host_agent.yaml``."""

    enabled: bool = False
    dry_run: bool = True
    name: Name = FIRST
    role: Literal["primary", "secondary"] = "primary"
    secondaries: tuple[Name, ...] = ()
    devices: Annotated[tuple[Name, ...], Field(min_length=1)] = ("ups",)
    needs: Annotated[int, Field(ge=1)] = 1
    policies: PolicySettings = PolicySettings()
    hold_s: Seconds = 5.0
    stale_after_s: Timeout = 15.0
    dead_time_s: Timeout = 30.0
    mains_back_s: Seconds = 10.0
    boot_grace_s: Annotated[float, Field(ge=0)] = 300.0
    delay_s: Seconds = 30.0
    host_sync_s: Seconds = 15.0
    final_delay_s: Seconds = 5.0
    retry_s: Timeout = 30.0
    warn: tuple[ProgramSettings, ...] = ()
    hooks: tuple[ProgramSettings, ...] = ()
    cancelled: tuple[ProgramSettings, ...] = ()
    action: ProgramSettings = ProgramSettings(run=("systemctl", "--no-ask-password", "poweroff"))
    cut_power: CutPowerSettings = CutPowerSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> HostAgentSettings:
        if self.needs > len(self.devices):
            reason = f"is {self.needs}, and there are {len(self.devices)} devices: it could never be met"
            raise PlacedError((("needs",), reason))
        if self.dead_time_s <= self.stale_after_s:
            reason = f"{self.dead_time_s:g} must be longer than stale_after_s ({self.stale_after_s:g})"
            raise PlacedError((("dead_time_s",), reason))
        if self.name in self.secondaries:
            raise PlacedError((("secondaries",), f"names this host itself ({self.name!r})"))
        if self.role == "secondary" and self.secondaries:
            reason = "a secondary has none of its own; make it a primary, or name them at theirs"
            raise PlacedError((("secondaries",), reason))
        return self

    @property
    def programs(self) -> list[tuple[Place, ProgramSettings]]:
        """All programs that may be run, with their places in the file."""
        lists = {"warn": self.warn, "hooks": self.hooks, "cancelled": self.cancelled}
        numbered: list[tuple[Place, ProgramSettings]] = [
            ((name, number, "run"), program) for name, found in lists.items() for number, program in enumerate(found)
        ]
        return [*numbered, (("action", "run"), self.action)]

    @property
    def rules(self) -> Rules:
        """The rules of the decisions."""
        return Rules(
            devices=self.devices,
            needs=self.needs,
            battery=self.policies.battery,
            charge_below_percent=self.policies.charge_below_percent,
            runtime_below_s=self.policies.runtime_below_s,
            on_battery_for_s=self.policies.on_battery_for_s,
            low_word=self.policies.low_word,
            forced_shutdown=self.policies.forced_shutdown,
            active=self.policies.active,
            alerts=self.policies.alerts,
            unknown_mains_is_battery_when_critical=self.policies.unknown_mains_is_battery_when_critical,
            hold_s=self.hold_s,
            stale_after_s=self.stale_after_s,
            dead_time_s=self.dead_time_s,
            mains_back_s=self.mains_back_s,
            boot_grace_s=self.boot_grace_s,
            delay_s=self.delay_s,
            host_sync_s=self.host_sync_s,
            final_delay_s=self.final_delay_s,
            cut_timeout_s=self.cut_power.timeout_s,
            retry_s=self.retry_s,
        )


def target_of(name: str) -> str:
    """Return where a host's agent takes commands: ``host`` for the first, ``host-{name}`` for another."""
    return FIRST if name == FIRST else f"{FIRST}-{name}"


def service_of(name: str) -> str:
    """Return a host's agent's name as a service: ``host_agent``, or ``host_agent-{name}``."""
    return "host_agent" if name == FIRST else f"host_agent-{name}"
