"""The keys to the door."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the door; empty where nothing is set. ``hosts``: names by which a browser may ask without a login."""

    password: str = ""
    token: str = ""
    hosts: tuple[str, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether one must log in."""
        return bool(self.password or self.token)
