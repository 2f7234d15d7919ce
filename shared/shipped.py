"""Where what comes with the code lies: beside ``shared``, in a checkout, an image and a wheel alike."""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).parents[1]
SHIPPED_CONFIG = HOME / "config"
SHIPPED_UNITS = HOME / "deploy"
