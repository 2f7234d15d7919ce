"""The shipped units, made for the place where this program lies. Pure but for reading them."""

from __future__ import annotations

from pathlib import Path

from shared.shipped import SHIPPED_UNITS

SHIPPED_PROGRAMS = "/opt/upskeep/.venv/bin/"  # where the units think the program is
SUITE, AGENT, BACKUP, TIMER = (
    "upskeep.service", "upskeep-host-agent.service", "upskeep-backup.service", "upskeep-backup.timer",
)  # fmt: skip
UNITS = (SUITE, AGENT, BACKUP, TIMER)
HIDDEN = ("/home", "/root", "/run/user")  # ProtectHome=yes: a unit sees nothing of these


def unit_text(name: str, programs: Path) -> str:
    """Return a unit whose programs lie in the folder ``programs``."""
    text = (SHIPPED_UNITS / "systemd" / name).read_text(encoding="utf-8")
    return text.replace(SHIPPED_PROGRAMS, f"{_escaped(programs)}/")


def polkit_rule() -> str:
    """Return the rule that lets the agent power the machine off."""
    return (SHIPPED_UNITS / "polkit" / "50-upskeep-host-agent.rules").read_text(encoding="utf-8")


def why_not(programs: Path) -> str | None:
    """Return why no unit can run programs of that folder; None where it can."""
    if any(programs.is_relative_to(place) for place in HIDDEN):
        return (
            f"this upskeep lies in {programs}, which a service may not look into. Install it for the machine:"
            " `pipx install --global upskeep`, or `python3 -m venv /opt/upskeep/.venv` and"
            " `/opt/upskeep/.venv/bin/pip install upskeep`; then call that one"
        )
    if not (programs / "upskeep").is_file():
        return f"there is no program {programs / 'upskeep'}: install the package, `pip install upskeep`"
    return None


def _escaped(folder: Path) -> str:
    return str(folder).replace("%", "%%").replace(" ", "\\x20")
