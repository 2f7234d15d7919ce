"""Odd paths for every setting that names one, found in the settings' own models: used, or refused in words.

A path setting that is new has no row in ``USERS``, and a test says so.
"""

from __future__ import annotations

import os
import socket
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from urllib3.exceptions import HTTPError

from services.alerter.adapters.apprise_sender import opened
from services.alerter.adapters.secret_files import SecretError, headers, secret
from services.alerter.settings import AlertsSettings
from services.counter_store.adapters.influx.http import credentials, open_http
from services.counter_store.adapters.reports.counters_file import CountersFile
from services.counter_store.adapters.reports.files import put
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from services.event_processor.adapters.webhooks import _secret as webhook_token
from services.event_processor.core.correlation.patterns import PatternRules
from services.event_processor.core.device.boards import Boards
from services.event_processor.core.pipeline.rules import PipelineRules
from services.event_processor.settings import EventsSettings, ProcessorSettings
from services.gateway.adapters.password_files import PasswordFileError, password_in
from services.gateway.adapters.secret_files import read_keys
from services.gateway.settings import GatewaySettings, HttpSettings
from services.host_agent.settings import HostAgentSettings
from services.sensor_reader.adapters.remote.nut import _context, _introduce
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.settings import ReaderSettings
from services.sensor_reader.settings.devices import NutSettings
from shared.actuators import ActuatorsFile
from shared.climate.zones import Climate
from shared.config_lines import Lines
from shared.event_counters import EventCountersSettings
from shared.ledger import LedgerError, Schema
from shared.ledger.quarantine import open_ledger
from shared.mqtt.login import LoginError, client_id_of, password_of, tls_context
from shared.process import _make_private
from shared.settings import ConfigError, parse_settings
from shared.shipped import SHIPPED_CONFIG
from shared.suite import BrokerSettings, SuiteSettings
from tests.support.odd_paths import binary, folder, here, link_to_itself, link_to_nothing, too_long, upwards

FILES: tuple[type[BaseModel], ...] = (
    SuiteSettings, AlertsSettings, CounterStoreSettings, PatternRules, PipelineRules, EventsSettings, ProcessorSettings,
    Boards, GatewaySettings, HostAgentSettings, ReaderSettings, EventCountersSettings, ActuatorsFile, Climate,
)  # fmt: skip
Refusals = tuple[type[Exception], ...]


