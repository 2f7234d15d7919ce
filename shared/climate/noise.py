"""Noise that depends on nothing but its arguments: the same seed, step and channel always give the same number."""

from __future__ import annotations


def uniform(step: int, channel: int, seed: int = 0) -> float:
    """Return a number from -1 to 1 (a 32-bit integer hash)."""
    mixed = (step * 0x9E3779B1 + channel * 0x85EBCA77 + seed * 0xC2B2AE3D + 0x1B873593) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 16)) / 0x7FFFFFFF - 1.0


def normal(step: int, channel: int, seed: int = 0) -> float:
    """Return a number of variance 1 and mean 0, at most 3 either way (a sum of three)."""
    return sum(uniform(step, channel + 101 * part, seed) for part in (1, 2, 3))


def wandering(at_s: float, channel: int, seed: int, every_s: float) -> float:
    """Return a slow noise from -1 to 1 that turns once in ``every_s`` or so."""
    step, part = divmod(at_s / every_s, 1.0)
    before, after = uniform(int(step), channel, seed), uniform(int(step) + 1, channel, seed)
    return before + (after - before) * part * part * (3 - 2 * part)
