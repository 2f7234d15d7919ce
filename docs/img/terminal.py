"""A terminal's output as a picture: ANSI text in, SVG out; lines that are too long end in an ellipsis.

FORCE_COLOR=1 COLUMNS=112 make run ARGS="--source sim:outage --speed 5" > run.ansi
.venv/bin/python docs/img/terminal.py 'make run' < run.ansi > docs/img/run.svg
"""

from __future__ import annotations

import re
import sys
from io import StringIO

from rich.console import Console
from rich.text import Text

COLUMNS = 112


def picture(ansi: str, title: str) -> str:
    """Return the SVG. It fetches nothing: the web fonts that rich names are taken out."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), legacy_windows=False)
    for line in ansi.splitlines():
        console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis")
    svg = console.export_svg(title=title, unique_id="upskeep")
    return re.sub(r"\s*@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    sys.stdout.write(picture(sys.stdin.read(), sys.argv[1]))
