"""The ACL, asked by clients of a real broker, against a table written by hand: who may publish and who may read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.kinds import KINDS
from shared.topics import Topics
from tests.conftest import Require
from tests.support.containers.broker import client, mosquitto

pytestmark = pytest.mark.mosquitto

ATTIC, NAS = "sensor_reader-attic", "host_agent-nas"  # a further reader and a further agent
SUITE = ("sensor_reader", "event_processor", "counter_store", "alerter", "host_agent", "gateway")
CONTROL, LAST_WORD = "climate_controller", "climate_supervisor"
SERVICES = (*SUITE, CONTROL, LAST_WORD, ATTIC, NAS)
NODE_RED = "node_red"  # a user that is no service
NOT_YET = ("mosquitto",)  # the health check: no rights at all
HOME = "home_assistant"  # nor is this one a service
USERS = (*SERVICES, "operator", NODE_RED, HOME, *NOT_YET)
EVENTS = "event_processor"
READERS = f"sensor_reader {ATTIC}"
AGENTS = f"host_agent {NAS}"
SPEAKERS = f"{EVENTS} alerter operator"  # who may command anything
EVERYBODY = " ".join(SERVICES)

# topic below the site                     who may publish                    who may read (the operator reads all)
WHO: dict[str, tuple[str, str]] = {
    "raw/ups":                             (READERS,                          ""),
    "ingest/node_red":                     (f"operator {NODE_RED}",           EVENTS),
    "ingest/alerter":                      ("operator alerter",               EVENTS),
    "ingest/gateway":                      ("operator gateway",               EVENTS),
    "offer/device/action/success":         (f"{CONTROL} {LAST_WORD}",          ""),
    "event/power/AC_POWER_LOSS":           (EVENTS,                            f"gateway {HOME}"),
    "event/sensor/threshold/exceeded":     (EVENTS,                            f"gateway {HOME}"),
    "state/ups":                           (EVENTS, f"{AGENTS} {CONTROL} {LAST_WORD} gateway {HOME}"),
    "sample/ups":                          (EVENTS,                           ""),
    "incident/power_outage/ups":           (EVENTS,                            "gateway"),
    "trigger/critical_battery_alert":      (EVENTS,                           HOME),
    "maintenance/ups":                     (EVENTS,                            "counter_store gateway"),
    "counter/AC_POWER_LOSS":               ("counter_store",                   f"gateway {HOME}"),
    "counter/sensor/temperature":          ("counter_store",                   f"gateway {HOME}"),
    "health":                              ("counter_store",                   f"gateway {HOME}"),
    "report/daily":                        ("counter_store",                   "gateway"),
    "alert/hourly_rate/BATTERY_LOW":       ("alerter", f"counter_store {AGENTS} {LAST_WORD} gateway {HOME}"),
    "demand/tent":                         (CONTROL,                          LAST_WORD),
    "actuator/heater":                     (LAST_WORD,                        CONTROL),
    "command/climate_supervisor/emergency_stop": (SPEAKERS,                   LAST_WORD),
    "command/climate_controller/mode":     (f"{SPEAKERS} {HOME}",              CONTROL),
    "command/climate_controller/target":   (f"{SPEAKERS} {HOME}",              CONTROL),
    "command/climate_controller/levels":   (SPEAKERS,                          CONTROL),
    "notice/phone":                        ("alerter",                        ""),
    "command/host/shutdown":               (f"{SPEAKERS} host_agent",         "host_agent"),
    "command/host-nas/shutdown":           (f"{SPEAKERS} host_agent",         NAS),
    "command/host-nas/cancel":             (SPEAKERS,                         NAS),
    "command/sensor_reader/cut_power":     (f"{SPEAKERS} host_agent",         "sensor_reader"),
    "command/sensor_reader-attic/cut_power": (f"{SPEAKERS} host_agent",       ATTIC),
    "command/fan/on":                      (SPEAKERS,                         ""),
    "command/sensor_reader/rescan":        (SPEAKERS,                         "sensor_reader"),
    "command/alerter/ack":                 (f"{SPEAKERS} gateway {HOME}",      "alerter"),
    "command/alerter/silence":             (f"{SPEAKERS} gateway {HOME}",      "alerter"),
    "command/alerter/reset_stop":          (f"{SPEAKERS} gateway",             "alerter"),
    "result/host/shutdown":                ("host_agent",                      f"{AGENTS} gateway"),
    "result/host-nas/shutdown":            (NAS,                               f"{AGENTS} gateway"),
    "result/sensor_reader/rescan":         ("sensor_reader",                   f"{AGENTS} gateway"),
    "request/counter_store/history":       ("operator gateway",                "counter_store"),
    "request/host_agent/plan":             ("operator gateway",                "host_agent"),
    "request/sensor_reader-attic/scan":    ("operator gateway",                ATTIC),
    "response/counter_store/history":      ("counter_store",                   "gateway"),
    "response/alerter/silence":            ("alerter",                         "gateway"),
    "response/alerter/silence/mine":       ("alerter",                         "gateway"),
    "status/sensor_reader":                ("sensor_reader",                  f"{EVERYBODY} {HOME}"),
    "status/sensor_reader-attic":          (ATTIC,                            f"{EVERYBODY} {HOME}"),
    "status/gateway":                      ("gateway",                         f"{EVERYBODY} {HOME}"),
    "deadletter/event_processor":          (EVENTS,                           "gateway"),
    "deadletter/host_agent":               ("host_agent",                     "gateway"),
    "deadletter/gateway":                  ("gateway",                        "gateway"),
    "wire/sensor_reader/stream/raw":       ("sensor_reader",                  f"{EVENTS} counter_store"),
    "wire/sensor_reader-attic/stream/raw": (ATTIC,                            f"{EVENTS} counter_store"),
    "wire/climate_controller/stream/offer": (CONTROL,                         EVENTS),
    "wire/climate_supervisor/stream/offer": (LAST_WORD,                       EVENTS),
    "wire/event_processor/checkpoint/climate_supervisor": (EVENTS,            LAST_WORD),
    "wire/climate_supervisor/resend/event_processor": (LAST_WORD,             EVENTS),
    "wire/sensor_reader/stream/event":     ("",                               "counter_store alerter"),
    "wire/event_processor/stream/event":   (EVENTS,                           "counter_store alerter"),
    "wire/event_processor/stream/sample":  (EVENTS,                           "alerter"),
    "wire/alerter/stream/raw":             ("",                               f"{EVENTS} counter_store"),
    "wire/event_processor/checkpoint/sensor_reader": (EVENTS,                 "sensor_reader"),
    "wire/event_processor/checkpoint/sensor_reader-attic": (EVENTS,           ATTIC),
    "wire/alerter/checkpoint/event_processor": ("alerter",                    EVENTS),
    "wire/sensor_reader/checkpoint/event_processor": ("",                     EVENTS),
    "wire/node_red/checkpoint/event_processor": ("",                          EVENTS),
    "wire/sensor_reader/resend/counter_store": ("sensor_reader",              "counter_store"),
    "wire/sensor_reader-attic/resend/counter_store": (ATTIC,                  "counter_store"),
    "wire/event_processor/resend/alerter": (EVENTS,                           "alerter"),
    "wire/alerter/resend/event_processor": ("",                               EVENTS),
    "nonsense":                            ("",                               ""),
}  # fmt: skip
BEYOND: dict[str, tuple[str, str]] = {  # outside of the suite's own topics
    "sim/heater/set":                               (LAST_WORD,         READERS),  # a simulated room is its reader's
    "sim/heater/state":                             (READERS,           LAST_WORD),
    "homeassistant/device/upskeep_home_ups/config": (f"gateway {HOME}", f"gateway {HOME}"),
    "homeassistant/status":                         (HOME,              f"gateway {LAST_WORD} {HOME}"),  # ESPHome's
    "homeassistant/sensor/x/config":                (HOME,              HOME),
}  # fmt: skip
SEE_ALL = ("operator",)
SITES = ("upskeep/v1/home", "upskeep/v1/cabin")
ACTUATORS = ("cmnd/plug/POWER", "shelly1/rpc", "zigbee2mqtt/plug/set", "tent/switch/pump/command", "sim/heater/set")
FOREIGN = ("upskeep/v2/home/raw/ups", "raw/ups", "upskeep/v1", "upskeep")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Iterator[int]:
    """A broker with the repo's configuration; its users have the password ``{user}-pw``."""
    require.program("mosquitto_passwd")
    with mosquitto(require.program("mosquitto"), tmp_path_factory.mktemp("broker"), USERS) as running:
        yield running


