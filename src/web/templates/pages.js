// What pages cannot do without: keep a dialog's focus, copy, and stay up to date.
"use strict";

const dialog = document.querySelector("dialog[open]");
if (dialog) {
  dialog.close();
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    location.assign(dialog.dataset.back);
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
dialog?.querySelector("[autofocus]")?.focus();

// The server renders; what has changed takes the place of what was there. `busy`: one answer is on its way; `late`:
// something has happened since.
let busy = false;
let late = false;

async function refresh() {
  if (busy || dialog) {
    late = busy;
    return;
  }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The server is gone; the stream says so.
  }
  setTimeout(() => {
    busy = false;
    if (late) {
      late = false;
      refresh();
    }
  }, 150);
}

function take(page) {
  for (const now of document.querySelectorAll("[data-live]")) {
    const then = page.querySelector(`[data-live="${now.dataset.live}"]`);
    if (!then || then.innerHTML === now.innerHTML) continue;
    const focused = now.contains(document.activeElement) ? document.activeElement : null;
    const key = focused && (focused.getAttribute("href") ?? focused.getAttribute("value"));
    now.replaceChildren(...then.childNodes);
    if (key === null) continue;
    for (const it of now.querySelectorAll("a, button")) {
      if ((it.getAttribute("href") ?? it.getAttribute("value")) === key) {
        it.focus();
        break;
      }
    }
  }
}

const live = document.getElementById("live");
if (document.querySelector("[data-live=requests]")) {
  let fresh = 0;
  const events = new EventSource(document.body.dataset.events);
  const say = (text) => { if (live.textContent !== text) live.textContent = text; };
  events.addEventListener("open", () => say(fresh ? `Live: ${fresh} since this page was opened` : "Live"));
  events.addEventListener("error", () => say("Not live: the connection is gone"));
  events.addEventListener("request", () => {
    fresh += 1;
    say(`Live: ${fresh} since this page was opened`);
    refresh();
  });
  for (const name of ["clock", "fault", "missed"]) events.addEventListener(name, refresh);
}
