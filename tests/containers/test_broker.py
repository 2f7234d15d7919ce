"""The broker's container: passwords of its own making, and a start that survives what a power cut leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.containers.broker import client
from tests.support.containers.stack import Stack, run, stack

pytestmark = pytest.mark.containers

RETAINED = "upskeep/v1/home/ingest/kept"
STORE = "/mosquitto/data/mosquitto.db"


@pytest.fixture(scope="module")
def broker(engine: None) -> Iterator[Stack]:
    """The broker alone, healthy."""
    with stack("broker") as project:
        project.up("mosquitto")
        yield project


def retained(broker: Stack) -> list[str]:
    """Return the retained topics under ingest/, marked with a last one of this call."""
    with client(broker.mqtt_port, "operator", broker.operator_password()) as operator:
        operator.subscribe("upskeep/v1/home/ingest/#")
        operator.publishable(["upskeep/v1/home/ingest/end"])
        operator.spin(lambda: "upskeep/v1/home/ingest/end" in operator.received, "the last message")
        return operator.received[:-1]


def keep_one(broker: Stack) -> None:
    """Leave one retained message in the broker."""
    with client(broker.mqtt_port, "operator", broker.operator_password()) as operator:
        operator.client.publish(RETAINED, b"{}", qos=1, retain=True)
        operator.publishable(["upskeep/v1/home/ingest/end"])


def spoil(broker: Stack, command: str) -> None:
    """Stop the broker, so that it saves its store, do ``command`` to the store, and start it again."""
    broker.compose("stop", "mosquitto")
    volume = f"{broker.name}_mosquitto_data:/mosquitto/data"
    run("docker", "run", "--rm", "--user", "1883:1883", "-v", volume, "--entrypoint", "sh",
        "eclipse-mosquitto:2.0.21", "-c", f"set -e; test -s {STORE}; {command}")  # fmt: skip
    broker.up("mosquitto")


def aside(broker: Stack) -> list[str]:
    """Return the names of the stores that were moved aside."""
    names = broker.exec("mosquitto", "ls", "/mosquitto/data").split()
    return [name for name in names if name.startswith("mosquitto.db.unreadable-")]


def test_a_good_store_is_kept_over_a_restart(broker: Stack) -> None:
    """Retained messages are still there, and nothing is moved aside."""
    before = aside(broker)
    keep_one(broker)
    spoil(broker, "true")
    assert retained(broker) == [RETAINED]
    assert before == aside(broker)


@pytest.mark.parametrize(
    "damage",
    [
        f'size=$(wc -c <{STORE}); head -c "$size" /dev/zero >{STORE}.x; mv {STORE}.x {STORE}',
        f"size=$(wc -c <{STORE}); head -c $((size - 3)) {STORE} >{STORE}.x; mv {STORE}.x {STORE}",
        f"head -c 5000 /dev/urandom >{STORE}",
        f": >{STORE}",
    ],
    ids=["all_nul", "cut_short", "noise", "empty"],
)
def test_the_broker_starts_on_a_store_it_cannot_read(broker: Stack, damage: str) -> None:
    """It is healthy and takes messages, whatever the store looks like."""
    keep_one(broker)
    spoil(broker, damage)
    keep_one(broker)
    assert retained(broker) == [RETAINED]


def test_an_unreadable_store_is_moved_aside_and_named_in_the_log(broker: Stack) -> None:
    """Nothing is deleted: the operator finds the old store and the reason."""
    keep_one(broker)
    spoil(broker, f"rm -f {STORE}.unreadable-*; head -c 999 /dev/zero >{STORE}")
    (name,) = aside(broker)
    assert broker.exec("mosquitto", "stat", "-c", "%s", f"/mosquitto/data/{name}").strip() == "999"
    said = broker.logs("mosquitto")
    assert f"{STORE} cannot be read (" in said
    assert f"moved to /mosquitto/data/{name}" in said


def test_three_unreadable_stores_are_kept_at_most(broker: Stack) -> None:
    """A disk that spoils every store does not fill up with them."""
    keep_one(broker)
    older = " ".join(f"{STORE}.unreadable-2026010{day}T000000Z" for day in range(1, 6))
    spoil(broker, f"rm -f {STORE}.unreadable-*; touch -d 2026-01-01 {older}; head -c 999 /dev/zero >{STORE}")
    assert len(aside(broker)) == 3


def test_passwords_are_made_once(broker: Stack) -> None:
    """A second start changes none."""
    before = broker.operator_password()
    broker.up("mosquitto")
    assert len(before) == 32
    assert before == broker.operator_password()


@pytest.mark.parametrize(("user", "password"), [(None, None), ("operator", "wrong"), ("gateway", ""), ("nobody", "x")])
def test_a_client_without_a_users_password_is_refused(broker: Stack, user: str | None, password: str | None) -> None:
    """Anonymous, a wrong password, a user who has none yet, an unknown user."""
    with client(broker.mqtt_port, user, password) as plain:
        assert plain.refused == "Not authorized"


def test_the_broker_is_not_root_and_has_no_capability(broker: Stack) -> None:
    """Not even at its start."""
    status = broker.exec("mosquitto", "sh", "-c", "cat /proc/$(pidof mosquitto)/status")
    facts = dict(line.split(":", 1) for line in status.splitlines())
    assert facts["Uid"].split() == ["1883"] * 4
    assert int(facts["CapEff"], 16) == 0


def test_the_broker_warns_of_nothing(broker: Stack) -> None:
    """Its configuration, ACL and password file are as Mosquitto wants them."""
    broker.compose("up", "-d", "--force-recreate", "--wait", "mosquitto")
    said = broker.logs("mosquitto").splitlines()
    assert [line for line in said if "Warning" in line or "Error" in line] == []
