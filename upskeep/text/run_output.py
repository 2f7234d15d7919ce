"""What ``upskeep run`` prints, on a terminal, into a file or into systemd's journal, which takes priorities."""

from __future__ import annotations

import logging
import os
from dataclasses import replace

from rich.text import Text

from shared.journal import STDOUT, is_journal, marked
from shared.messages import Alert, AlertState, Event, Message
from upskeep.text.message_text import LineStyle, console, line, news, print_whole


class RunOutput:
    """The lines of a run. ``silent``: all that is printed comes at the end."""

    def __init__(self, style: LineStyle, silent: bool = False) -> None:
        self._silent = silent
        self._journal = not silent and is_journal(os.environ, STDOUT)
        self._out = console(stderr=silent)
        self._style = replace(style, width=self._out.width if self._out.is_terminal else None)

    def say(self, text: str, loud: bool = False) -> None:
        """Print a line of the runner's own; ``loud`` is what must not be overlooked."""
        if self._journal:
            self._mark(text, logging.WARNING if loud else logging.INFO)
        elif not self._silent:
            print_whole(self._out, Text(f"upskeep  {text}", style="bold yellow" if loud else "dim"))

    def show(self, message: Message) -> None:
        """Print an event or an alert, if it is news."""
        if self._silent or not news(message) or (text := line(message, self._style)) is None:
            return
        if self._journal:
            self._mark(text.plain, level_of(message))
        else:
            print_whole(self._out, text)

    def _mark(self, text: str, level: int) -> None:
        print_whole(self._out, Text(marked(text, level)))


def level_of(message: Message) -> int:
    """Return an event's or alert's severity as a level of ``logging``; an alert that is over is information."""
    if isinstance(message, Event) or (isinstance(message, Alert) and message.state is not AlertState.RESOLVED):
        return logging.getLevelNamesMapping()[message.severity.value.upper()]
    return logging.INFO
