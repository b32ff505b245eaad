// What pages cannot do without: keep a dialog's focus, copy, stay up to date, keys.
"use strict";

const $ = (selector) => document.querySelector(selector);
const dialog = $("#dialog");
if (dialog) {
  dialog.close();
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    // What was entered into a form comes back.
    const cancel = dialog.querySelector("[name=cancel]");
    if (cancel) cancel.click();
    else location.assign(dialog.dataset.back);
  });
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Not allowed here: at least it is selected.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
// A browser that goes to the place that the address names takes the focus away, after this has run.
function focusOn(it, options) {
  if (!it) return;
  it.focus(options);
  if (location.hash) addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => it.focus(options))));
}
focusOn(dialog?.querySelector("[autofocus]"));

// What is too large to be read is not sent, because what was written would be gone with the page.
addEventListener("submit", (event) => {
  const form = event.target;
  const limit = Number(document.body.dataset.limit);
  if (form.method !== "post" || String(new URLSearchParams(new FormData(form))).length <= limit) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const field = [...form.elements].reduce((a, b) => ((a.value?.length ?? 0) < (b.value?.length ?? 0) ? b : a));
  field.setCustomValidity(`Nothing was sent: a form has at most ${limit >> 20} MiB, as it is sent. A larger seed goes into a file, for --seed FILE at the start.`);
  field.reportValidity();
  field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
});

// What was done leads back to where it was done.
const named = (it) => it && (it.getAttribute("aria-label") ?? it.textContent).trim();
addEventListener("submit", (event) => {
  if (dialog?.contains(event.submitter) || event.target.method !== "post") return;
  const hash = new URL(event.target.action).hash;
  const place = { path: location.pathname, hash, y: scrollY, name: named(event.submitter) };
  sessionStorage.setItem("place", JSON.stringify(place));
});
const place = JSON.parse(sessionStorage.getItem("place") ?? "null");
if (place && !dialog) {
  sessionStorage.removeItem("place");
  if (place.path === location.pathname && [place.hash, ""].includes(location.hash)) {
    scrollTo(0, place.y);
    const again = [...document.querySelectorAll("main button")].find((it) => named(it) === place.name);
    focusOn(again ?? $(".note:not(:empty)"), { preventScroll: true });
  }
}
// What was refused is mended where it was entered.
focusOn($(".refused")?.parentElement.querySelector("input:not([type=hidden]), textarea, select"));
// Who closes a request is at its row again.
const row = /^#r\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
if (row && !dialog) focusOn(row.querySelector("a"));
if ($("#opened") && !dialog && matchMedia("(min-width: 60rem)").matches) {
  $("tr[aria-selected]")?.scrollIntoView({ block: "nearest" });
}

// The clock runs on.
let loaded = Date.now();
setInterval(() => {
  for (const it of document.querySelectorAll("[data-clock]")) {
    const now = new Date(Number(it.dataset.clock) + Date.now() - loaded);
    it.textContent = now.toISOString().slice(0, 19).replace("T", " ");
  }
}, 1000);

// The server renders; what has changed takes the place of what was there. `busy`: one answer is on its way; `late`:
// something has happened since; `fresh`: how many requests are not shown, because somebody reads.
let busy = false;
let late = false;
let paused = false;
let fresh = 0;
const list = $("[data-live=requests]");
const live = $("#live");
const pause = $("#pause");

// The note of what was just done is for the page that it leads to, which may be asked for at the same time.
const ask = () => fetch(document.body.dataset.here, { headers: { accept: "text/html", "locum-refreshes": "1" } });
const reads = () => paused || scrollY > 40 || list?.matches(":hover") || list?.contains(getSelection().focusNode);

async function refresh() {
  if (deleted) return;
  if (busy || dialog) {
    late = busy;
    return;
  }
  busy = true;
  const started = Date.now();
  try {
    const answer = await ask();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("[data-live]")) take(page);
    // The session is gone; or the space, which the events say, too, and then what was read stays.
    else if (answer.status < 500) setTimeout(() => deleted || location.assign(document.body.dataset.here), 2000);
  } catch {
    // The server is gone; the stream says so.
  }
  // A long list is not asked for all the time.
  setTimeout(() => {
    busy = false;
    if (late) {
      late = false;
      refresh();
    }
  }, 150 + 2 * (Date.now() - started));
}

