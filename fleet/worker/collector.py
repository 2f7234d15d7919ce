"""How often Python looks for circles of objects in a worker: seldom, for a batch makes none.

By itself it looks each 700 objects that stay, and now and then through all there are. A batch of 4,000 records is tens
of thousands that stay until its end, so the search was up to two fifths of a worker's work, the more the more it knew.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG, MIDDLE, OLD = 1_000_000, 20, 50


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the collector leave alone what is there now, and look at the rest each time a million more objects stay."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
