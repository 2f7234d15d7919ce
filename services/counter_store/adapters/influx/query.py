"""Reading events back from InfluxDB by InfluxQL over ``/query``, the one language of 1.x, 2.x and 3.x.

InfluxDB 2 and 3 find the bucket by the database's name (their 1.x compatibility). ``bucket`` may be database/policy;
3 takes that for a database of this name. 3 Core refuses a query over more than 432 files, a file being ten minutes of
one measurement: then half the time is queried, down to a minute, and more again where there is little. A page longer
than ``ANSWER_BYTES`` is queried in halves, down to one event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.counter_store.adapters.influx.http import InfluxHttp
from services.counter_store.adapters.influx.http_answers import OF_3_CORE, check_answer
from services.counter_store.core.influx.line_protocol import FIRST_NS, LAST_NS
from services.counter_store.core.influx.points import point_to_event
from services.counter_store.core.influx.ports import TooMuch, Unavailable
from services.counter_store.core.influx.query_answers import QueryAnswer, QueryAnswerError, read_query_answer
from services.counter_store.settings import InfluxSettings
from shared.messages import Event

_COLUMNS = ("id", "producer", "epoch", "seq", "data", "metadata", "moved_us")
_TAGS = ("site", "type", "category", "severity", "device", "zone")
_TOO_MANY = "file limit"  # in the words of 3 Core 3.2 and 3.9
_END_NS = LAST_NS + 1
_SHORTEST_NS = 60 * 10**9


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events with the time of their point, and where the next page begins: after ``skip`` points at ``at_ns``."""

    events: tuple[tuple[Event, int], ...]
    at_ns: int
    skip: int
    last: bool


class InfluxQuery:
    """Reads the ``event`` points of one site in the order of time, page by page."""

    def __init__(self, settings: InfluxSettings, site: str) -> None:
        self._settings = settings
        self._of_3_core = False  # known from its first answer
        self._span_ns = _END_NS - FIRST_NS
        self._site = site.replace("\\", "\\\\").replace("'", "\\'")
        self._http = InfluxHttp(settings)

    def read(self, at_ns: int, skip: int, limit: int) -> EventPage:
        """Return the next ``limit`` points at and after ``at_ns``, without the first ``skip``; raises Unavailable.

        A page that is not the last can hold fewer.
        """
        names = ", ".join((*(f'"{name}"::field' for name in _COLUMNS), *(f'"{name}"::tag' for name in _TAGS)))
        while True:
            order = f" ORDER BY time LIMIT {limit} OFFSET {skip}"
            try:
                answer, until_ns = self._ask(names, at_ns, 1 + len(_COLUMNS) + len(_TAGS), order)
                break
            except TooMuch:
                if limit == 1:
                    raise
            limit //= 2
        rows = answer.rows
        events = tuple((event, row[0]) for row in rows if (event := _event(row)) is not None)
        if len(rows) < limit and not (answer.partial and rows):
            self._span_ns *= 2
            return EventPage(events, until_ns, 0, last=until_ns == _END_NS)
        last_ns = rows[-1][0]
        read = sum(row[0] == last_ns for row in rows) + (skip if last_ns == at_ns else 0)
        return EventPage(events, last_ns, read, last=False)

    def count(self) -> int:
        """Return the number of points to read; raises Unavailable."""
        found, at_ns = 0, FIRST_NS
        while at_ns < _END_NS:
            answer, at_ns = self._ask('count("id")', at_ns, 2)
            self._span_ns *= 2
            found += sum(count for _, count in answer.rows if isinstance(count, int))
        return found

    def _ask(self, what: str, at_ns: int, width: int, order: str = "") -> tuple[QueryAnswer, int]:
        """Return the rows from ``at_ns`` on, and until when: as far as the server answers in one query."""
        while True:
            until_ns = min(at_ns + self._span_ns, _END_NS)
            when = f"time >= {at_ns}" if until_ns == _END_NS else f"time >= {at_ns} AND time < {until_ns}"
            text = f'SELECT {what} FROM "event" WHERE "site" = \'{self._site}\' AND {when}{order}'  # noqa: S608 - no input
            try:
                return self._query(text, width), until_ns
            except Unavailable as error:
                if _TOO_MANY not in str(error) or until_ns - at_ns <= _SHORTEST_NS:
                    raise
            self._span_ns = max((until_ns - at_ns) // 2, _SHORTEST_NS)

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
        self._http.close()

    def _query(self, text: str, width: int) -> QueryAnswer:
        where = self._settings.url
        query = {**self._place(), "q": text, "epoch": "ns"}
        answer = self._http.request("GET", "/query", query)
        if OF_3_CORE in answer.headers and not self._of_3_core:
            self._of_3_core = True
            if "rp" in query:
                return self._query(text, width)
        if answer.status == 404 and b"not found" in answer.data:
            return QueryAnswer()
        if not 200 <= answer.status < 300:
            check_answer(503 if answer.status in (400, 413, 422) else answer.status, answer.data, answer.headers, where)
        return _read(answer.data, width, where)

    def _place(self) -> dict[str, str]:
        if self._settings.api == "v1" or self._of_3_core:
            return {"db": self._settings.place or ""}
        database, _, policy = (self._settings.bucket or "").partition("/")
        return {"db": database, "rp": policy} if policy else {"db": database}


def _read(body: bytes, width: int, where: str) -> QueryAnswer:
    try:
        answer = read_query_answer(body, width)
    except QueryAnswerError as error:
        raise Unavailable(f"{where}/query does not answer as InfluxDB does ({error}); check url") from error
    if answer.error and "not found" not in answer.error:
        raise Unavailable(f"{where} cannot return the events: {answer.error}")
    return answer


def _event(row: Sequence[Any]) -> Event | None:
    time_ns, *values = row
    return point_to_event(dict(zip((*_COLUMNS, *_TAGS), values, strict=True)), time_ns)
