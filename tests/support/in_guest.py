"""Runs inside the guest of ``tests/contract/conftest.py``: prints, as JSON, what its bus and its lines show."""

from __future__ import annotations

import json

import tests.support.gpio.in_guest
import tests.support.i2c.in_guest


def main() -> None:
    """Print one JSON object, on the last line."""
    seen = {"i2c": tests.support.i2c.in_guest.everything(), "gpio": tests.support.gpio.in_guest.everything()}
    print("\n" + json.dumps(seen))  # noqa: T201


if __name__ == "__main__":
    main()
