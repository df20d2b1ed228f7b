// Suggestions while a question is typed: a list above the box, chosen from by arrow keys or the pointer (ARIA Authoring
// Practices, "list autocomplete with manual selection"). The box stays a text box of several lines, which may not have
// the role of a combobox; it names the list and the option that is active.

import { addressOf } from "./addresses.js";

const form = document.getElementById("ask");
const box = document.getElementById("q");
const list = document.getElementById("suggestions");
const status = document.getElementById("status");
const PATIENCE = 150; // milliseconds without a key
const forms = JSON.parse(list.dataset.forms); // of what is said of their number
const plural = new Intl.PluralRules(document.documentElement.lang);
const lang = box.lang || document.documentElement.lang; // of questions

let waiting = null;
let asking = null; // the AbortController of what is asked for
let said = ""; // what the status line was last told of suggestions

const related = document.getElementById("related");
let latest = null; // the passage whose related questions are shown

// Show the questions related to the passage that answers the latest question; none without a passage.
export async function relate({ document: only }, passage) {
  latest = passage;
  related.hidden = true;
  if (!passage) return;
  const documents = [only ?? []].flat();
  const found = await suggested([["near", passage.id], ["limit", "5"]], documents);
  if (latest !== passage || found.length === 0) return;
  const entries = found.map(({ text: question }) => {
    const entry = document.createElement("li");
    const link = document.createElement("a");
    link.href = addressOf({ question, history: [], document: only });
    Object.assign(link, { textContent: question, dir: "auto", lang });
    link.dataset.action = "ask";
    entry.append(link);
    return entry;
  });
  related.querySelector("ul").replaceChildren(...entries);
  related.hidden = false;
}

box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-controls", list.id);

const options = () => Array.from(list.children);
const active = () => list.querySelector("[aria-selected=true]");

function close() {
  clearTimeout(waiting);
  asking?.abort();
  list.hidden = true;
  list.replaceChildren();
  box.removeAttribute("aria-activedescendant");
  if (status.textContent === said) status.textContent = "";
}

// What the service suggests; nothing where it cannot: a question is asked without suggestions as well.
async function suggested(parameters, documents, signal) {
  const wanted = new URLSearchParams([...documents.map((each) => ["document", each]), ...parameters]);
  try {
    const response = await fetch(`/suggestions.json?${wanted}`, { signal });
    return response.ok ? (await response.json()).suggestions : [];
  } catch {
    return [];
  }
}

async function suggest() {
  asking = new AbortController();
  const { signal } = asking;
  const found = await suggested([["q", box.value]], new FormData(form).getAll("document"), signal);
  if (!signal.aborted) show(found);
}

function show(suggestions) {
  if (suggestions.length === 0 || document.activeElement !== box) return close();
  list.replaceChildren(...suggestions.map(option));
  list.hidden = false;
  list.scrollTop = 0;
  box.removeAttribute("aria-activedescendant");
  said = forms[plural.select(suggestions.length)] ?? forms.other;
  said = said.replace("{count}", suggestions.length);
  status.textContent = said;
}

function option({ text, kind, title }, number) {
  const element = document.createElement("li");
  Object.assign(element, { id: `suggestion-${number}`, role: "option", textContent: text, dir: "auto", lang });
  element.setAttribute("aria-selected", "false");
  Object.assign(element.dataset, { text, kind });
  if (title) {
    const where = document.createElement("small");
    where.textContent = title;
    element.append(" ", where);
  }
  return element;
}

// The option so many places on, or none behind the last and before the first.
function move(step) {
  const all = [null, ...options()];
  const next = all.at((all.indexOf(active()) + step) % all.length);
  active()?.setAttribute("aria-selected", "false");
  next?.setAttribute("aria-selected", "true");
  next?.scrollIntoView({ block: "nearest" });
  if (next) box.setAttribute("aria-activedescendant", next.id);
  else box.removeAttribute("aria-activedescendant");
}

// A whole question is asked, a word is put in.
function choose({ dataset: { text, kind } }) {
  close();
  box.value = text;
  box.focus();
  if (kind === "word") box.dispatchEvent(new Event("input"));
  else form.requestSubmit();
}

box.addEventListener("input", (event) => {
  clearTimeout(waiting);
  asking?.abort();
  if (box.value.trim() === "") close();
  else if (!event.isComposing) waiting = setTimeout(suggest, PATIENCE);
});

// Before the page's own keys: what the open list takes, no other gets.
form.addEventListener("keydown", (event) => {
  if (event.target !== box || list.hidden || event.isComposing) return;
  const { key } = event;
  if (key === "ArrowDown" || key === "ArrowUp") move(key === "ArrowDown" ? 1 : -1);
  else if (key === "Escape") close();
  else if (key === "Enter" && active()) choose(active());
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// Where the chat's own module does not run, Enter sends the form as it does there.
if (!related) {
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

form.addEventListener("submit", close);
box.addEventListener("blur", close);
list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
list.addEventListener("click", ({ target }) => {
  const chosen = target.closest("[role=option]");
  if (chosen) choose(chosen);
});
