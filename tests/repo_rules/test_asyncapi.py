"""The AsyncAPI document is one, by AsyncAPI's own parser."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.conftest import Require
from tests.support.node_tools import node_tools

ROOT = Path(__file__).parents[2]
SCRIPT = """
const { Parser } = require(process.argv[1] + '/@asyncapi/parser');
const source = process.argv[2];
const text = require('node:fs').readFileSync(source, 'utf8');
new Parser().parse(text, { source }).then(({ document, diagnostics }) => console.log(JSON.stringify({
  channels: document ? document.channels().all().length : 0,
  errors: diagnostics.filter((each) => each.severity === 0).map((each) => each.message),
})));
"""


def parsed(document: Path, require: Require) -> dict[str, object]:
    """Return what the parser makes of a document."""
    done = subprocess.run(
        ["node", "-e", SCRIPT, node_tools(require), document], capture_output=True, text=True, check=True, timeout=120
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_asyncapis_parser_takes_the_document(require: Require) -> None:
    """With every channel, and the schemas that it refers to."""
    document = ROOT / "docs" / "asyncapi.json"
    channels = len(json.loads(document.read_text(encoding="utf-8"))["channels"])

    assert {"channels": channels, "errors": []} == parsed(document, require)


def test_the_parser_would_say_what_is_wrong(require: Require, tmp_path: Path) -> None:
    """Or its silence would mean nothing: here the schemas are missing."""
    copy = tmp_path / "asyncapi.json"
    copy.write_text((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"), encoding="utf-8")

    assert [] != parsed(copy, require)["errors"]
