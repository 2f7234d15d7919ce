"""How long a battery lasts with its usual load."""

from services.event_processor.core.forecast.daily_load import SPANS, lasts_s


def test_an_empty_battery_lasts_no_time_where_there_is_no_load():
    """Spans without a load, and nothing left: the division by that load ended the processor."""
    loads = (0.0,) * (SPANS - 1) + (2.0,)

    assert 0.0 == lasts_s(loads, 0.0, 0.0)
    assert 11 * 7200 + 1800 == lasts_s(loads, 0.0, 1.0)
