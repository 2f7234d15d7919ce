"""A picture of a device's page in Home Assistant, taken in Debian's Chromium."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.home_assistant.instance import PASSWORD, USER
from tests.home_assistant.scene import Scene

SIZE = {"width": 1160, "height": 1040}


def take(scene: Scene, identity: str, file: Path) -> None:
    """Log in, open the page of the device, and take it."""
    from playwright.sync_api import sync_playwright

    address = f"http://127.0.0.1:{scene.home.port}"
    device = scene.home.render(f"{{{{ device_id('binary_sensor.{identity}_on_battery') | tojson }}}}")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox)
        page = browser.new_page(viewport=SIZE, locale="en-GB", timezone_id="Europe/Berlin")  # type: ignore[arg-type]
        page.set_default_timeout(120_000)
        page.goto(address)
        page.locator("input[name=username]").fill(USER)
        page.locator("input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/lovelace/**")
        page.goto(f"{address}/config/devices/device/{device}")
        page.get_by_text("On battery").first.wait_for()
        page.get_by_text("Battery voltage").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file)
        browser.close()
