"""Paths that are no good as what is asked for; each is made below ``at``."""

from __future__ import annotations

from pathlib import Path


def folder(at: Path) -> Path:
    (at / "folder").mkdir()
    return at / "folder"


def binary(at: Path) -> Path:
    (at / "binary").write_bytes(b"\xff\x00 no text")
    return at / "binary"


def upwards(at: Path) -> Path:
    return at / "../../../../../../../../../../../../proc/no/such"


def too_long(at: Path) -> Path:
    return at / ("x" * 5000)


def link_to_nothing(at: Path) -> Path:
    (at / "dangling").symlink_to(at / "no" / "such")
    return at / "dangling"


def link_to_itself(at: Path) -> Path:
    (at / "loop").symlink_to(at / "loop")
    return at / "loop"


def here(_: Path) -> Path:
    return Path()
