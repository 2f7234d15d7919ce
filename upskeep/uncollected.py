"""Imports and settings without the collector of garbage: hardly anything of them is garbage.

It looks through all of them again and again as they grow, which is a tenth of what a short command costs.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the collector rest within; what is there at the end it never looks through. For what ends soon after it."""
    works = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if works:
            gc.enable()
