"""Type names and MQTT filters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub
from pydantic import TypeAdapter, ValidationError

from services.event_processor.core.catalogue.type_filters import TypeFilter, chosen, matches
from tests.support.scenarios import SHIPPED

LEVELS = st.lists(st.sampled_from("ab"), min_size=1, max_size=4)
FILTERS = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=4).flatmap(
    lambda levels: st.sampled_from([levels, [*levels, "#"]])
)


@settings(deadline=None)
@given(FILTERS, LEVELS)
def test_a_filter_takes_what_a_broker_would_deliver(levels: list[str], topic: list[str]):
    """Held against paho's own matcher; it lacks only that a/# takes a."""
    wanted, name = "/".join(levels), "/".join(topic)
    parent = wanted.endswith("/#") and topic_matches_sub(wanted[:-2], name)

    assert (topic_matches_sub(wanted, name) or parent) == matches(wanted, name)


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ("AC_POWER_LOSS", {"AC_POWER_LOSS"}, {"AC_POWER_RESTORED"}),
        ("sensor/+", {"sensor.temperature", "sensor.vpd"}, {"sensor.threshold.exceeded"}),
        ("sensor/#", {"sensor.temperature", "sensor.threshold.exceeded"}, {"device.error"}),
        ("device.error", {"device.error"}, {"device.state.changed"}),
        ("device/action/+", {"device.action.failed"}, {"device.error"}),
        ("#", {"AC_POWER_LOSS", "sensor.vpd"}, set()),
    ],
)
def test_a_filter_means_these_types_and_not_those(text: str, some: set[str], none: set[str]):
    """As their topics stand."""
    found = chosen([text], SHIPPED.catalogue)

    assert (some, set()) == (some & found, none & found)


@pytest.mark.parametrize("text", ["", "a b", "a//b", "#/a", "a/#/b", "a+", "ä"])
def test_what_is_neither_a_name_nor_a_filter_is_refused(text: str):
    """When the file is read."""
    with pytest.raises(ValidationError):
        TypeAdapter(TypeFilter).validate_python(text)
