"""``gateway.yaml``, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.gateway.configuration import read
from services.gateway.settings import GatewaySettings
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.settings import ConfigError, parse_settings, read_settings
from shared.suite import SuiteSettings

ROOT = Path(__file__).parents[3]
BROKEN = sorted((ROOT / "tests" / "broken_configs" / "gateway").glob("*.yaml"))


def test_the_projects_own_file_holds_the_defaults_and_is_open_to_this_machine_alone() -> None:
    """Nothing listens beyond it unless somebody says so."""
    settings = read_settings(ROOT / "config", "gateway", GatewaySettings, {})
    assert GatewaySettings() == settings
    assert (True, "127.0.0.1", None) == (settings.enabled, settings.http.host, settings.http.password_file)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_explained(path: Path) -> None:
    """Where, what was found, and what would be right."""
    with pytest.raises(ConfigError) as fault:
        parse_settings(path.read_text(), path.name, "gateway", GatewaySettings, {})
    assert path.with_suffix(".txt").read_text().strip() == str(fault.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: "), ("short\n", "holds 5 characters; 8 are the least"), ("", "holds 0 characters")],
)
def test_a_file_without_a_password_is_said_at_the_start(tmp_path: Path, content: str | None, said: str) -> None:
    """Not at the first login."""
    secret = tmp_path / "password"
    if content is not None:
        secret.write_text(content)
    (tmp_path / "gateway.yaml").write_text(f"http: {{host: 0.0.0.0, password_file: {secret}}}\n")
    with pytest.raises(ConfigError) as fault:
        read(Context(tmp_path, {}, SuiteSettings(), SYSTEM_CLOCK))
    assert "gateway.yaml:1: http.password_file: " in str(fault.value)
    assert said in str(fault.value)
