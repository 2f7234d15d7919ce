"""``upskeep climate now`` and its like: how each zone is, and commands to the climate services of a running suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import click

from shared.climate.zones import Mode
from shared.safe_text import safe_lines
from shared.suite import SuiteSettings
from upskeep.commands.alerts import BY
from upskeep.commands.options import JSON, at_a_broker, complaints, echo_json, times

CONTROLLER = "climate_controller"
SUPERVISOR = "climate_supervisor"
ZONE = click.argument("zone")
REASON = click.option("--why", "reason", help="The reason; kept with the event.")


def signed(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what every command to a zone has: the broker, the zone, its own arguments, who gives it and why."""
    return lambda command: reduce(
        lambda made, each: each(made), (JSON, REASON, BY, *reversed(decorators), ZONE), command
    )


@click.command()
@at_a_broker
@JSON
def now(suite: SuiteSettings, as_json: bool) -> None:
    """Print each zone: mode, VPD against its target, and the level of each actuator with its reason."""
    from shared.client.client import Client, ClientError

    with complaints(ClientError), Client(suite) as client:
        zones = client.ask(CONTROLLER, "climate")["zones"]
    if as_json:
        echo_json(zones)
        return
    for name, zone in zones.items():
        click.echo(safe_lines("\n".join(_lines(name, zone))))
    if not zones:
        click.echo("config/climate.yaml has no zone; docs/climate.md leads through adding one")


@click.command()
@at_a_broker
@signed(click.argument("name", metavar="MODE", type=click.Choice([mode.value for mode in Mode])))
def mode(suite: SuiteSettings, zone: str, name: str, **given: Any) -> None:
    """Set the mode of ZONE. In Observe it decides and switches nothing."""
    _order(suite, "mode", {"zone": zone, "mode": name}, lambda came: f"{zone} is in the mode {came['mode']}", **given)


@click.command()
@at_a_broker
@signed(
    click.argument("kpa", metavar="[KPA]", required=False, type=click.FloatRange(0, 5, min_open=True)),
    click.option("--plan", is_flag=True, help="Aim at what the zone's settings or its plan say again."),
)
def target(suite: SuiteSettings, zone: str, kpa: float | None, plan: bool, **given: Any) -> None:
    """Aim at a VPD of KPA in ZONE, until --plan takes that back."""
    if (kpa is None) is not plan:
        raise click.UsageError("give either a VPD in kPa or --plan")
    text = f"{zone} aims at what its settings say" if kpa is None else f"{zone} aims at {kpa:g} kPa"
    _order(suite, "target", {"zone": zone, "vpd": kpa}, lambda _: text, **given)


@click.command()
@at_a_broker
@signed(click.option("--for", "span", default="1h", show_default=True, help="How long: 90s, 15m, 2h, 1d; 7d at most."))
def pause(suite: SuiteSettings, zone: str, span: str, **given: Any) -> None:
    """Pause ZONE for a while: everything off but light and circulation. It goes on by itself."""
    from services.alerter.settings.durations import read_duration

    try:
        for_s = read_duration(span).total_seconds()
    except ValueError as error:
        raise click.BadParameter(f"{span!r} {error}", param_hint="--for") from None
    _order(
        suite,
        "pause",
        {"zone": zone, "for_s": for_s},
        lambda came: f"{zone} is paused until {times().second(came['paused_until'])}",
        **given,
    )


@click.command()
@at_a_broker
@signed()
def resume(suite: SuiteSettings, zone: str, **given: Any) -> None:
    """End the pause of ZONE."""
    _order(suite, "resume", {"zone": zone}, lambda _: f"{zone} is no longer paused", **given)


@click.command()
@at_a_broker
@signed(click.argument("levels", metavar="ACTUATOR=PERCENT...", nargs=-1, required=True))
def levels(suite: SuiteSettings, zone: str, levels: tuple[str, ...], **given: Any) -> None:
    """Set the levels of the mode Manual in ZONE, in percent: heater=0 fan=40. Every guard holds."""
    wished = dict(_level(text) for text in levels)
    text = ", ".join(f"{name} {level:.0%}" for name, level in wished.items())
    _order(suite, "levels", {"zone": zone, "levels": wished}, lambda _: f"{zone} in the mode Manual: {text}", **given)


@click.command()
@at_a_broker
@signed()
def stop(suite: SuiteSettings, zone: str, **given: Any) -> None:
    """Stop ZONE at once ("all" for everything): all actuators off, until `upskeep climate release`."""
    _order(suite, "emergency_stop", {"zone": zone}, lambda came: f"{zone} is stopped by {came['by']}", **given)


@click.command()
@at_a_broker
@signed()
def release(suite: SuiteSettings, zone: str, **given: Any) -> None:
    """Lift the emergency stop of ZONE. A stop of the alerter's ends by `upskeep reset-stop`."""
    _order(suite, "emergency_release", {"zone": zone}, lambda _: f"the stop of {zone} is lifted", **given)


COMMANDS = (now, mode, target, pause, resume, levels, stop, release)
OF_THE_SUPERVISOR = ("emergency_stop", "emergency_release")


def _order(
    suite: SuiteSettings,
    name: str,
    data: dict[str, Any],
    text: Callable[[Mapping[str, Any]], str],
    *,
    by: str,
    reason: str | None,
    as_json: bool,
) -> None:
    """Send a command to the service that obeys it, and print what came of it; prints the reason where it refuses."""
    from shared.client.client import Client, ClientError

    service = SUPERVISOR if name in OF_THE_SUPERVISOR else CONTROLLER
    with complaints(ClientError), Client(suite) as client:
        came = client.order(service, name, data | ({"reason": reason} if reason else {}), by)
    if as_json:
        echo_json(came)
    else:
        click.echo(safe_lines(text(came)))


def _level(text: str) -> tuple[str, float]:
    name, sign, percent = text.partition("=")
    try:
        level = float(percent.removesuffix("%")) / 100
    except ValueError:
        level = -1.0
    if not name or not sign or not 0 <= level <= 1:
        raise click.BadParameter(f"write ACTUATOR=PERCENT with 0 to 100, as in fan=40 (got {text!r})")
    return name, level


def _lines(name: str, zone: Mapping[str, Any]) -> list[str]:
    vpd = "VPD not known" if zone["vpd"] is None else f"VPD {zone['vpd']:.2f} kPa"
    aim = "" if zone["target"] is None else f", aims at {zone['target']:.2f} kPa"
    stage = "" if zone["stage"] is None else f", stage {zone['stage']}"
    paused = "" if zone["paused_until"] is None else f", paused until {times().second(zone['paused_until'])}"
    return [
        f"{name}: mode {zone['mode']}, {vpd}{aim}{stage}{paused}",
        *(f"  {actuator}: {reason}" for actuator, reason in zone["actuators"].items()),
    ]
