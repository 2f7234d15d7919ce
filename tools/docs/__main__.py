"""``python -m tools.docs``: write the generated pages, or with ``--check`` say which are stale."""

from __future__ import annotations

import sys

from tools.docs.pages import ROOT, stale, write


def main() -> int:
    """Write the pages, or with ``--check`` say which are stale."""
    if "--check" not in sys.argv[1:]:
        write(ROOT)
        return 0
    faults = stale(ROOT)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
