"""What a BME280's raw numbers mean, in whole numbers as the maker prescribes (datasheet 4.2.3; pressure in 64 bits).

Shifts round towards minus infinity, as C's do on every machine the maker has in mind. Numbers cannot overflow here; a
trimming with which they would in C is none that leaves the factory.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trim:
    """The numbers burnt into one chip: dig_T1 to T3, dig_P1 to P9, dig_H1 to H6 (4.2.2, Table 16)."""

    t: tuple[int, ...]
    p: tuple[int, ...]
    h: tuple[int, ...]


def fine(trim: Trim, raw: int) -> int:
    """Return t_fine, the temperature in 1/5120 °C, on which the other two depend."""
    t1, t2, t3 = trim.t
    first = (((raw >> 3) - (t1 << 1)) * t2) >> 11
    off = (raw >> 4) - t1
    return first + ((((off * off) >> 12) * t3) >> 14)


def temperature(t_fine: int) -> float:
    """Return °C, in hundredths."""
    return ((t_fine * 5 + 128) >> 8) / 100


def pressure(trim: Trim, t_fine: int, raw: int) -> float:
    """Return hPa, in 1/25600; 0 where the trimming makes no sense, as the maker does."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = trim.p
    off = t_fine - 128000
    square = off * off
    second = square * p6 + ((off * p5) << 17) + (p4 << 35)
    first = ((square * p3) >> 8) + ((off * p2) << 12)
    first = (((1 << 47) + first) * p1) >> 33
    if first == 0:
        return 0.0
    pascals = _towards_zero((((1048576 - raw) << 31) - second) * 3125, first)
    curve = (p9 * (pascals >> 13) * (pascals >> 13)) >> 25
    slope = (p8 * pascals) >> 19
    return (((pascals + curve + slope) >> 8) + (p7 << 4)) / 25600


def humidity(trim: Trim, t_fine: int, raw: int) -> float:
    """Return %, in 1/1024, held to 0…100."""
    h1, h2, h3, h4, h5, h6 = trim.h
    off = t_fine - 76800
    left = ((raw << 14) - (h4 << 20) - h5 * off + 16384) >> 15
    right = ((off * h6) >> 10) * (((off * h3) >> 11) + 32768)
    right = ((((right >> 10) + 2097152) * h2) + 8192) >> 14
    percent = left * right
    percent -= ((((percent >> 15) * (percent >> 15)) >> 7) * h1) >> 4
    return (min(max(percent, 0), 419430400) >> 12) / 1024


def _towards_zero(dividend: int, divisor: int) -> int:
    """Divide as C does."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient
