"""The report's page in a real browser: it is drawn, complains of nothing, and asks nobody for anything."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.counter_store.adapters.reports.formats import FORMATS
from tests.conftest import Require
from tests.support.store_bench import bench
from tests.unit.counter_store.test_reports import MODELS, ask, fill

DEADLINE_S = 120


@dataclass(frozen=True)
class Seen:
    """What a browser did with a page."""

    dom: str
    console: tuple[str, ...]
    requests: tuple[str, ...]
    picture: bytes


def look(program: str, page: str, folder: Path) -> Seen:
    """Open a page without a window; returns what came of it."""
    file, log = folder / "page.html", folder / "net.json"
    file.write_text(page, encoding="utf-8")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
    call = [program, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *quiet]
    call += [f"--user-data-dir={folder / 'profile'}", "--window-size=1020,1400", "--hide-scrollbars"]
    drawn = [f"--log-net-log={log}", "--dump-dom", f"--screenshot={folder / 'page.png'}", file.as_uri()]
    done = subprocess.run([*call, *drawn], capture_output=True, text=True, timeout=DEADLINE_S, check=True, cwd=folder)
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    begun = [event["params"] for event in events if "initiator" in event.get("params", {})]
    by_page = {
        each["url"] for each in begun if each["initiator"] != "not an origin"
    }  # not what the browser itself wants
    said = re.findall(r"CONSOLE[^\]]*\] (.*)", done.stderr)
    ours = tuple(sorted(url for url in by_page if not url.startswith("file:")))
    return Seen(done.stdout, tuple(said), ours, (folder / "page.png").read_bytes())


@pytest.mark.parametrize("kind", MODELS)
def test_a_browser_draws_the_page_and_has_nothing_to_complain_of(kind: str, require: Require, tmp_path: Path) -> None:
    """Every section and chart is in what it shows."""
    program = require.program("chromium")
    with bench() as store:
        fill(store)
        page = FORMATS["html"][1](ask(store, kind, 30))

    seen = look(program, page, tmp_path)

    assert ((), ()) == (seen.console, seen.requests)
    assert page.count("<svg") == seen.dom.count("<svg") > 0
    assert page.count("<section") == seen.dom.count("<section") > 3
    assert seen.picture.startswith(b"\x89PNG")
    assert len(seen.picture) > 20_000


def test_a_page_that_asks_somebody_for_something_would_be_found_out(require: Require, tmp_path: Path) -> None:
    """So that the test above can fail: once without the policy, and the policy itself stops it."""
    program = require.program("chromium")
    with bench() as store:
        fill(store)
        page = FORMATS["html"][1](ask(store, "summary", 30))
    asking = page.replace("</main>", '<img src="http://127.0.0.1:9/x.png"></main>')
    open_to_all = re.sub(r"<meta http-equiv[^>]*>", "", asking)

    (tmp_path / "open").mkdir()
    (tmp_path / "held").mkdir()
    asked, held = look(program, open_to_all, tmp_path / "open"), look(program, asking, tmp_path / "held")

    assert ("http://127.0.0.1:9/x.png",) == asked.requests
    assert () == held.requests
    assert any("Content Security Policy" in said for said in held.console)
