"""Passwords by file, read at every use: one that is changed needs no restart."""

from __future__ import annotations

from pathlib import Path

from shared.small_file import read_small

MOST_BYTES = 1024


class PasswordFileError(ValueError):
    """A password's file cannot be used. The text names the file and the remedy, never the content."""


def password_in(path: Path) -> str:
    """Return the one line in a file; raises PasswordFileError."""
    try:
        text = read_small(path).decode()
    except OSError as error:
        raise PasswordFileError(
            f"{path} cannot be read ({error.strerror}); make it, readable for the gateway"
        ) from None
    except UnicodeDecodeError:
        raise PasswordFileError(f"{path} is no text; it must hold the password in one line") from None
    lines = text.splitlines()
    if len(lines) != 1 or not lines[0] or len(text) > MOST_BYTES:
        raise PasswordFileError(f"{path} must hold the password and nothing else, in one line")
    return lines[0]
