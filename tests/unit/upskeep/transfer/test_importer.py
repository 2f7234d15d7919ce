"""What goes from a file to the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.requests import Command
from tests.support.store_messages import event
from upskeep.transfer.importer import import_file
from upskeep.transfer.readers import Source


def test_what_is_no_part_of_an_event_is_not_sent(tmp_path: Path) -> None:
    """A column of one's own may hold what no command may."""
    file, sent = tmp_path / "x.jsonl", list[Any]()
    own = '{"mine": ' + "[" * 40 + "]" * 40 + ","
    file.write_text(own + event(1, 1).model_dump_json()[1:])

    def command(name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        sent.append(Command(id="1", target="counter_store", name=name, data=dict(data)))
        return {"new": 1, "known": 0, "opened": {}}

    assert 1 == import_file(Source(file, "jsonl"), command, lambda _: None).new
    assert ["mine" in one for one in sent[0].data["events"]] == [False]
