"""``upskeep doctor``: is everything there that Upskeep needs, and what to do where it is not."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from shared.safe_text import safe_lines
from shared.suite import SuiteSettings
from upskeep.commands.options import JSON, at_a_broker, echo_json
from upskeep.exit_codes import ExitCode

COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


@click.command()
@at_a_broker
@JSON
@click.option("--report", "as_report", is_flag=True, help="Print one text for an issue, without secrets and names.")
@click.pass_context
def doctor(ctx: click.Context, suite: SuiteSettings, as_json: bool, as_report: bool) -> None:
    """Check configuration, bus, broker, services, InfluxDB, ledgers, permissions, disk and clock.

    For each fault and warning it says what to do. It changes nothing, and ends with 1 where there is a fault.
    """
    from upskeep.doctor.examine import examine
    from upskeep.doctor.finding import Level, Patient
    from upskeep.doctor.report import report

    if as_json and as_report:
        raise click.UsageError("--report is a text for people; take it or --json")
    findings = []
    patient = Patient(ctx.params["config"], os.environ, suite)
    for finding in examine(patient):
        findings.append(finding)
        if not as_json and not as_report:
            level = click.style(f"{finding.level:<7}", fg=COLOURS[finding.level])
            click.echo(f"{level}  {finding.check:<13}  {safe_lines(finding.found)}")
            if finding.advice:
                click.echo(f"{'':<24}→ {safe_lines(finding.advice)}")
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    if as_report:
        click.echo(safe_lines(report(patient, findings)))
        click.echo("\nread it before you send it: it is meant to name nobody", err=True)
    if any(finding.level is Level.FAULT for finding in findings):
        raise click.exceptions.Exit(ExitCode.FAILED)
