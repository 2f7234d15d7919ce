"""The processor's configuration: the catalogue, the rules and the pipeline, checked against each other."""

from __future__ import annotations

from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.settings.pipeline import load_plan
from shared.context import Context
from shared.read_once import read_once


@read_once
def read(context: Context) -> PipelinePlan:
    """Return the plan; raises ConfigError with every fault."""
    return load_plan(context.folder, context.environ, context.suite.site)
