"""``config/pipeline.yaml`` and ``config/patterns.yaml``, checked against the catalogue and made into a PipelinePlan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from services.event_processor.core.correlation.patterns import PatternRules
from services.event_processor.core.pipeline.plan import (
    NO_PATTERNS,
    PipelinePlan,
    compile_plan,
    pattern_faults,
    pipeline_faults,
)
from services.event_processor.core.pipeline.rules import PipelineRules
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.settings import load
from shared.config_files import PathPart, files_of
from shared.config_lines import Lines
from shared.settings import ConfigError, Fault, read_one_of

M = TypeVar("M", bound=BaseModel)
PIPELINE, PATTERNS = "pipeline", "patterns"
HEALTH, STARTED = "system.health.check", "system.lifecycle.started"
OFFLINE, ONLINE = "system.service.offline", "system.service.online"


def load_plan(folder: Path, environ: Mapping[str, str], site: str = "home") -> PipelinePlan:
    """Return the complete plan; raises ConfigError with the faults of all files."""
    compiled = load(folder, environ, site)
    return load_pipeline(folder, environ, compiled)


def load_pipeline(folder: Path, environ: Mapping[str, str], compiled: CompiledRules) -> PipelinePlan:
    """Return the plan with the two files in ``folder``. A missing file turns its part off."""
    faults: list[Fault] = []
    rules = _read(folder, PIPELINE, PipelineRules, environ, faults)
    patterns = _read(folder, PATTERNS, PatternRules, environ, faults)
    if faults:
        raise ConfigError(faults)
    if rules is not None:
        lines = Lines(folder, PIPELINE, environ)
        faults += [lines.fault(path, reason) for path, reason in _pipeline_faults(rules, compiled)]
    if patterns is not None:
        lines = Lines(folder, PATTERNS, environ)
        faults += [lines.fault(path, reason) for path, reason in pattern_faults(patterns, compiled.catalogue)]
    if faults:
        raise ConfigError(faults)
    return compile_plan(compiled, rules, patterns or NO_PATTERNS)


def _read(folder: Path, name: str, model: type[M], environ: Mapping[str, str], faults: list[Fault]) -> M | None:
    if not files_of(folder, name, environ):
        return None
    return read_one_of(folder, name, model, environ, faults)


def _pipeline_faults(rules: PipelineRules, compiled: CompiledRules) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    yield from pipeline_faults(rules, compiled.catalogue)
    monitoring = rules.monitoring
    wanted = {
        STARTED: monitoring.started,
        HEALTH: monitoring.health_every_s > 0,
        OFFLINE: monitoring.presence,
        ONLINE: monitoring.presence,
    }
    for name, on in wanted.items():
        if on and name not in compiled.catalogue:
            yield ("monitoring",), f"wants the event type {name!r} in events.yaml; add it there or turn it off here"
