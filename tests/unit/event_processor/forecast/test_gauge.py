"""A gauge is doubted while it jumps, and where it contradicts the estimate; else it is believed."""

from __future__ import annotations

from services.event_processor.core.forecast.gauge import JUMP_LASTS_S, Gauge, after, doubt


def test_a_gauge_that_follows_the_flow_is_believed() -> None:
    """However far it moves, as long as as much has flowed."""
    gauge = after(Gauge(0.9), 0.7, flowed=-0.19, elapsed_s=60)

    assert 0 == gauge.doubt_s
    assert doubt(gauge, 0.72, 0.03, 0.1) is None


def test_a_jump_is_doubted_for_a_while() -> None:
    """22 % within five seconds; after ten minutes of quiet it is believed again."""
    jumped = after(Gauge(0.79), 0.57, flowed=0.0, elapsed_s=5)
    later = after(jumped, 0.57, flowed=0.0, elapsed_s=JUMP_LASTS_S)

    assert "it jumped by -22 %" == doubt(jumped, 0.57, 0.03, 0.1)
    assert doubt(later, 0.57, 0.03, 0.1) is None


def test_a_change_over_a_silence_is_no_jump() -> None:
    """Nobody knows what happened meanwhile."""
    assert 0 == after(Gauge(0.9), 0.4, flowed=0.0, elapsed_s=3600).doubt_s


def test_a_contradiction_is_doubted() -> None:
    """Far beyond what both may err."""
    assert "it is 60 % above the estimate" == doubt(Gauge(1.0), 0.4, 0.05, 0.1)
    assert doubt(Gauge(0.6), 0.4, 0.05, 0.1) is None
