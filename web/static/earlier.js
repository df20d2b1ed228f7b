// The earlier conversations: the latest of them on the first page, and all of them in a list.

import { addressOf } from "./addresses.js";
import { desk } from "./box.js";
import { conversations, isOwn, putBack, remove } from "./conversation.js";
import { part, slot } from "./parts.js";
import { language, text } from "./texts.js";

const RECENT = 3;
const DAY = new Intl.DateTimeFormat(language, { dateStyle: "long" });
const list = document.getElementById("history");
const sought = document.getElementById("sought");
let rows = new Map(); // what each row of the list is about

function rowOf({ key, turns, at }) {
  const row = part("conversation").firstElementChild;
  const way = slot(row, "name");
  way.href = addressOf(turns.at(-1));
  way.textContent = turns[0].question;
  if (isOwn(key)) way.setAttribute("aria-current", "true");
  const count = text("history.count", { count: turns.length });
  slot(row, "about").textContent = at ? text("history.about", { count, date: DAY.format(at) }) : count;
  return row;
}

// On the first page.
export function showRecent() {
  const place = document.getElementById("resume");
  if (!place) return;
  const recent = conversations().slice(0, RECENT).map(rowOf);
  for (const each of recent) each.querySelector("button").remove();
  slot(place, "recent").replaceChildren(...recent);
  place.hidden = recent.length === 0;
}

export function showAll() {
  rows = new Map(conversations().map((each) => [rowOf(each), each]));
  slot(list, "rows").replaceChildren(...rows.keys());
  sought.value = "";
  search();
  list.showModal();
  if (desk.matches) sought.focus();
}

// Shows the conversations that have every word in one question, and that question where it is not the first.
function search() {
  const words = folded(sought.value).split(/\s+/);
  for (const [row, { turns }] of rows) {
    const found = turns.findIndex(({ question }) => words.every((each) => folded(question).includes(each)));
    row.hidden = found < 0;
    slot(row, "match").textContent = found > 0 ? turns[found].question : "";
  }
  say(text("history.found", { count: shown().length }));
}

const folded = (words) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

const shown = () => Array.from(rows.keys()).filter((row) => !row.hidden);

function say(words) {
  slot(list, "said").textContent = words;
}

// Deletes the conversation of a row, or puts it back if it is gone.
export function toggle(row) {
  const isGone = row.classList.toggle("gone");
  if (isGone) Object.assign(rows.get(row), remove(rows.get(row).key));
  else putBack(rows.get(row));
  slot(row, "name").inert = isGone;
  row.querySelector("button").textContent = text(isGone ? "history.undo" : "history.delete");
  say(text(isGone ? "history.deleted" : "history.restored"));
}

// The same with all that are shown.
export function toggleAll() {
  const there = shown().filter((row) => !row.matches(".gone"));
  (there.length > 0 ? there : shown()).forEach(toggle);
}

sought.addEventListener("input", search);
list.addEventListener("close", () => {
  if (list.querySelector(".gone [aria-current]")) location.assign("/");
  else showRecent();
});
