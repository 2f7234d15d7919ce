"""The console by keyboard alone, while what it shows goes on changing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.brokers import Broker
from tests.support.console_page import Page, tab_to
from tests.support.mqtt_probe import MqttProbe
from tests.support.running_gateway import RunningGateway
from tests.support.scripted_services import publish, services
from tests.unit.gateway.heard import alert, state, status

pytestmark = pytest.mark.mosquitto


def test_an_alert_is_acknowledged_and_silenced_by_keyboard(
    gateway: RunningGateway, probe: MqttProbe, broker: Broker, browser: Any
) -> None:
    """From *Now* by Tab, Enter and arrows. What comes meanwhile takes away neither the focus nor what was typed."""
    publish(probe, status("alerter"), state(), alert())
    page = Page(browser, gateway)
    keys = page.page.keyboard

    def comes(rule: str) -> None:
        publish(probe, alert(rule))
        page.see("article.alert code", f"{rule}/ups")

    with services(broker) as taken:
        page.open("/")
        page.see(".wrong li", "ups has been on battery")
        keys.press("Tab")
        keys.press("Enter")  # the skip link
        tab_to(page.page, ".wrong a")
        keys.press("Enter")
        page.see("h2", "Firing (1)")

        tab_to(page.page, "#why-on_battery-ups summary")
        keys.press("Enter")
        page.see("#why-on_battery-ups dd", "lasts")
        comes("second")
        assert page.page.evaluate("document.activeElement.matches('#why-on_battery-ups[open] summary')")
        tab_to(page.page, "#comment-on_battery-ups")
        keys.type("on my way")
        tab_to(page.page, "button")
        comes("third")
        assert "Acknowledge" == page.page.evaluate("document.activeElement.textContent")
        keys.press("Enter")
        page.see(".banner.good", "The alert is acknowledged.")

        tab_to(page.page, "#on_battery-ups select")
        keys.press("ArrowDown")
        tab_to(page.page, "input[name=comment]")
        keys.type("electrician")
        tab_to(page.page, "button")
        comes("fourth")
        keys.press("Enter")
        page.see(".banner.bad", "not today")

    said = [(each.name, each.data["comment"], each.data.get("for_s")) for each in taken]
    assert [("ack", "on my way", None), ("silence", "electrician", 3600)] == said