def named(model: type[BaseModel], above: tuple[type[BaseModel], ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield (model, field) of each setting that is a path, by its type or by its name."""
    if model in above:
        return
    for name, field in model.model_fields.items():
        for kind in parts(field.annotation):
            if kind is Path or (kind is str and name.endswith(("_file", "_folder", "_directory"))):
                yield model.__name__, name
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from named(kind, (*above, model))


def parts(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation is made of."""
    inner = typing.get_args(annotation)
    if not inner:
        yield annotation
    for each in inner:
        yield from parts(each)


def broker(field: str) -> Callable[[Path], object]:
    def use(path: Path) -> None:
        settings = BrokerSettings.model_validate({"url": "mqtts://127.0.0.1", field: path, "username": "u"})
        client_id_of("a", settings), password_of(settings), tls_context(settings)

    def use_key(path: Path) -> None:
        tls_context(BrokerSettings.model_validate({"url": "mqtts://127.0.0.1", "cert_file": __file__, field: path}))

    return use_key if field == "key_file" else use


def gateway_keys(field: str) -> Callable[[Path], object]:
    def use(path: Path) -> None:
        if faults := read_keys(HttpSettings.model_validate({field: path}), Lines(SHIPPED_CONFIG, "gateway", {}))[1]:
            raise ConfigError(faults)

    return use


def influx_ca(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        http = open_http(InfluxSettings(url=url, ca_file=path, timeout_s=1))
        http.request("GET", url, None, {})


def nut_password(path: Path) -> None:
    class Silent:
        def ask(self, *_: str) -> None: ...

    _introduce(Silent(), NutSettings(ups="u", username="u", password_file=path))  # type: ignore[arg-type]


def nut_ca(path: Path) -> None:
    _context(NutSettings(ups="u", tls="require", ca_file=path))


def data(path: Path) -> None:
    ledger = path / "alerter" / "ledger.sqlite"
    _make_private(ledger.parent)
    open_ledger(ledger, Schema(), datetime(2026, 1, 1, tzinfo=UTC)).close()


def counters(path: Path) -> None:
    CountersFile(path, 60, "home").save(10**15, list)


def reports(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    put(path / "daily-2026-01-31.json", b"{}")


USERS: dict[tuple[str, str], tuple[Callable[[Path], object], Refusals]] = {
    ("SuiteSettings", "data"): (data, (LedgerError,)),
    **{
        ("BrokerSettings", field): (broker(field), (LoginError,))
        for field in ("password_file", "ca_file", "cert_file", "key_file")
    },
    ("AppriseSettings", "url_file"): (lambda path: opened(str(path)), (SecretError,)),
    ("WebhookSettings", "url_file"): (secret, (SecretError,)),
    ("WebhookSettings", "headers_file"): (lambda path: list(headers(path)), (SecretError,)),
    ("InfluxSettings", "token_file"): (lambda path: credentials(InfluxSettings(token_file=path)), (Unavailable,)),
    ("InfluxSettings", "password_file"): (
        lambda path: credentials(InfluxSettings(api="v1", database="d", username="u", password_file=path)),
        (Unavailable,),
    ),
    ("InfluxSettings", "ca_file"): (influx_ca, (HTTPError, OSError)),
    ("Webhook", "token_file"): (webhook_token, (OSError, ValueError)),
    ("HttpSettings", "password_file"): (gateway_keys("password_file"), (ConfigError,)),
    ("HttpSettings", "token_file"): (gateway_keys("token_file"), (ConfigError,)),
    ("NutUserSettings", "password_file"): (password_in, (PasswordFileError,)),
    ("NutSettings", "password_file"): (nut_password, (PortError,)),
    ("NutSettings", "ca_file"): (nut_ca, (PortError,)),
    ("CountingSettings", "storage_file"): (counters, ()),
    ("ReportingSettings", "report_output_directory"): (reports, (OSError,)),
}


def link_to_a_file(at: Path) -> Path:
    (at / "linked").symlink_to(binary(at))
    return at / "linked"


def below_a_file(at: Path) -> Path:
    return binary(at) / "file"


def pipe(at: Path) -> Path:
    os.mkfifo(at / "pipe")
    return at / "pipe"


def endless(_: Path) -> Path:
    return Path("/dev/zero")


ODD = (
    folder, binary, upwards, too_long, link_to_nothing, link_to_itself, link_to_a_file, below_a_file, pipe, endless,
    here,
)  # fmt: skip


def test_every_setting_that_names_a_path_has_a_row() -> None:
    """The models are the list: what is new there belongs into ``USERS``."""
    assert {each for model in FILES for each in named(model)} == USERS.keys()


def refusal(place: tuple[str, str], path: Path) -> str | None:
    """Return in which words a path is refused, None where it is used."""
    use, refusals = USERS[place]
    try:
        use(path)
    except refusals as error:
        return str(error)
    return None


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", USERS, ids="-".join)
def test_an_odd_path_is_used_or_refused_in_words(
    place: tuple[str, str], odd: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pipe is waited for, no device is read for ever, nothing else comes out."""
    monkeypatch.chdir(tmp_path)
    assert refusal(place, odd(tmp_path)) != ""


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root reads everything, so be another user."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    yield
    os.seteuid(mine)


@pytest.mark.parametrize("place", USERS, ids="-".join)
def test_what_must_not_be_read_is_refused_in_words(place: tuple[str, str], tmp_path: Path, request: Any) -> None:
    """A file in a folder of another user."""
    (tmp_path / "closed").mkdir(mode=0)
    request.getfixturevalue("nobody")
    assert refusal(place, tmp_path / "closed" / "file") != ""


def test_no_text_of_a_configuration_holds_a_nul() -> None:
    """No file system and no other program can be given one."""
    with pytest.raises(ConfigError, match=r"suite\.yaml:2.*broker\.password_file.*NUL"):
        parse_settings('broker:\n  password_file: "a\\0b"\n', "suite.yaml", "suite", SuiteSettings, {})
