"""Which broker a command asks, and as whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from shared.suite import BrokerSettings, SuiteSettings
from upskeep.commands.options import at_a_broker

SUITE = """
broker:
  {url: "mqtts://server:8883", username: reader, password_file: reader, ca_file: ca.pem, cert_file: me.pem}
"""


def asked(folder: Path, *options: str, **environ: str) -> BrokerSettings:
    """Return the broker that a command would ask."""
    found: list[BrokerSettings] = []

    @click.command()
    @at_a_broker
    def look(suite: SuiteSettings) -> None:
        found.append(suite.broker)

    password = folder / "pw"
    password.write_text("x", encoding="utf-8")
    given = [option.replace("PW", str(password)) for option in options]
    environ = {name: value.replace("PW", str(password)) for name, value in environ.items()}
    done = CliRunner().invoke(look, ["--config", str(folder), *given], env=environ, catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return found[0]


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        ((), {}, ("mqtts://server:8883", "reader", "reader")),
        (("--user", "ann"), {}, ("mqtts://server:8883", "ann", None)),
        (("--user", "ann", "--password-file", "PW"), {}, ("mqtts://server:8883", "ann", "pw")),
        (("--broker", "mqtt://other"), {}, ("mqtt://other", None, None)),
        ((), {"UPSKEEP_BROKER": "mqtt://other"}, ("mqtt://other", None, None)),
        ((), {"UPSKEEP_USER": "bob", "UPSKEEP_PASSWORD_FILE": "PW"}, ("mqtts://server:8883", "bob", "pw")),
        (("--user", "ann"), {"UPSKEEP_USER": "bob"}, ("mqtts://server:8883", "ann", None)),
    ],
)
def test_the_broker_and_who_asks_it(
    tmp_path: Path, options: tuple[str, ...], environ: dict[str, str], expected: tuple[Any, ...]
) -> None:
    """The options, else the environment, else suite.yaml; its password goes to no other broker and no other user."""
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    found = asked(tmp_path, *options, **environ)

    assert expected == (found.url, found.username, found.password_file and found.password_file.name)
    assert ("ca.pem", "me.pem") == (str(found.ca_file), str(found.cert_file))


def test_without_a_configuration_the_broker_is_on_this_machine(tmp_path: Path) -> None:
    assert "mqtt://localhost:1883" == asked(tmp_path).url
