"""Whether to believe a gauge chip's own percentage: not after a jump, nor where it contradicts the estimate.

Rules:
1. A change of ``JUMP`` or more within ``JUMP_WITHIN_S`` that no flow explains is a jump. The gauge is doubted for
   ``JUMP_LASTS_S`` after it, and corrects nothing in that time.
2. A percentage that differs from the estimate by more than ``FAR`` beyond both errors contradicts it.
"""

from __future__ import annotations

from typing import NamedTuple

JUMP, JUMP_WITHIN_S, JUMP_LASTS_S = 0.08, 120.0, 600.0
FAR = 0.15


class Gauge(NamedTuple):
    """The last share shown (0 to 1), and how long a jump still puts the gauge in doubt."""

    share: float
    doubt_s: float = 0.0
    jump: float = 0.0  # the last jump, as a share


def after(gauge: Gauge | None, share: float, flowed: float, elapsed_s: float) -> Gauge:
    """Return the state after the gauge has shown ``share``; ``flowed``: the amount since the last, as a share."""
    if gauge is None:
        return Gauge(share)
    jump = share - gauge.share - flowed
    if abs(jump) >= JUMP and elapsed_s <= JUMP_WITHIN_S:
        return Gauge(share, JUMP_LASTS_S, jump)
    return Gauge(share, max(gauge.doubt_s - elapsed_s, 0.0), gauge.jump)


def doubt(gauge: Gauge, estimate: float, estimate_error: float, gauge_error: float) -> str | None:
    """Return why the gauge is doubted, for a person; None while it is not."""
    if gauge.doubt_s > 0:
        return f"it jumped by {100 * gauge.jump:+.0f} %"
    off = gauge.share - estimate
    if abs(off) > FAR + 1.645 * (estimate_error**2 + gauge_error**2) ** 0.5:
        return f"it is {abs(100 * off):.0f} % {'above' if off > 0 else 'below'} the estimate"
    return None
