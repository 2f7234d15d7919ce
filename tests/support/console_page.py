"""A page of the console in a real Chromium, by mouse and by keyboard."""

from __future__ import annotations

from typing import Any

from tests.support.reverse_proxy import ReverseProxy
from tests.support.running_gateway import RunningGateway

WAIT_MS = 20_000
PAGES = (
    "/",
    "/alerts",
    "/alerts?rule=on_battery&key=ups",
    "/events",
    "/event?id=e0",
    "/incidents",
    "/counters",
    "/health",
    "/reports",
    "/climate",
    "/shutdown",
    "/suite",
    "/login",
)
MOST_TABS = 400
MOST_WALKS = 5
# what can be operated and is shown; a closed element of details hides what is in it
OPERABLE = """() => [...document.querySelectorAll(
  "a[href], button, input, select, summary, [tabindex='0']")]
  .filter(each => each.checkVisibility() && each.type !== "hidden" && !each.disabled).map((each, number) => {
    each.dataset.stop = number;
    return each.outerHTML.slice(0, 120);
  })"""
FROM_THE_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  scrollTo(0, 0);
}"""
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const header = document.querySelector("header")?.getBoundingClientRect();
  const {outlineStyle, outlineWidth} = getComputedStyle(at);
  const {left, top, right, bottom} = at.getBoundingClientRect();
  return {
    stop: at.dataset.stop === undefined ? null : Number(at.dataset.stop), skip: at.matches(".skip"),
    outlined: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
    seen: right > 0 && bottom > 0 && left < innerWidth && top < innerHeight,
    covered: !at.matches("header *, .skip") && bottom <= (header?.bottom ?? 0),
  };
}"""


class Page:
    """A page at the gateway, with every complaint of the browser's."""

    def __init__(self, browser: Any, gateway: RunningGateway | ReverseProxy, **how: Any) -> None:
        self.context = browser.new_context(**how)
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.complaints: list[str] = []
        self.page.on(
            "console",
            lambda m: self.complaints.append(f"{self.page.url}: {m.text}") if m.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.url = gateway.url.rstrip("/")

    def open(self, path: str) -> None:
        """Load a page."""
        self.page.goto(self.url + path, wait_until="load")

    def see(self, selector: str, text: str) -> None:
        """Wait until this is seen, without loading the page anew."""
        self.page.locator(selector, has_text=text).first.wait_for()


def walk(page: Any) -> list[str]:
    """Go through a page by Tab alone; returns what is wrong with it for somebody who has no other way.

    A page that was loaded anew on the way is gone through again.
    """
    for _ in range(MOST_WALKS):
        wrong, whole = _walked(page)
        if whole:
            return wrong
    return [*wrong, f"it was loaded anew during {MOST_WALKS} walks"]


def _walked(page: Any) -> tuple[list[str], bool]:
    wanted: list[str] = page.evaluate(OPERABLE)
    wrong: list[str] = []
    reached: list[int] = []
    page.evaluate(FROM_THE_TOP)
    for number in range(MOST_TABS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None or (reached and at["stop"] == reached[0]):
            break
        if number == 0 and not at["skip"] and page.locator(".skip").count():
            wrong.append("the first stop is not the skip link")
        for fault, found in (
            ("no outline", not at["outlined"]),
            ("out of sight", not at["seen"]),
            ("covered", at["covered"]),
        ):
            if found:
                wrong.append(f"{fault}: {wanted[at['stop']]}")
        reached.append(at["stop"])
    else:
        wrong.append(f"no way out within {MOST_TABS} stops")
    wrong += [f"not reached: {each}" for number, each in enumerate(wanted) if number not in reached]
    return wrong, len(wanted) == page.locator("[data-stop]").count()


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until this is focused."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")
