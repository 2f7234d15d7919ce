"""A PostgreSQL, started once, beside the Kafka of all tests; each test has a topic and a database of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.conftest import Require
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres, programs


@pytest.fixture(scope="session")
def postgres(require: Require) -> Iterator[Postgres]:
    """A running server."""
    found = programs()
    require.that(found, "PostgreSQL is not installed here")
    assert found is not None
    server = Postgres(found)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The URL of a fresh database."""
    return postgres.make(f"fleet_{secrets.token_hex(4)}")


@pytest.fixture
def topic(kafka: Kafka) -> str:
    """A fresh topic of six partitions."""
    name = f"site.{secrets.token_hex(4)}"
    kafka.make_topic(name, 6)
    return name
