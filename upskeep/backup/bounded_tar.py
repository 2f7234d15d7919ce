"""A gzipped tar of which neither one read nor the whole takes more than it may.

``tarfile`` reads a header's attributes at once, however long they say they are, and keeps a list of every member: a
small file could take all memory. So members are taken one after the other, and what is unpacked is counted.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AT_ONCE = 1_048_576
AROUND_A_MEMBER = 16_384  # its headers, what fills its last block, and its part of the archive's end


class TooMuchError(tarfile.TarError):
    """More is unpacked than the archive may hold."""


class Unpacking:
    """The unpacked bytes, as tarfile reads them. ``most`` is how many there may be."""

    def __init__(self, content: gzip.GzipFile, most: int) -> None:
        self.most = most
        self._content = content

    def read(self, size: int) -> bytes:
        """Return the next bytes; raises TooMuchError."""
        if size > AT_ONCE:
            raise TooMuchError(f"it asks to read {size >> 20} MB at once")
        found = self._content.read(size)
        self._check(self.tell())
        return found

    def seek(self, place: int) -> int:
        """Go there; raises TooMuchError."""
        self._check(place)
        return self._content.seek(place)

    def tell(self) -> int:
        """Return how far it has been read."""
        return self._content.tell()

    def seekable(self) -> bool:
        """Return True: members are gone to by their place."""
        return True

    def end(self) -> None:
        """Read to the end, where gzip's own checksum stands; raises TooMuchError."""
        while self.read(AT_ONCE):
            pass

    def _check(self, place: int) -> None:
        if place > self.most:
            raise TooMuchError(f"it unpacks to more than the {self.most:,} bytes that its members have")


@contextmanager
def unpacking(archive: Path, most: int) -> Iterator[tuple[tarfile.TarFile, Unpacking]]:
    """Yield a tar and its bytes, of which there may be ``most``; take members by ``taken`` alone."""
    with gzip.open(archive, "rb") as content:
        unpacked = Unpacking(content, most)
        with tarfile.open(fileobj=unpacked, mode="r:") as tar:  # type: ignore[call-overload]
            yield tar, unpacked


def taken(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    """Return the next member, None at the end; it is not remembered."""
    member = tar.next()
    tar.members.clear()  # type: ignore[attr-defined]
    return member
