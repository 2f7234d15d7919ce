"""What sites that only read would have said, had each its own event_processor: the oracle of raw frames.

A site's frames go through the whole of event_processor, in one piece and over one ledger, as on a machine of its own.
Nothing here is the centre's: no batches, no memories that are kept and read again, no tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

from services.event_processor.core.pipeline.plan import PipelinePlan, without_handlers
from services.event_processor.service import EventProcessor
from services.event_processor.settings.pipeline import load_plan
from shared.clock import SYSTEM_CLOCK
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Event, Frame
from shared.site_records import encode, event_record


def made_of_frames(values: Iterable[bytes], folder_of: Callable[[str], Path]) -> Iterator[bytes]:
    """Yield the records of the events that those among ``values`` that are frames make; raises ConfigError.

    ``folder_of`` gives the folder of a site's configuration. A frame that comes twice is processed once.
    """
    read: dict[str, dict[tuple[str, str, int], bytes]] = {}
    for value in values:
        said = json.loads(value)
        if said["kind"] == "raw":
            place = (said["producer"], said["epoch"], said["seq"])
            read.setdefault(said["site"], {}).setdefault(place, value)
    plan_of = cache(lambda folder: without_handlers(load_plan(folder, {})))
    for site, frames in read.items():
        yield from _of_site(site, plan_of(folder_of(site)), frames.values())


def _of_site(site: str, plan: PipelinePlan, values: Iterable[bytes]) -> Iterator[bytes]:
    plan = replace(plan, compiled=replace(plan.compiled, site=site))  # ids of events follow from it
    heard = InMemoryPublisher()
    with closing(Ledger(":memory:")) as ledger:
        processor = EventProcessor(plan.compiled, ledger, heard, SYSTEM_CLOCK.wall, plan)
        with ledger.transaction():
            for value in values:
                processor.apply(Frame.model_validate(json.loads(value)["message"]))
            processor.flush()
    events = [each for each in heard.emitted if isinstance(each, Event)]
    for seq, event in enumerate(events, 1):
        place = {"site": site, "producer": "event_processor", "epoch": "own", "seq": seq}
        yield encode(event_record(event.model_copy(update=place)))[1]
