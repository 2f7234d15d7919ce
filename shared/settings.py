"""Settings: YAML in, one frozen model out, or every fault at once with file, line, value and what would be right.

Rules:
1. Unknown keys are faults ("did you mean"), and so are keys given twice.
2. ``UPSKEEP_<FILE>__<KEY>__<KEY>`` in the environment overrides a value of ``<file>.yaml``; a list's entries
   are counted from 0, and the first number past its end adds one. ``UPSKEEP_DATA`` is ``data`` of suite.yaml.
3. A secret comes from a file (``…_file``) or the environment, never from the YAML itself.
4. A folder's files hold only what differs from the shipped ones: ``shared.config_files``.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.bounded_yaml import YamlLimitError, load_yaml
from shared.config_files import Document, PathPart, files_of, laid_over, place_of
from shared.parsed_yaml import parse_yaml
from shared.placed_error import PlacedError
from shared.places import DATA
from shared.renamed_keys import RENAMED, Keys, new_name, renamed

log = logging.getLogger(__name__)
_noticed: set[str] = set()
_read_before: dict[Hashable, BaseModel] = {}  # by model, texts and variables: several read a file, and services forked
READ_KEPT = 64  # from one parent what it has read
M = TypeVar("M", bound=BaseModel)
UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")  # of a model, of a dataclass
MOST_FOUND = 60  # letters of what was found
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")  # of a URL: it must not reach a terminal or a log


class Settings(BaseModel):
    """Base of every settings model: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration."""

    where: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.path}: {self.reason}" if self.path else f"{self.where}: {self.reason}"


class ConfigError(Exception):
    """The configuration cannot be used; ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def read_settings(folder: Path, name: str, model: type[M], environ: Mapping[str, str]) -> M:
    """Return ``folder/name.yaml`` as ``model``; raises ConfigError with every fault."""
    texts = _texts(folder, name, environ)
    laid = tuple((key, environ[key]) for key in sorted(environ) if key == DATA or key.startswith(_prefix(name)))
    if (known := _read_before.get((model, name, texts, laid))) is None:
        if len(_read_before) >= READ_KEPT:
            _read_before.clear()
        documents = tuple(_document(text, where) for where, text in texts)
        known = _read_before[model, name, texts, laid] = _settled(documents, name, model, environ)
    return cast("M", known)


def read_documents(folder: Path, name: str, environ: Mapping[str, str]) -> tuple[Document, ...]:
    """Return what the files of that name say, a person's own before the shipped one; raises ConfigError."""
    return tuple(_document(text, where) for where, text in _texts(folder, name, environ))


