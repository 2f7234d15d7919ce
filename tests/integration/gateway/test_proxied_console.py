"""The console behind a proxy that shows it at a path of its own, with a real counter_store of 100,000 events.

Nothing that a browser loads may lie elsewhere, so this is the test that it works offline, too.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.suite import SuiteSettings
from tests.conftest import Require
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.console_page import PAGES, Page
from tests.support.mqtt_probe import MqttProbe
from tests.support.reverse_proxy import ReverseProxy, proxied
from tests.support.running_gateway import RunningGateway, gateway_at
from tests.support.running_service import at_work, store_hop
from tests.support.scripted_services import publish, services
from tests.unit.gateway.heard import alert, counter, state, status
from tools.bench.large_history import KEPT, filled

pytestmark = pytest.mark.mosquitto

PATH = "/house/upskeep"
EVENTS = 100_000
A_PAGE = 50
MOST_NODES = 3_000  # elements of a page of events
ELSEWHERE_HELD = ("/acknowledge", "/silence", "/end", ".csv", ".jsonl")  # orders, and files of all events
LINKS = "[...document.querySelectorAll('a[href], form, link, script[src]')].map(e => e.href || e.action || e.src)"
IDS = "[...document.querySelectorAll('.events > li > details')].map(each => each.id.replace('event-', ''))"


@dataclass(frozen=True)
class House:
    """What all of these tests look at."""

    probe: MqttProbe
    gateway: RunningGateway
    proxy: ReverseProxy


@pytest.fixture(scope="module")
def house(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A broker, a store, a gateway and its proxy; the other services are scripted."""
    require.program("mosquitto")
    folder = tmp_path_factory.mktemp("house")
    filled(folder / "store" / "ledger.sqlite", EVENTS)
    broker = Broker(MOSQUITTO, free_port(), folder / "broker")
    broker.start()
    with ExitStack() as stack:
        stack.callback(broker.stop)
        probe = stack.enter_context(MqttProbe(broker.port))
        environ = {"UPSKEEP_GATEWAY__HTTP__PATH": PATH}
        suite = SuiteSettings(data=folder / "store", broker=broker.settings)
        stack.enter_context(at_work(partial(store_hop, folder / "store", suite, {**os.environ, **KEPT})))
        gateway = stack.enter_context(gateway_at(probe, folder, broker.port, environ))
        stack.enter_context(services(broker, "counter_store"))
        gateway.until(lambda: gateway.get("/api/overview").json()["connected"], "it has subscribed")
        proxy = stack.enter_context(proxied(gateway.url, PATH))
        online = ("sensor_reader", "event_processor", "alerter", "host_agent", "climate_controller")
        publish(probe, *map(status, (*online, "climate_supervisor")), state(), counter(), alert())
        gateway.until(lambda: gateway.get("/api/alerts").json()["items"], "the alert is heard")
        gateway.until(lambda: gateway.get("/api/counters").json()["items"], "the counters are heard")
        yield House(probe, gateway, proxy)


@pytest.fixture
def page(browser: Any, house: House) -> Iterator[Page]:
    """A page through the proxy; whatever the browser asked for was below its address."""
    page = Page(browser, house.proxy)
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    yield page
    page.context.close()
    assert asked
    assert [] == [url for url in asked if not f"{url}/".startswith(f"{house.proxy.url}/")]
    assert [] == house.proxy.astray
    assert [] == page.complaints


def test_every_view_link_and_form_works_at_a_path_of_its_own(house: House, page: Page) -> None:
    """And no page names an address elsewhere; what changes is seen without loading anew."""
    places: dict[str, str] = {}
    for path in PAGES:
        page.open(path)
        assert [] == page.page.locator(".unknown[role=status], [role=alert]").all_text_contents(), path
        for address in page.page.evaluate(LINKS):
            places.setdefault(urlsplit(address).path, address)
    assert [] == [address for address in places.values() if not f"{address}/".startswith(f"{house.proxy.url}/")]
    for path, address in places.items():
        if not path.endswith(ELSEWHERE_HELD):
            assert page.page.request.get(address, max_redirects=0).status == 200, address

    page.open("/")
    publish(house.probe, alert("hot", message="it is too hot"))
    page.see(".wrong a", "it is too hot")
    page.page.locator(".wrong a", has_text="it is too hot").click()
    page.page.locator("#hot-ups").get_by_role("button", name="Acknowledge").click()
    page.see(".banner.good", "The alert is acknowledged.")


def test_a_hundred_thousand_events_are_looked_through_by_pages(house: House, page: Page) -> None:
    """A page holds ``A_PAGE`` of them, and costs one question of as many and a handful of the browser's requests."""

    def limits() -> list[int]:
        return [each["data"]["limit"] for each in house.probe.all("request", "counter_store", "history")]

    def shown() -> list[str]:
        assert page.page.evaluate("document.querySelectorAll('*').length") < MOST_NODES
        ids: list[str] = page.page.evaluate(IDS)
        return ids

    def follow(role: str, name: str) -> list[str]:
        with page.page.expect_navigation():
            page.page.get_by_role(role, name=name, exact=True).click()
        return shown()

    house.probe.poll()
    before = len(limits())
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))

    page.open("/events")
    newest = [*shown(), *(each for _ in range(3) for each in follow("link", "Older"))]
    assert [f"e{EVENTS - 1 - number}" for number in range(4 * A_PAGE)] == newest

    page.page.get_by_label("Type").fill("AC_POWER_LOSS")
    page.page.get_by_label("Device").fill("device-3")
    page.page.get_by_label("To (UTC)").fill("2026-02-01T00:00")
    chosen = [*follow("button", "Show"), *follow("link", "Older")]
    expected = [f"e{number}" for number in range(78, 31 * 24 * 60 + 1, 100)]  # one a minute since the first of January
    assert expected[: -2 * A_PAGE - 1 : -1] == chosen

    with page.page.expect_download() as download:
        page.page.get_by_role("link", name="CSV").click()
    rows = [*csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines())]
    assert expected == [row["id"] for row in rows]

    house.probe.until(lambda: [A_PAGE] * 6 + [500] == limits()[before:], "the questions")
    assert len(asked) <= 6 * 5 + 1
