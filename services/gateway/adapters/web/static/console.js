// What the pages do beyond showing: they follow the changes, count the ages on, show times in the reader's zone, and
// keep the theme. What is loaded anew keeps the focus, what is open and what was typed. Without this script every page and form works, and is loaded anew by hand.
"use strict";
(() => {
  const root = document.body.dataset.root;
  let seen = document.body.dataset.seen || ""; // the last change that this page or a notice of one has had
  const follows = (document.body.dataset.follows || "").split(" ").filter(Boolean);
  const main = document.getElementById("live");
  const EVERY_MS = 1500; // no more often than this is a page loaded anew
  const SLOW_MS = 30000; // and at least so often, for the ages that only the gateway knows
  let loadedAt = Date.now();
  let lost = false;
  let timer = 0;

  const unit = (value, name, next, nextName, each) =>
    `${value} ${name}` + (each && next >= 1 ? ` ${Math.floor(next)} ${nextName}` : "");
  const span = (s) => {
    if (s < 60) return `${Math.floor(s)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 86400) return unit(Math.floor(s / 3600), "h", (s % 3600) / 60, "min", true);
    return unit(Math.floor(s / 86400), "d", (s % 86400) / 3600, "h", true);
  };

  const age = () => {
    const passed = (Date.now() - loadedAt) / 1000;
    for (const each of document.querySelectorAll("[data-age]")) {
      each.textContent = span(Number(each.dataset.age) + passed);
    }
  };

  const localTimes = () => {
    for (const each of document.querySelectorAll("time[datetime]")) {
      const time = new Date(each.dateTime);
      if (each.dataset.local || Number.isNaN(time.getTime())) continue;
      each.title = each.textContent;
      const today = time.toDateString() === new Date().toDateString();
      each.textContent = today
        ? time.toLocaleTimeString()
        : time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      each.dataset.local = "yes";
    }
  };

  // somebody types, or holds a button or a key down: what is taken away under a press never gets its click
  const busy = () => {
    const at = document.activeElement;
    return Boolean(at && main.contains(at) && at.matches("input, select, textarea")) || main.querySelector(":active") !== null;
  };

  // what an element is, so that it is found again in a page that was loaded anew
  const mark = (each) => JSON.stringify([
    each.tagName, each.id || each.parentElement.id, each.name, each.getAttribute("href"), each.getAttribute("aria-label"),
    each.form ? each.form.getAttribute("action") : "",
  ]);
  const OPERABLE = "a, button, input, select, summary, [tabindex]";
  const kept = () => {
    const at = document.activeElement;
    const first = (each) => [...each.options].find((one) => one.defaultSelected) || each.options[0];
    const typed = [...main.querySelectorAll("input, select")].filter((each) =>
      each.options ? !first(each)?.selected : each.value !== each.defaultValue);
    return {
      open: [...main.querySelectorAll("details[open][id]")].map((each) => each.id),
      typed: new Map(typed.map((each) => [mark(each), each.value])),
      focused: at && at !== main && main.contains(at) ? mark(at) : "",
    };
  };
  const restore = ({ open, typed, focused }) => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const each of typed.size ? main.querySelectorAll("input, select") : []) {
      const text = typed.get(mark(each));
      if (text !== undefined) each.value = text;
    }
    if (!focused) return;
    const found = [...main.querySelectorAll(OPERABLE)].find((each) => mark(each) === focused);
    (found || main).focus({ preventScroll: true });
  };

  const say = (isLost) => {
    lost = isLost;
    const banner = document.getElementById("offline");
    if (banner) banner.hidden = !isLost;
  };

  const load = async () => {
    timer = 0;
    if (busy()) return later(EVERY_MS);
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html", "x-part": "live" } });
      if (answer.redirected || answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.statusText);
      const text = await answer.text();
      if (busy()) return later(EVERY_MS);
      const before = kept();
      main.innerHTML = text;
      restore(before);
      loadedAt = Date.now();
      localTimes();
      say(false);
    } catch {
      say(true);
    }
  };

  const later = (wait) => {
    if (!timer) timer = setTimeout(load, wait);
  };

  const follow = () => {
    const query = follows.map((kind) => `&kind=${kind}`).join("");
    const stream = new EventSource(`${root}/changes?last_event_id=${seen}${query}`);
    stream.addEventListener("changed", ({ lastEventId }) => {
      seen = lastEventId;
      later(Math.max(100, EVERY_MS - (Date.now() - loadedAt)));
    });
    stream.addEventListener("open", () => lost && later(100));
    stream.addEventListener("error", () => {
      say(true);
      if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
    });
    addEventListener("pagehide", () => stream.close());
  };

  const theme = () => {
    const button = document.getElementById("theme");
    const themes = ["auto", "light", "dark"];
    const show = (name) => {
      if (name === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = name;
      if (button) button.textContent = `Theme: ${name}`;
    };
    let now = localStorage.getItem("upskeep-theme") || "auto";
    show(now);
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      now = themes[(themes.indexOf(now) + 1) % themes.length];
      localStorage.setItem("upskeep-theme", now);
      show(now);
    });
  };

  // on a phone the tabs are a strip that is scrolled sideways
  document.querySelector('nav [aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  theme();
  localTimes();
  setInterval(age, 1000);
  if (follows.length) {
    follow();
    setInterval(() => later(0), SLOW_MS);
  }
})();
