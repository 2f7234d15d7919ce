"""A log's format that foreign text cannot forge lines in."""

from __future__ import annotations

import logging

from shared.safe_text import safe_lines


class SafeFormatter(logging.Formatter):
    """A log's format in which no record passes for two: further lines of its message are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the entry, without its traceback."""
        record.message = safe_lines(record.message).replace("\n", "\n    ")
        return super().formatMessage(record)
