"""The registry of message kinds and the table of services agree with each other, the models and the services."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from shared import actuation, health, incidents, messages, notices, report, requests
from shared.delivery.route import route_of
from shared.kinds import ANYONE, BY_MODEL, EVERY_SERVICE, KINDS, Kind
from shared.messages import Message, Sequenced
from shared.services import SERVICES, service_row, suite_of, target_of

ROOT = Path(__file__).parents[2]
MODULES = (messages, actuation, health, incidents, notices, report, requests)
PARTS = {"Message", "Sequenced", "ReadError", "StreamEnds", "Mark", "Resent", "Continued"} | {
    "HealthFactor",
    "CategoryCount",
    "DemandedLevel",
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_levels_of_a_kind_are_fields_of_its_model(kind: Kind) -> None:
    """All but the offer's producer: an offer does not say who makes it, its topic does."""
    fields = set(kind.model.model_fields) | ({"producer"} if kind.name == "ingest" else set()) if kind.model else set()
    assert kind.model is None or {level.rstrip("*") for level in kind.levels} <= fields


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_sequenced_kind_is_one_whose_model_has_an_envelope(kind: Kind) -> None:
    """And a sequenced kind is never retained."""
    assert kind.model is None or kind.sequenced == issubclass(kind.model, Sequenced)
    assert not (kind.sequenced and kind.retained)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_names_services_that_are_in_the_table(kind: Kind) -> None:
    """A producer, a consumer or a follower that does not exist would wait or be waited for in vain."""
    assert set() == {*kind.producers, *kind.consumers, *kind.followers} - set(ANYONE)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_speaker_and_addressee_are_levels_of_the_topic(kind: Kind) -> None:
    """The broker binds them to its users, so they must be there."""
    assert {kind.speaker, kind.addressee} - {""} <= set(kind.levels)


def test_the_first_level_of_the_wire_is_its_speaker() -> None:
    """One line of the ACL binds it."""
    wire = [kind for kind in KINDS.values() if kind.steps[0] == "wire"]
    assert ["stream", "checkpoint", "resend"] == [kind.name for kind in wire]
    assert all(kind.steps[1] == f"{{{kind.speaker}}}" for kind in wire)


def test_every_model_is_a_kind_or_a_part_of_one() -> None:
    """A model that is published has its row."""
    models = {item for module in MODULES for item in vars(module).values() if isinstance(item, type)}
    published = {model for model in models if issubclass(model, Message)} - set(BY_MODEL)
    assert PARTS == {model.__name__ for model in published}


def test_every_service_has_its_folder_and_every_program_its_row() -> None:
    """A service is a folder with a ``__main__``."""
    assert sorted(EVERY_SERVICE) == sorted(path.parent.name for path in (ROOT / "services").glob("*/__main__.py"))


@pytest.mark.parametrize("name", EVERY_SERVICE)
def test_a_service_takes_its_route_from_the_registry(name: str) -> None:
    """No application names what it consumes, or whom it waits for."""
    assert route_of(name) == importlib.import_module(f"services.{name}.app").SERVICE.route


def test_what_feeds_others_comes_before_them() -> None:
    """The order of the table is the order in which services start and stop."""
    order = [row.name for row in SERVICES]
    for kind in KINDS.values():
        if kind.sequenced and len(kind.producers) == 1 and kind.name not in ("command", "result"):
            assert all(order.index(kind.producers[0]) < order.index(consumer) for consumer in kind.consumers)


def test_a_further_reader_or_agent_has_a_name_of_its_own() -> None:
    """And the rights of its kind; a service that runs once has no such names."""
    assert ("sensor_reader", "host_agent") == tuple(row.name for row in SERVICES if row.several)
    assert KINDS["raw"].spoken_by("sensor_reader-attic")
    assert not KINDS["raw"].spoken_by("alerter")
    assert not KINDS["event"].spoken_by("event_processor-attic")
    assert ("host-nas", "sensor_reader-attic") == (target_of("host_agent-nas"), target_of("sensor_reader-attic"))
    with pytest.raises(KeyError):
        service_row("nobody")


def test_an_optional_service_runs_where_a_file_enables_it() -> None:
    """The others always do. The gateway is enabled as shipped."""
    assert ("sensor_reader", "event_processor", "counter_store", "alerter") == suite_of()
    assert (*suite_of(), "host_agent", "climate_controller", "climate_supervisor", "uplink", "gateway") == suite_of(
        optional=True
    )
