"""Grafana's user in InfluxDB 2: the script of the compose file, over a stand-in for InfluxDB's command line."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "grafana" / "reader.sh"
STAND_IN = """#!/bin/sh
[ "$INFLUX_TOKEN" = admin ] || exit 1
echo "$*" >>"$CALLS"
case "$*" in
  "v1 auth list"*) cat "$USERS" ;;
  "bucket list --name "*) awk -v name="$4" '$2 == name' "$BUCKETS" ;;
  "bucket create --name "*) printf '2b\\t%s\\n' "$4" >>"$BUCKETS" ;;
  "v1 auth create"*) echo grafana >"$USERS" ;;
esac
"""


def run(folder: Path) -> list[str]:
    """Run the script; return what it asked of InfluxDB, reads left out."""
    program, secrets, calls = folder / "bin" / "influx", folder / "secrets", folder / "calls"
    program.parent.mkdir(exist_ok=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    secrets.mkdir(exist_ok=True)
    (secrets / "token").write_text("admin")
    (secrets / "grafana_password").write_text("only-reads")
    (folder / "users").touch()
    calls.unlink(missing_ok=True)
    text = SCRIPT.read_text().replace("/run/secrets", shlex.quote(str(secrets)))
    environ = {"PATH": f"{program.parent}:/usr/bin:/bin", "CALLS": str(calls), "READINGS_DAYS": "90"}
    environ |= {"USERS": str(folder / "users"), "BUCKETS": str(folder / "buckets")}
    subprocess.run(["sh", "-c", text], env=environ, check=True, capture_output=True)
    return [call for call in calls.read_text().splitlines() if " list " not in call]


def test_grafana_gets_a_user_that_may_only_read(tmp_path: Path) -> None:
    """Both buckets, no right to write; the readings' bucket is made if the store has not been there yet."""
    (tmp_path / "buckets").write_text("1a\tupskeep\n")
    assert [
        "bucket create --name upskeep_readings --retention 2160h",
        "v1 auth create --username grafana --password only-reads --read-bucket 1a --read-bucket 2b",
    ] == run(tmp_path)


def test_a_second_start_only_renews_the_password(tmp_path: Path) -> None:
    """A user twice would be an error."""
    (tmp_path / "buckets").write_text("1a\tupskeep\n")
    run(tmp_path)
    assert ["v1 auth set-password --username grafana --password only-reads"] == run(tmp_path)
