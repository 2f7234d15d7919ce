"""What was read at once, cut into portions of neighbours: a site's records together, whatever lay between them.

A site costs a portion some rows, however many records of it are there. So the more of a site's are together, the less
an event costs; where many sites wait, they are together only in a large read (docs/adr/0066).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleet.core.reading import Arrival


def by_site(arrived: Sequence[Arrival], most: int) -> Iterator[Sequence[Arrival]]:
    """Yield the arrivals in portions of ``most``, in the order of their keys; those of one key in the order given."""
    if len(arrived) > most:
        sites: dict[bytes, list[Arrival]] = {}
        for each in arrived:
            sites.setdefault(each.key or b"", []).append(each)
        arrived = [each for _, some in sorted(sites.items()) for each in some]
    for at in range(0, len(arrived), most):
        yield arrived[at : at + most]
