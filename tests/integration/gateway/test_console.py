"""The console in a real Chromium: an outage from calm to resolved, a lost broker, both themes, a phone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Require
from tests.support.brokers import Broker
from tests.support.console_page import PAGES, Page, walk
from tests.support.mqtt_probe import TOPICS, MqttProbe
from tests.support.running_gateway import RunningGateway
from tests.support.scripted_services import publish, services
from tests.unit.gateway.heard import alert, counter, dead_letter, state, status

pytestmark = pytest.mark.mosquitto

# what of a page can be scrolled sideways, and cells that do not say of which column they are
SIDEWAYS = """() => [...document.querySelectorAll("main, main *")].filter(each =>
  ["auto", "scroll"].includes(getComputedStyle(each).overflowX) && each.scrollWidth > each.clientWidth
).map(each => each.outerHTML.slice(0, 120))"""
NAMELESS = """() => [...document.querySelectorAll("td:not(:first-child)")].filter(each => each.checkVisibility()
  && !each.querySelector("form") && !getComputedStyle(each, "::before").content.includes(each.dataset.head)
).map(each => each.outerHTML.slice(0, 120))"""
TAB_IN_SIGHT = """() => {
  const tab = document.querySelector("nav [aria-current]")?.getBoundingClientRect();
  return !tab || (tab.left >= 0 && tab.right <= innerWidth);
}"""
# the browser's next two frames: by then its script has seen what has come
A_MOMENT = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
ON_BATTERY = {"power": "battery", "values": {"state_of_charge": 38.0, "estimated_runtime_low_s": 2265.0}}
ALL_ONLINE = tuple(map(status, ("sensor_reader", "event_processor", "counter_store", "alerter")))


def test_an_outage_from_calm_to_resolved_is_seen_without_loading_anew(
    gateway: RunningGateway, probe: MqttProbe, broker: Broker, browser: Any
) -> None:
    """Mains, battery, alert, acknowledged by hand, mains again, resolved; and a broker that goes and comes back."""
    publish(probe, *ALL_ONLINE, state())
    page = Page(browser, gateway)
    with services(broker) as taken:
        page.open("/")
        page.see(".glance.good", "On mains")
        page.see(".calm", "Nothing is wrong")

        publish(probe, state(**ON_BATTERY))
        page.see(".glance.bad", "On battery: ups")
        page.see(".glance.bad", "at least 37 min left")
        publish(probe, alert())
        page.see(".wrong li.warning", "ups has been on battery for more than a minute")

        page.page.get_by_role("link", name="ups has been on battery").click()
        article = page.page.locator("article.alert")
        article.get_by_role("textbox", name="Comment").fill("on my way")
        article.get_by_role("button", name="Acknowledge").click()
        page.see(".banner.good", "The alert is acknowledged.")
        assert [("ack", "console", "on my way")] == [(each.name, each.by, each.data["comment"]) for each in taken]

        publish(probe, alert(state="acknowledged", by="console", comment="on my way"))
        page.see(".badge", "acknowledged by console: on my way")
        publish(probe, state(), alert(state="resolved", by="console"))
        page.see("h2", "Resolved (1)")
        probe.publish(TOPICS.of(alert()), b"", retain=True)
        page.see(".calm", "No alert fires.")

        # what the alerter refuses is said on the page
        publish(probe, alert())
        silence = page.page.locator("article.alert form", has_text="Silence")
        silence.get_by_role("textbox").fill("electrician")
        silence.get_by_role("button").click()
        page.see(".banner.bad", "not today")
    refused = [text for text in page.complaints if "409" not in text]
    assert [] == refused

    page.complaints.clear()
    publish(probe, state())  # again: a minute may have passed on a busy machine
    page.open("/")
    page.see(".glance.good", "On mains")
    broker.kill()
    gateway.until(lambda: not gateway.get("/api/overview").json()["connected"], "it has noticed")
    page.page.reload()
    page.see(".banner.bad", "no connection to the broker")
    broker.start()
    gateway.until(lambda: gateway.get("/api/overview").json()["connected"], "it is connected again")
    page.page.reload()
    page.page.locator(".banner.bad:visible").wait_for(state="hidden")
    assert [] == page.complaints


def test_a_click_under_which_the_page_is_loaded_anew_is_not_lost(
    gateway: RunningGateway, probe: MqttProbe, broker: Broker, browser: Any
) -> None:
    """What is pressed stays until it is released: the answer that comes between waits for the click."""
    publish(probe, *ALL_ONLINE, alert())
    gateway.until(lambda: gateway.get("/api/alerts").json()["items"], "the alert is heard")
    page = Page(browser, gateway)
    held: list[Any] = []
    with services(broker) as taken:
        page.open("/alerts")
        page.page.route("**/alerts", lambda route: held.append(route))
        with page.page.expect_request("**/alerts"):
            publish(probe, alert(message="ups is still on battery"))
        page.page.get_by_role("button", name="Acknowledge").hover()
        page.page.mouse.down()
        with page.page.expect_event("requestfinished"):
            held.pop().continue_()
        page.page.evaluate(A_MOMENT)
        page.page.unroute("**/alerts")
        page.page.mouse.up()
        page.see(".banner.good", "The alert is acknowledged.")
    assert ["ack"] == [each.name for each in taken]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_for_everybody(
    gateway: RunningGateway, probe: MqttProbe, broker: Broker, browser: Any, require: Require, theme: str
) -> None:
    """Axe finds nothing, the browser complains of nothing, and on a phone nothing is wider than the screen.

    There the tab of the page is in sight, a table is cards whose cells name their columns, and nothing has to be
    scrolled sideways. Tab goes from the skip link to everything that can be operated, shows where it is, and out again.
    """
    axe = require.module("axe_playwright_python.sync_playwright").Axe()
    rack = state("rack", power=None, battery=None, values={"air_temperature": 21.0}, quality="suspect")
    agents = tuple(map(status, ("host_agent", "host_agent-nas", "climate_controller", "climate_supervisor")))
    tent = state("tent", power=None, battery=None, values={"air_temperature": 24.1, "relative_humidity": 61.0})
    low = state("low", **ON_BATTERY, battery="low", simulated=True)
    publish(
        probe, *ALL_ONLINE, *agents, state(), low, rack, tent, counter(), alert(), alert("hot", severity="critical")
    )
    publish(probe, alert("cold", state="acknowledged", by="anna", severity="error"), dead_letter("no JSON"))
    gateway.until(lambda: len(gateway.get("/api/alerts").json()["items"]) == 3, "all is heard")
    # the policy is lifted for axe alone, which is put into the page
    page = Page(browser, gateway, color_scheme=theme, viewport={"width": 390, "height": 844}, bypass_csp=True)
    with services(broker):
        for path in PAGES:
            page.open(path)
            found = axe.run(page.page)
            assert 0 == page.page.locator(".banner:visible", has_text="cannot read").count(), path
            assert 0 == found.violations_count, f"{path}: {found.generate_report()}"
            assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert [] == page.page.evaluate(SIDEWAYS) + page.page.evaluate(NAMELESS), path
            assert page.page.evaluate(TAB_IN_SIGHT), path
            if theme == "dark":
                assert [] == walk(page.page), path
    assert [] == page.complaints


def test_the_console_works_without_its_script(
    gateway: RunningGateway, probe: MqttProbe, broker: Broker, browser: Any
) -> None:
    """A form is sent as a form."""
    publish(probe, *ALL_ONLINE, alert())
    gateway.until(lambda: gateway.get("/api/alerts").json()["items"], "the alert is heard")
    page = Page(browser, gateway, java_script_enabled=False)
    with services(broker) as taken:
        page.open("/alerts")
        page.page.get_by_role("button", name="Acknowledge").click()
        page.see(".banner.good", "The alert is acknowledged.")
    assert ["ack"] == [each.name for each in taken]
