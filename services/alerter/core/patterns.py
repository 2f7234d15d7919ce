"""Regular expressions from outside, matched in time linear in the text, whatever the expression.

1. A list of words and prefixes (``a|b|system-.*``, as most matchers are) needs no engine.
2. RE2 matches all others: without backtracking, so no expression can hang the service (docs/adr/0029). Look-around and
   back-references, which RE2 lacks, are refused when the matcher is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from shared.extras import needs

try:
    import re2
except ImportError:  # no wheel for this machine
    re2 = None

MOST_BYTES = 1 << 20  # of a compiled expression
_WORDS = re.compile(r"[\w\- :@/|]*", re.ASCII)
_BEGINNINGS = re.compile(r"[\w\- :@/]*(\.\*)?(\|[\w\- :@/]*(\.\*)?)*", re.ASCII)
Matches = Callable[[str], bool]


@lru_cache(maxsize=1024)
def whole_match(expression: str) -> Matches:
    """Return a test whether a whole text matches; raises ValueError, for a person, if the expression is not RE2's."""
    if _WORDS.fullmatch(expression):
        return frozenset(expression.split("|")).__contains__
    if _BEGINNINGS.fullmatch(expression):
        return _word_or_beginning(expression.split("|"))
    if re2 is None:
        raise ValueError(needs("re2", " for more than a list of words and beginnings like a|b|c.*"))
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_BYTES
    try:
        compiled = re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"holds no regular expression of RE2: {reason}") from None
    except UnicodeEncodeError:
        raise ValueError("holds no regular expression of RE2: it is no valid text") from None
    return lambda text: compiled.fullmatch(text.encode(errors="replace").decode()) is not None


def _word_or_beginning(parts: list[str]) -> Matches:
    words = frozenset(part for part in parts if not part.endswith(".*"))
    beginnings = tuple(part.removesuffix(".*") for part in parts if part.endswith(".*"))

    def matches(text: str) -> bool:
        return text in words or ("\n" not in text and text.startswith(beginnings))  # a dot matches no line break

    return matches
