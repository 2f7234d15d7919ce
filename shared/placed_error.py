"""What a model's check finds wrong with its parts, each by its place, so that whoever reads the file gets its line."""

from __future__ import annotations

Place = tuple[str | int, ...]  # the keys and the numbers of entries that lead there, from the model that is checked
Placed = tuple[Place, str]  # and what is wrong there


class PlacedError(ValueError):
    """Raised by a model's check: several faults, of which each lies at a place below that model."""

    def __init__(self, *faults: Placed) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, place))}: {reason}" for place, reason in faults))
        self.faults = faults
