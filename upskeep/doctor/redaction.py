"""What must not leave a machine is taken out of a text. Pure.

Rules:
1. A word is kept because it is known (the shipped configuration's, the program's), not because it looks harmless: every
   other key and text of the configuration becomes ``‹name 1›``, ``‹name 2›`` …, the same one wherever it stands.
2. Secrets, the environment's values, host and user names are names of that kind, too, in any case of letters.
3. Whatever its source, an address, a path, a mail address, a quoted text or a refused value goes. Loopback, ``/dev``
   and ``/sys`` stay: they are the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from urllib.parse import urlsplit

LEAST = 2  # letters of a name: a single one would be found everywhere
GENERIC = frozenset({"root", "upskeep", "localhost"})  # users and hosts that say nothing of anybody
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SAME_EVERYWHERE = ("/dev/", "/sys/", "/proc/")
URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s'\"`,;)]+", re.IGNORECASE)
MAIL = re.compile(r"[\w.+-]+@[\w.-]+")
ADDRESS_4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d)")
ADDRESS_6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?![\w:])", re.IGNORECASE)
PATH = re.compile(r"(?<![\w/.›…])~?/[\w.@+-]+(?:/[\w.@+-]*)*")
QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
REFUSED = re.compile(r"\(got .*\)")
NUMBER = re.compile(r"[-+]?\d*\.?\d+(e[-+]?\d+)?", re.IGNORECASE)
TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


class Redactor:
    """Takes out ``private`` texts and what is private by its form; ``known`` words stay."""

    def __init__(self, private: Iterable[str], known: Iterable[str]) -> None:
        self._known = {word.casefold() for word in known} | GENERIC
        texts = {text.strip() for text in private}
        texts |= {part for text in texts for part in _parts(text)}
        wanted = {text.casefold(): text for text in texts if len(text) >= LEAST and not self.is_known(text)}
        self._names = {text: f"‹name {number}›" for number, text in enumerate(sorted(wanted), 1)}
        longest_first = sorted(self._names, key=lambda text: (-len(text), text))
        words = "|".join(re.escape(text) for text in longest_first)
        self._private = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE) if words else None

    def is_known(self, text: str) -> bool:
        """Whether a text reveals nothing of this machine: a known word, or a number."""
        return text.casefold() in self._known or NUMBER.fullmatch(text) is not None

    def clean(self, text: str) -> str:
        """Return a text without them."""
        steps: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
            (REFUSED, lambda _: "(got …)"),
            (URL, _url),
            (MAIL, lambda _: "‹mail address›"),
            (QUOTED, self._quoted),
        )
        for pattern, change in steps:
            text = pattern.sub(change, text)
        if self._private is not None:
            text = self._private.sub(lambda found: self._names[found[0].casefold()], text)
        text = ADDRESS_6.sub(lambda found: found[0] if TIME.fullmatch(found[0]) else "‹address›", text)
        text = ADDRESS_4.sub(lambda found: found[0] if found[0] in LOOPBACK else "‹address›", text)
        return PATH.sub(self._path, text)

    def _quoted(self, found: re.Match[str]) -> str:
        inner = found[1] if found[1] is not None else found[2]
        return found[0] if self.is_known(inner) else f"{found[0][0]}…{found[0][0]}"

    def _path(self, found: re.Match[str]) -> str:
        if found[0].startswith(SAME_EVERYWHERE):
            return found[0]
        name = PurePath(found[0]).name
        return f"…/{name}" if self.is_known(name) else "‹path›"


def _url(found: re.Match[str]) -> str:
    try:
        split = urlsplit(found[0])
        plain = split.hostname in LOOPBACK and "@" not in split.netloc and not split.query and split.path in ("", "/")
    except ValueError:
        plain = False
    return found[0] if plain else f"{found[1].lower()}://‹address›"


def _parts(text: str) -> Iterable[str]:
    """Return what may stand alone elsewhere of a private text: its lines, and host, user, password and path of URLs."""
    yield from (line.strip() for line in text.splitlines())
    for url in URL.finditer(text):
        try:
            split = urlsplit(url[0].rstrip("}]"))
        except ValueError:
            continue
        yield from (part for part in (split.hostname, split.username, split.password, *split.path.split("/")) if part)