def allowed(column: int, user: str) -> set[str]:
    """What WHO allows ``user``: column 0 to publish, 1 to read."""
    everything = column == 1 and user in SEE_ALL
    topics = [topic for topic, who in WHO.items() if everything or user in who[column].split()]
    beyond = {topic for topic, who in BEYOND.items() if user in who[column].split()}
    return {f"{site}/{topic}" for site in SITES for topic in topics} | beyond


ALL_TOPICS = [*(f"{site}/{topic}" for site in SITES for topic in WHO), *BEYOND, *FOREIGN]


@pytest.mark.parametrize("user", USERS)
def test_each_user_may_publish_its_own_topics_and_no_others(port: int, user: str) -> None:
    """The broker answers Not authorized to everything the table does not name."""
    with client(port, user) as plain:
        assert allowed(0, user) == plain.publishable(ALL_TOPICS)


@pytest.mark.parametrize("user", USERS)
def test_the_supervisor_alone_may_command_actuators(port: int, user: str) -> None:
    """On the topics of the shipped templates; not even the controller or an operator may."""
    with client(port, user) as plain:
        assert (set(ACTUATORS) if user == LAST_WORD else set()) == plain.publishable([*ACTUATORS])


@pytest.mark.parametrize("user", USERS)
def test_each_user_reads_its_own_topics_and_no_others(port: int, user: str) -> None:
    """Subscribed to everything, a user gets only what the table names."""
    with client(port, user) as reader, client(port, "tester") as tester:
        reader.subscribe("#")
        end = f"end/{user}"
        assert {*ALL_TOPICS, end} == tester.publishable([*ALL_TOPICS, end])
        reader.spin(lambda: end in reader.received, "the last message")
    seen = set(reader.received) - {end}
    expected = allowed(1, user) | ({"upskeep/v1"} if user in SEE_ALL else set())  # a/# matches a
    assert expected == seen


@pytest.mark.parametrize(("user", "password"), [(None, None), ("operator", "wrong"), ("operator", ""), ("nobody", "x")])
def test_a_client_without_a_users_password_is_refused(port: int, user: str | None, password: str | None) -> None:
    """Anonymous, wrong password, no password, unknown user."""
    with client(port, user, password) as plain:
        assert plain.refused == "Not authorized"


def test_the_table_names_every_kind_of_topic() -> None:
    """A new kind of topic needs a row here and a line in the ACL."""
    outside = ("nonsense", "response/alerter/silence/mine")
    rows = {topic: Topics().parse(f"upskeep/v1/home/{topic}")[0] for topic in WHO if topic not in outside}
    assert set(KINDS) == set(rows.values())
