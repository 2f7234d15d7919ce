"""One service as a process of its own: ``python -P -m upskeep.runner.service_process NAME [OPTION…]``.

It is ``python -m services.NAME`` wherever the suite lies: to import ``upskeep`` has made ``services`` importable.
"""

from __future__ import annotations

import runpy
import sys

from upskeep.runner.process_title import show_as


def service_command(name: str) -> list[str]:
    """Return the command line of a service. ``-P``: nothing is imported from the folder it is started in."""
    return [sys.executable, "-P", "-m", __name__, name]


def main() -> None:
    """Be the service that the first argument names."""
    name = sys.argv[1]
    sys.argv[:2] = [f"services.{name}"]
    show_as(" ".join([f"services.{name}", *sys.argv[1:]]))
    runpy.run_module(f"services.{name}", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
