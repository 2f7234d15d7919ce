"""``upskeep doctor --report``: one text for an issue, without private data. It changes nothing and sends nothing."""

from __future__ import annotations

import getpass
import platform
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from shared import __version__
from shared.bounded_yaml import YamlLimitError, load_yaml
from shared.config_files import laid_over, shipped_folder
from shared.shipped import SHIPPED_CONFIG as SHIPPED
from upskeep.check import CONFIGURATIONS
from upskeep.doctor.finding import Finding, Level, Patient
from upskeep.doctor.redaction import Redactor

PACKAGES = ("paho-mqtt", "pydantic", "smbus2", "gpiod", "influxdb-client", "apprise", "starlette", "uvicorn", "iotcore")
MOST_BYTES = 65_536  # of a file with a secret
OURS = "UPSKEEP_"
FILES = ("ledger.sqlite", "requirements.lock")
WORDS = ("true", "false", "null", "auto", "i2c", "none", "max")
DEEPEST = 32


def report(patient: Patient, findings: Iterable[Finding]) -> str:
    """Return the text, in Markdown."""
    shipped, own = _texts(SHIPPED), _texts(patient.config)
    if shipped_folder(patient.config, patient.environ) is not None:  # a key that is not there has its shipped value
        own = {name: data if data is None else laid_over(shipped.get(name), data) for name, data in own.items()}
    names = [*CONFIGURATIONS]
    known = [
        *_keys(SHIPPED),
        *_words(shipped.values()),
        *names,
        *WORDS,
        *FILES,
        *shipped,
        *(f"{name}.yaml" for name in shipped),
    ]
    redactor = Redactor(_private(patient, own, findings := [*findings], names), known)
    lines = [
        "### upskeep doctor --report",
        "",
        f"- Upskeep {__version__}, Python {platform.python_version()}, {_system()}",
        f"- {', '.join(_packages())}",
        "",
        "```text",
        *(redactor.clean(line) for finding in findings for line in _finding(finding)),
        "```",
        "",
        "Configuration, where it differs from the shipped one:",
        "",
        "```text",
        *([redactor.clean(line) for line in _differences(shipped, own, redactor)] or ["nowhere"]),
        "```",
        "",
        "Environment: "
        + (", ".join(redactor.clean(name) for name in sorted(patient.environ) if name.startswith(OURS)) or "nothing"),
    ]
    return "\n".join(lines)


def _system() -> str:
    libc = " ".join(platform.libc_ver()).strip()
    return f"{platform.system()} {re.match(r'[0-9.]*', platform.release())[0]}, {platform.machine()}, {libc}"  # type: ignore[index]


def _packages() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} none"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.level:<7}  {finding.check:<13}  {finding.found}"
    if finding.advice and finding.level is not Level.OK:
        yield f"{'':<24}→ {finding.advice}"


def _texts(folder: Path) -> dict[str, Any]:
    """Return the files of a folder by name, as data; None where one cannot be read."""
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        try:
            found[file.stem] = load_yaml(file.read_text(encoding="utf-8"))[1]
        except (OSError, ValueError, YamlLimitError):
            found[file.stem] = None
    return found


def _keys(folder: Path) -> Iterator[str]:
    """Yield every key that the shipped files have or show in a comment."""
    for file in folder.glob("*.yaml"):
        yield from re.findall(r"\b([a-z][a-z0-9_]*):", file.read_text(encoding="utf-8"))


def _words(files: Iterable[Any]) -> Iterator[str]:
    """Yield every key and text."""
    for data in files:
        yield from (text for path, value in _leaves(data) for text in (*path, value))


def _leaves(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (keys, value) of every value that holds no others."""
    if isinstance(data, dict) and data and len(path) < DEEPEST:
        for key, value in data.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(data, list) and data and len(path) < DEEPEST:
        for number, value in enumerate(data):
            yield from _leaves(value, (*path, str(number)))
    else:
        yield path, _written(data)


def _written(value: Any) -> str:
    return {True: "true", False: "false", None: "null"}.get(value, str(value)) if _single(value) else str(value)


def _single(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _differences(shipped: Mapping[str, Any], own: Mapping[str, Any], redactor: Redactor) -> Iterator[str]:
    """Yield a line for each changed value; an unknown text is only reported as a text."""
    for name, data in own.items():
        before = dict(_leaves(shipped.get(name)))
        for path, value in _leaves(data):
            if before.get(path) != value:
                keys = ".".join(key if redactor.is_known(key) else redactor.clean(key) for key in path)
                shown = value if redactor.is_known(value) else f"a text of {len(value)} characters"
                yield f"{name}.yaml: {keys}: {shown}"
        yield from (f"{name}.yaml: {'.'.join(path)}: left out" for path in before if not _has(data, path))


def _has(data: Any, path: tuple[str, ...]) -> bool:
    for step in path:
        if isinstance(data, list):
            data = dict(enumerate(data))
        found = next((value for key, value in data.items() if str(key) == step), ...) if isinstance(data, dict) else ...
        if found is ...:
            return False
        data = found
    return True


def _private(
    patient: Patient, own: Mapping[str, Any], findings: Iterable[Finding], services: Iterable[str]
) -> Iterator[str]:
    """Yield what may be private: names of host and user, what is in the environment, configuration and secret files."""
    host = socket.gethostname()
    yield from (host, host.partition(".")[0], *_user(), str(Path.home()))
    yield from (str(path.absolute()) for path in (patient.config, patient.suite.data))
    yield from (str(path) for path in (patient.config, patient.suite.data) if len(path.parts) > 1)
    broker = patient.suite.broker
    yield from (text for text in (broker.url, broker.username, patient.suite.site) if text)
    for name, value in patient.environ.items():
        if name.startswith(OURS):
            yield value
            yield from name.removeprefix(OURS).split("__")
            yield from _secret(value)
    for path, value in _leaves(own):
        yield from (*path, value)
        if path and path[-1].endswith("_file"):
            yield from _secret(value)
    yield from _secret(str(broker.password_file or ""))
    for finding in findings:  # a service's name is any name that a status was published under
        if finding.check == "services" and (name := finding.found.partition(" ")[0]) not in {*services}:
            yield from (name, name.partition("-")[2])


def _user() -> Iterator[str]:
    try:
        yield getpass.getuser()
    except (OSError, KeyError):
        return


def _secret(path: str) -> Iterator[str]:
    """Yield what a file holds, if there is one of that name."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return
    yield text
    yield from text.split()