const rows = (of) => [...of.querySelectorAll("tr[id]")].map((row) => row.id);

function take(page) {
  for (const now of document.querySelectorAll("[data-live]")) {
    const then = page.querySelector(`[data-live="${now.dataset.live}"]`);
    if (!then || then.innerHTML === now.innerHTML) continue;
    const old = rows(now);
    if (now === list) {
      const news = rows(then).filter((id) => !old.includes(id)).length;
      // Requests that are gone are not read any more.
      if (news < rows(then).length && reads()) {
        fresh = news;
        say();
        continue;
      }
      fresh = 0;
    }
    if (now.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
    const focused = now.contains(document.activeElement) ? document.activeElement : null;
    const key = focused && (focused.getAttribute("href") ?? focused.getAttribute("value"));
    now.replaceChildren(...then.childNodes);
    if (old.length) {
      for (const row of now.querySelectorAll("tr[id]")) row.classList.toggle("new", !old.includes(row.id));
    }
    if (key === null) continue;
    for (const it of now.querySelectorAll("a, button")) {
      if ((it.getAttribute("href") ?? it.getAttribute("value")) === key) {
        it.focus();
        break;
      }
    }
  }
  loaded = Date.now();
  say();
}

let dead = false;
// The name of the space, when it was deleted.
let deleted = "";
function say() {
  if (!live) return;
  live.classList.toggle("dead", dead || deleted !== "");
  const text = deleted
    ? `Not live: space ${deleted} was deleted`
    : dead
      ? "Not live: the connection is gone"
      : paused
        ? "Paused"
        : "Live";
  if (live.textContent !== text) live.textContent = text;
  if (!pause) return;
  const label = fresh ? `${fresh} new` : paused ? "Go on" : "Pause";
  if (pause.textContent !== label) pause.textContent = label;
  pause.setAttribute("aria-pressed", String(paused));
}

// What is new is shown at once; else it is paused, or goes on.
function press() {
  if (fresh) {
    const was = paused;
    paused = false;
    scrollTo(0, 0);
    getSelection().removeAllRanges();
    ask()
      .then((answer) => answer.text())
      .then((text) => {
        const then = new DOMParser().parseFromString(text, "text/html").querySelector("[data-live=requests]");
        if (then) list.replaceChildren(...then.childNodes);
        fresh = 0;
        paused = was;
        say();
      });
    return;
  }
  paused = !paused;
  if (!paused) refresh();
  say();
}

if (list) {
  pause.hidden = false;
  pause.addEventListener("click", press);
}
if (live) {
  say();
  const events = new EventSource(document.body.dataset.events);
  events.addEventListener("open", () => {
    const was = dead;
    dead = false;
    say();
    if (was) refresh();
  });
  events.addEventListener("error", () => {
    dead = true;
    say();
  });
  // What was read stays; another space of that name is another one.
  events.addEventListener("deleted", (event) => {
    deleted = JSON.parse(event.data).name;
    events.close();
    say();
  });
  for (const name of ["request", "state", "clock", "fault", "note", "missed"]) events.addEventListener(name, refresh);
  // Other spaces, and limits, tell this one nothing.
  setInterval(() => document.visibilityState === "visible" && refresh(), 5000);
}

// Keys, unless somebody writes.
function step(by) {
  if ($("#opened, .alone-request") || !list) return $(by > 0 ? "#older" : "#newer")?.click();
  const links = [...list.querySelectorAll("tr[id] a")];
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}
const keys = {
  "/": () => $("#search")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  o: () => ($("#close") ?? (list?.contains(document.activeElement) ? document.activeElement : null))?.click(),
  c: () => $('[data-copy="curl"]')?.click(),
  p: () => list && press(),
  "?": () => {
    $("#keys").open = !$("#keys").open;
    $("#keys").scrollIntoView();
  },
};
addEventListener("keydown", (event) => {
  const writes = event.target.matches?.("input, textarea, select") || dialog;
  if (writes || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