def _texts(folder: Path, name: str, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return (place, text) of the files of that name: whether they have been read before shows in these alone."""
    files = files_of(folder, name, environ)
    if not files:
        missing = "no such file; copy it from the project's config folder, or write `defaults: shipped` into suite.yaml"
        raise ConfigError([Fault(str(folder / f"{name}.yaml"), "", missing)])
    return tuple((str(path), _text(path)) for path in files)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(path), "", f"cannot be read: {error}")]) from error


def read_one_of(folder: Path, name: str, model: type[M], environ: Mapping[str, str], faults: list[Fault]) -> M | None:
    """Return one file of several, or None with its faults added to ``faults``: a person hears those of all at once."""
    try:
        return read_settings(folder, name, model, environ)
    except ConfigError as error:
        faults += error.faults
        return None


def parse_settings(text: str, where: str, name: str, model: type[M], environ: Mapping[str, str]) -> M:
    """Return YAML ``text`` as ``model``; ``where`` names it in faults."""
    return _settled((_document(text, where),), name, model, environ)


def _settled(documents: tuple[Document, ...], name: str, model: type[M], environ: Mapping[str, str]) -> M:
    own = documents[0]
    faults = [Fault(f"{own.where}:{line}", path, "is given twice; keep one") for line, path in own.repeated]
    overridden = overlaid(documents, name, environ)
    faults += overridden.faults
    faults += [
        Fault(f"{own.where}:{place_of((own,), path)[1]}", ".".join(map(str, path)), "holds a NUL, which no text may")
        for path in _with_nul(own.data, ())
    ]
    try:
        result = model.model_validate(overridden.data)
    except ValidationError as error:
        for item in error.errors():
            faults += _faults(documents, overridden.sources, model, RENAMED.get(name, {}), dict(item))
        raise ConfigError(faults) from None
    if faults:
        raise ConfigError(faults)
    return result


def _with_nul(value: Any, path: tuple[PathPart, ...]) -> Iterator[tuple[PathPart, ...]]:
    """Yield the places of texts that no file, address or other program could be given."""
    if isinstance(value, str) and "\0" in value:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _with_nul(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _with_nul(item, (*path, number))


def overlaid(documents: tuple[Document, ...], name: str, environ: Mapping[str, str]) -> Overlaid:
    """Return what documents and environment come to."""
    for document in documents:
        for old, new in renamed(document.data, RENAMED.get(name, {})):
            _notice(f"{document.where}:{document.find(old)[1]}", old, new)
    data = documents[-1].data
    for document in reversed(documents[:-1]):
        data = laid_over(data, document.data)
    return _override(data, name, environ)


def _notice(where: str, old: tuple[PathPart, ...], new: tuple[PathPart, ...]) -> None:
    """Say once in a process that a key has another name now."""
    text = f"{where}: {_dotted(old)} is called {_dotted(new)} now; the old name is read for this version"
    if text not in _noticed:
        _noticed.add(text)
        log.warning("%s", text)


def _dotted(path: tuple[PathPart, ...]) -> str:
    return ".".join(map(str, path))


def _document(text: str, where: str) -> Document:
    try:
        data, repeated = parse_yaml(text)
    except YamlLimitError as error:
        line = f"{where}:{error.problem_mark.line + 1}" if error.problem_mark else where
        raise ConfigError([Fault(line, "", f"is no configuration: {error.problem}")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{where}:{mark.line + 1}" if mark else where
        raise ConfigError([Fault(line, "", f"is not YAML: {error.problem}")]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError([Fault(where, "", f"is not YAML: {error}")]) from error
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ConfigError([Fault(where, "", f"must be a mapping of keys to values (got {_short(data)})")])
    return Document(where, text, data, repeated)


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The data of a file with everything laid over it; ``sources``: what in it is of which environment variable."""

    data: Any
    sources: dict[tuple[PathPart, ...], str]
    faults: list[Fault]


def _override(data: Any, name: str, environ: Mapping[str, str]) -> Overlaid:
    """Lay the environment over ``data``; the result remembers which variable each value came from."""
    prefix = _prefix(name)
    laid = Overlaid(data, {}, [])
    if name == "suite" and (place := environ.get(DATA)):
        laid.sources[_place(data, ["data"], place)] = DATA
    for variable, value in sorted(environ.items()):
        if variable.startswith(prefix):
            asked = tuple(variable.removeprefix(prefix).lower().split("__"))
            keys = list(map(str, new_name(asked, RENAMED.get(name, {}))))
            if keys != list(asked):
                _notice(variable, asked, tuple(keys))
            try:
                laid.sources[_place(data, keys, load_yaml(value)[1])] = variable
            except (yaml.YAMLError, ValueError):
                laid.faults.append(Fault(variable, ".".join(keys), f"is not YAML (got {_short(value)})"))
            except LookupError as error:
                laid.faults.append(Fault(variable, ".".join(keys), str(error.args[0])))
    return laid


def _prefix(name: str) -> str:
    return f"UPSKEEP_{name.upper()}__"


def _place(data: Any, keys: list[str], value: Any) -> tuple[PathPart, ...]:
    """Put ``value`` below ``data``, making the way there; raises LookupError where nothing can be below."""
    step = _step(data, keys[0])
    if isinstance(step, int) and step == len(data):
        data.append(None)
    if len(keys) == 1:
        data[step] = value
        return (step,)
    below = data[step] if isinstance(step, int) else data.get(step)
    if below is None:
        below = data[step] = {}
    if not isinstance(below, dict | list):
        raise LookupError(f"{step!r} holds a single value and no keys (got {_short(below)})")
    return (step, *_place(below, keys[1:], value))


def _step(data: Any, key: str) -> PathPart:
    if not isinstance(data, list):
        return next((name for name in data if str(name).lower() == key), key)
    if not key.isdecimal() or int(key) > len(data):
        raise LookupError(f"the list has {len(data)} entries, counted from 0; there is no entry {key!r}")
    return int(key)


def _faults(
    documents: tuple[Document, ...],
    sources: dict[tuple[PathPart, ...], str],
    model: type[BaseModel],
    renames: Mapping[Keys, Keys],
    item: dict[str, Any],
) -> list[Fault]:
    path: tuple[PathPart, ...] = tuple(item["loc"])
    check = item.get("ctx", {}).get("error")
    if isinstance(check, PlacedError):
        return [_fault(documents, sources, (*path, *below), reason) for below, reason in check.faults]
    if item["type"] in UNKNOWN_KEY:
        reason = _unknown_key(path, model, renames)
    elif item["type"] == "missing":
        reason = "is missing; it has no default"
    else:
        reason = f"{item['msg'].removeprefix('Value error, ')} (got {_short(item['input'])})"
        reason += _beneath(documents, path) if isinstance(item["input"], dict) else ""
    return [_fault(documents, sources, path, reason)]


def _fault(
    documents: tuple[Document, ...], sources: dict[tuple[PathPart, ...], str], path: tuple[PathPart, ...], reason: str
) -> Fault:
    document, line = place_of(documents, path)
    variable = next((name for place, name in sources.items() if path[: len(place)] == place), None)
    return Fault(variable or f"{document.where}:{line}", _dotted(path), reason)


def _unknown_key(path: tuple[PathPart, ...], model: type[BaseModel], renames: Mapping[Keys, Keys]) -> str:
    if (new := new_name(path, renames)) != path:
        return f"is called {_dotted(new)} now, and that is there as well; keep it, and delete this one"
    return "unknown key" + _suggestion(str(path[-1]), model, path[:-1])


def _beneath(documents: tuple[Document, ...], path: tuple[PathPart, ...]) -> str:
    """Return where the rest of a mapping stands that is laid over another one."""
    named, _ = place_of(documents, path)
    for other in documents[documents.index(named) + 1 :]:
        found, line = other.find(path)
        if path and found == len(path):
            return f"; it is laid over {other.where}:{line}, and `KEY: null` takes a key of that away"
    return ""


def _suggestion(key: str, model: type[BaseModel], path: tuple[PathPart, ...]) -> str:
    known = _keys_at(model, path)
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def _keys_at(model: type[BaseModel], path: tuple[PathPart, ...]) -> list[str]:
    """Return the keys a model knows at ``path``, as far as its JSON Schema says."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    here: Any = schema
    for step in path:
        here = _resolve(here, definitions)
        if isinstance(step, int):
            here = here.get("items", {})
        else:
            named = here.get("properties", {}).get(step)
            patterns = here.get("patternProperties", {}).values()  # a dict whose keys are held to a pattern
            here = named or here.get("additionalProperties") or next(iter(patterns), here)
        if not isinstance(here, dict):
            return []
    return list(_resolve(here, definitions).get("properties", {}))


def _resolve(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    while isinstance(schema, dict):
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        elif "properties" not in schema and (options := schema.get("anyOf") or schema.get("oneOf")):
            schema = next((o for o in options if o.get("type") != "null"), {})
        else:
            return schema
    return {}


def _short(value: Any) -> str:
    """Return what was found; of what is long or nested, its keys or its length: the rest stands in the file."""
    text = _PASSWORD.sub(r"\1***@", repr(value))
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        if len(text) > MOST_FOUND or any(isinstance(part, dict | list) for part in parts):
            text = f"keys {', '.join(map(str, value))}" if isinstance(value, dict) else f"a list of {len(value)}"
    return text if len(text) <= MOST_FOUND else text[: MOST_FOUND - 3] + "..."
