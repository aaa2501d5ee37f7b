// The live parts. Every page works without this; with it nothing needs to be loaded anew.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

// -- times in the reader's own zone ------------------------------------------------------------------

const dates = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

function inWords(seconds) {
  const size = Math.abs(seconds);
  if (size < 90) return relative.format(Math.round(seconds), "second");
  if (size < 5400) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 129600) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86400), "day");
}

function showTimes(root = document) {
  for (const time of all("time[datetime]", root)) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    const exact = dates.format(at);
    time.textContent = time.hasAttribute("data-relative") ? inWords((at - Date.now()) / 1000) : exact;
    time.title = time.hasAttribute("data-relative") ? exact : at.toISOString();
  }
}

// -- what goes on counts on by itself -----------------------------------------------------------------

const shownAt = new WeakMap();

function short(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function tick() {
  for (const took of all("[data-seconds]")) {
    if (!shownAt.has(took)) shownAt.set(took, performance.now());
    took.textContent = short(Number(took.dataset.seconds) + (performance.now() - shownAt.get(took)) / 1000);
  }
  for (const bar of all("progress[data-total]")) {
    if (!shownAt.has(bar)) shownAt.set(bar, { at: performance.now(), from: bar.value });
    const { at, from } = shownAt.get(bar);
    bar.value = Math.min(0.97, Math.max(bar.value, from + (performance.now() - at) / 1000 / Number(bar.dataset.total)));
  }
}

// -- parts that are drawn anew when something happens ---------------------------------------------------

const drawn = new WeakMap();
let wanted = false;
let busy = false;

function whereFocusIs(part) {
  const focus = document.activeElement;
  if (!part.contains(focus) || focus === part) return null;
  const alike = (element) => element.tagName === focus.tagName && element.name === focus.name && element.value === focus.value
    && element.getAttribute("href") === focus.getAttribute("href") && (element.tagName !== "SUMMARY" || element.textContent === focus.textContent);
  return alike;
}

function replace(part, fresh) {
  const source = fresh.outerHTML;
  if (drawn.get(part) === source) return;
  const alike = whereFocusIs(part);
  const open = all("details[open][id]", part).map((each) => each.id);
  const atEnd = all("pre.log", part).map((each) => each.scrollTop + each.clientHeight >= each.scrollHeight - 4);
  part.replaceChildren(...document.importNode(fresh, true).childNodes);
  part.className = fresh.className;
  part.hidden = fresh.hidden;
  drawn.set(part, source);
  for (const id of open) { const details = document.getElementById(id); if (details) details.open = true; }
  all("pre.log", part).forEach((each, index) => { if (atEnd[index] !== false) each.scrollTop = each.scrollHeight; });
  showTimes(part);
  if (alike) all("a, button, input, select, summary", part).find(alike)?.focus();
}

async function refresh() {
  if (busy) { wanted = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/login") { location.assign(answer.url); return; }
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of all("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh) replace(part, fresh);
    }
    tick();
  } catch { /* the stream says when we are there again */ } finally {
    busy = false;
    if (wanted) { wanted = false; later(); }
  }
}

let waiting = 0;
function later(after = 60 + Math.random() * 120) {
  if (!waiting) waiting = setTimeout(() => { waiting = 0; refresh(); }, after);
}

// A browser opens six connections to one host: a page that nobody sees gives its own back.
function listen() {
  const sign = one("#live");
  if (!document.body.dataset.events || !window.EventSource) return;
  let source = null;
  const say = (words, isOn) => { if (sign) { sign.textContent = words; sign.classList.toggle("on", isOn); sign.hidden = false; } };
  const open = () => {
    source = new EventSource(document.body.dataset.events);
    source.addEventListener("open", () => say("live", true));
    source.addEventListener("error", () => say("reconnecting", false));
    source.addEventListener("changed", () => later());
    source.addEventListener("heard", () => later());
    source.addEventListener("signed-out", () => { source.close(); location.reload(); });
  };
  const close = () => { source?.close(); source = null; };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") close();
    else if (!source) { open(); later(0); }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted && !source) { open(); later(0); } });
  if (document.visibilityState === "visible") open();
}

// -- logs, while somebody looks --------------------------------------------------------------------------

function follow() {
  const part = one("[data-follow]");
  if (!part) return;
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(part.dataset.follow, { cache: "no-store" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (fresh) replace(part, fresh);
    } catch { /* the next look tells */ }
  };
  setInterval(look, 2000);
  for (const each of all("pre.log", part)) each.scrollTop = each.scrollHeight;
}

// -- the chat ----------------------------------------------------------------------------------------------

function converse() {
  const form = one("form.line");
  if (!form) return;
  const box = form.elements.namedItem("line");
  const past = all(".talk .said").map((each) => each.textContent);
  let place = past.length;
  const toEnd = () => window.scrollTo({ top: document.body.scrollHeight });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const line = box.value.trim();
    if (!line) return;
    past.push(line);
    place = past.length;
    box.value = "";
    const body = new URLSearchParams(new FormData(form));
    body.set("line", line);
    body.set("wait", "no");
    const answer = await fetch(form.action, { method: "POST", body, redirect: "follow" }).catch(() => null);
    if (!answer || !answer.ok) { box.value = line; return; }
    await refresh();
    toEnd();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    place = Math.max(0, Math.min(past.length, place + (event.key === "ArrowUp" ? -1 : 1)));
    box.value = past[place] ?? "";
    event.preventDefault();
  });
  new MutationObserver(toEnd).observe(one(".talk"), { childList: true, subtree: true });
  toEnd();
  box.focus();
}

// -- theme and keys ----------------------------------------------------------------------------------------

function theme() {
  const button = one("#theme");
  if (!button) return;
  const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  name();
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", document.documentElement.dataset.theme); } catch { /* for this page only, then */ }
    name();
  });
}

const JUMPS = { e: "/", c: "/create", t: "/chat", a: "/approvals", u: "/audit" };

function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "/") { one("input[type=search], form.line input[name=line]")?.focus(); event.preventDefault(); }
    else if (event.key === "j" || event.key === "k") {
      const links = all("main a.slug");
      const now = links.indexOf(document.activeElement);
      links[Math.max(0, Math.min(links.length - 1, now + (event.key === "j" ? 1 : -1)))]?.focus();
    } else if (JUMPS[event.key] && one(`.top nav a[href="${JUMPS[event.key]}"]`)) location.assign(JUMPS[event.key]);
  });
}

document.addEventListener("DOMContentLoaded", () => {
  showTimes();
  theme();
  one(".top nav a[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  keys();
  listen();
  follow();
  converse();
  for (const select of all(".filters select, .filters input[type=checkbox]")) select.addEventListener("change", () => select.form.requestSubmit());
  tick();
  if (one("[data-pulse]")) setInterval(() => { if (document.visibilityState === "visible") later(0); }, 10000);
  setInterval(tick, 250);
  setInterval(() => showTimes(), 20000);
});
