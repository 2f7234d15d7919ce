"""``upskeep doctor``: is everything there that Upskeep needs, and what to do where it is not."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from shared.safe_text import safe_lines
from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, echo_json

COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


@click.command()
@at_a_broker
@JSON
@click.pass_context
def doctor(ctx: click.Context, suite: SuiteSettings, as_json: bool) -> None:
    """Check configuration, bus, broker, services, InfluxDB, ledgers, permissions, disk and clock.

    For each fault and warning it says what to do. It changes nothing, and ends with 1 where there is a fault.
    """
    from upskeep.doctor.examine import examine
    from upskeep.doctor.finding import Level, Patient

    findings = []
    for finding in examine(Patient(ctx.params["config"], os.environ, suite)):
        findings.append(finding)
        if not as_json:
            level = click.style(f"{finding.level:<7}", fg=COLOURS[finding.level])
            click.echo(f"{level}  {finding.check:<13}  {safe_lines(finding.found)}")
            if finding.advice:
                click.echo(f"{'':<24}→ {safe_lines(finding.advice)}")
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    if any(finding.level is Level.FAULT for finding in findings):
        raise click.exceptions.Exit(1)
