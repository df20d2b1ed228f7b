// The chat page. Without this module the page works by its form; with it, answers arrive without loading, and the
// conversation is kept in the browser.

import { addressOf, askedAt, documentsOf, queryOf } from "./addresses.js";
import { copy, copyStyled, showStyles } from "./citing.js";
import { isSame, keep, kept } from "./conversation.js";
import { give, prepare } from "./feedback.js";
import { answerPart, exchangePart, failedPart, part, slot } from "./parts.js";
import { Failure, send } from "./service.js";
import { relate } from "./suggesting.js";
import { text } from "./texts.js";

const form = document.getElementById("ask");
const box = document.getElementById("q");
const log = document.getElementById("log");
const status = document.getElementById("status");
const tools = document.getElementById("tools");
const remembered = Number(form.dataset.remembered);
const AT_ONCE = 3; // questions that are put back at a time
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const desk = matchMedia("(hover: hover) and (pointer: fine)");

const turns = new Map(); // what each exchange on the page asks, in their order
let asking = null; // the AbortController of the question that is under way
let shown = location.search; // the conversation on the page

// Asking

// The question in the conversation that the form holds.
function asked(question) {
  const fields = new FormData(form);
  return { question, history: fields.getAll("history"), document: documentsOf(fields) };
}

// A turn in the form of a request; what else is kept of it is the page's own.
function wanted({ question, history, document: only }) {
  return { question, history, document: only };
}

async function answered(turn, signal) {
  return (await send("/ask", text("failure.no_answer"), { body: wanted(turn), signal })).json();
}

async function ask(exchange) {
  const turn = turns.get(exchange);
  const place = slot(exchange, "answer");
  asking = new AbortController();
  form.classList.add("asking");
  place.replaceChildren(part("pending"));
  status.textContent = text("status.looking");
  bringUp(exchange);
  try {
    const answer = await answered(turn, asking.signal);
    place.replaceChildren(answerPart(turn, answer));
    prepare(place, turn);
    status.textContent = summary(answer);
    remember(turn);
    relate(turn, answer.passage);
  } catch (error) {
    if (error.name === "AbortError") {
      turns.delete(exchange);
      exchange.remove();
      status.textContent = text("status.stopped");
      giveBack(turn.question);
    } else if (error instanceof Failure) {
      turns.delete(exchange);
      place.replaceChildren(failedPart(error));
      status.textContent = "";
      if (error.mine) giveBack(turn.question);
    } else throw error;
  } finally {
    asking = null;
    form.classList.remove("asking");
    bringUp(exchange);
  }
}

// The log says the answer itself; this says what came of the question.
function summary({ outcome, outline, took_ms: took }) {
  const ms = took.toLocaleString("en-US", { maximumFractionDigits: took < 10 ? 1 : 0 });
  if (outcome === "nothing_found") return text("status.nothing", { ms });
  if (outcome === "possible") return text("status.possible", { ms });
  const key = outline.length > 0 ? "status.outlined" : "status.answered";
  return text(key, { ms, count: outline.length });
}

function begin(question) {
  document.getElementById("welcome")?.remove();
  relate({}, null);
  tools.hidden = false;
  document.getElementById("latest")?.removeAttribute("id");
  const exchange = exchangePart(question);
  turns.set(exchange, asked(question));
  log.append(exchange);
  ask(exchange);
}

// The form holds the conversation, so that its next address, and this page's, hold it too; the browser keeps it whole.
function remember(turn) {
  history.pushState(null, "", `/${queryOf(turn)}`);
  shown = location.search;
  document.title = text("page.title_of", { subject: turn.question });
  hold(turn.question);
  const all = form.querySelectorAll("input[name=history]");
  if (all.length > remembered) all[0].remove();
  keep(Array.from(turns.values()));
}

function hold(question) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "history", value: question });
  form.querySelector(".above").before(field);
}

// Ask what a link asks, in its conversation, which is the one that led to its answer or a new one.
function askAgain(link) {
  const { question, history: earlier } = askedAt(link.href);
  for (const field of form.querySelectorAll("input[name=history]")) field.remove();
  earlier.forEach(hold);
  box.focus();
  begin(question);
}

function giveBack(question) {
  if (box.value.trim() === "") box.value = question;
}

function bringUp(element) {
  element.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}

// The conversation, kept and exported

// What the page shows as it is loaded: the questions of its address, and before them what the browser has kept of the
// same conversation.
async function restore() {
  const last = askedAt(location.href);
  const before = kept();
  if (last === null) return offer(before);
  const exchanges = Array.from(log.children);
  const questions = [...last.history, last.question];
  const first = questions.length - exchanges.length;
  exchanges.forEach((each, number) => {
    const turn = { ...last, question: questions[first + number], history: questions.slice(0, first + number) };
    turns.set(each, turn);
    prepare(each, turn);
  });
  if (before.length > 0 && isSame(before.at(-1), last)) await putBack(before);
}

// The kept questions in their order; those that the page shows already stay as they are.
async function putBack(before) {
  const here = Array.from(turns);
  turns.clear();
  const order = before.map((turn) => {
    const at = here.findLastIndex(([, each]) => isSame(each, turn));
    const [exchange] = at < 0 ? [exchangePart(turn.question)] : here.splice(at, 1)[0];
    turns.set(exchange, turn);
    exchange.setAttribute("aria-live", "off");
    if (at >= 0) prepare(exchange, turn);
    return { exchange, isNew: at < 0 };
  });
  const last = order.at(-1).exchange;
  log.replaceChildren(...order.map(({ exchange }) => exchange));
  const missing = order.filter(({ isNew }) => isNew);
  const workers = Array.from({ length: AT_ONCE }, async () => {
    while (missing.length > 0) await fill(missing.pop().exchange); // the latest first
  });
  await Promise.all(workers);
  if (log.lastElementChild === last) bringUp(last);
}

// Ask again what an exchange asked before.
async function fill(exchange) {
  const turn = turns.get(exchange);
  const place = slot(exchange, "answer");
  place.replaceChildren(part("pending"));
  try {
    place.replaceChildren(answerPart(turn, await answered(turn)));
    prepare(place, turn);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    place.replaceChildren(failedPart({ ...error, mine: false }));
  }
}

// The way back to the kept conversation, on a page that shows none.
function offer(before) {
  const place = document.getElementById("resume");
  if (before.length === 0 || !place) return;
  const last = before.at(-1);
  const way = slot(place, "resume");
  way.href = addressOf(last);
  way.textContent = last.question;
  slot(place, "resume-count").textContent = text("welcome.resume_count", { count: before.length });
  place.hidden = false;
}

async function exportAs(link) {
  const { pathname } = new URL(link.href);
  const body = { turns: Array.from(turns.values(), wanted) };
  try {
    const response = await send(pathname, text("failure.no_export"), { accept: "*/*", body });
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition"))[1];
    const file = document.createElement("a");
    file.href = URL.createObjectURL(await response.blob());
    file.download = name;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
    status.textContent = text("status.saved", { name });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    status.textContent = `${error.title}. ${error.detail}`;
  }
}

// What a person says of an answer, kept with the conversation so that it can be changed later.
async function take(form, pressed) {
  const turn = turns.get(form.closest(".exchange"));
  status.textContent = await give(form, pressed, turn);
  const all = Array.from(turns.values());
  if (kept().length === all.length && isSame(kept().at(-1), all.at(-1))) keep(all); // no other tab's conversation
}

// What came of pressing a button, on it for a while; pressed again meanwhile, it has no other label to go back to.
function say(button, words) {
  status.textContent = words;
  if (button.textContent === words) return;
  const label = Array.from(button.childNodes);
  button.replaceChildren(words);
  setTimeout(() => button.replaceChildren(...label), 2000);
}

async function copied(button, copying) {
  try {
    await copying;
    say(button, text("status.copied"));
  } catch {
    status.textContent = text("status.not_copied");
  }
}

// Listening

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (asking || question === "") return;
  box.value = "";
  box.focus();
  begin(question);
});

log.addEventListener("submit", (event) => {
  if (!event.target.matches(".feedback")) return;
  event.preventDefault();
  take(event.target, event.submitter);
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  asking?.abort();
  closeMenu();
});

function askLinked(link, event) {
  event.preventDefault();
  if (!asking) askAgain(link);
}

const ACTIONS = {
  again: askLinked,
  ask: askLinked,
  clear: () => keep([]),
  copy: (button) => copied(button, copy(button)),
  "copy-styled": (button) => copied(button, copyStyled(button)),
  export: (link, event) => {
    event.preventDefault();
    closeMenu();
    exportAs(link);
  },
  print: () => {
    closeMenu();
    print();
  },
  retry: (button) => {
    if (asking) return;
    const failed = button.closest(".exchange");
    box.focus();
    if (turns.has(failed)) {
      fill(failed);
      return;
    }
    failed.remove();
    begin(slot(failed, "question").textContent);
  },
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-action]");
  const opensElsewhere = target?.href && (event.ctrlKey || event.metaKey || event.shiftKey);
  if (target && !opensElsewhere) ACTIONS[target.dataset.action](target, event);
  if (!event.target.closest(".menu")) closeMenu(false);
});

// Closes the menu, and gives the focus back to what opened it, if it was inside.
function closeMenu(focuses = true) {
  const menu = tools.querySelector(".menu");
  if (!menu.open) return;
  const wasInside = menu.contains(document.activeElement);
  menu.open = false;
  if (focuses && wasInside) menu.querySelector("summary").focus();
}

// A toggle does not bubble.
document.addEventListener("toggle", async ({ target }) => {
  if (!target.matches(".cite[open]")) return;
  const failed = await showStyles(target);
  if (failed) status.textContent = failed;
}, true);

// The address holds the conversation's end, so going back is loading it.
window.addEventListener("popstate", () => {
  if (location.search !== shown) location.reload();
});

// What only works here is shown here.
const fragments = Array.from(document.querySelectorAll("template"), (each) => each.content);
for (const root of [document, ...fragments]) {
  for (const button of root.querySelectorAll("[data-action=print]")) button.hidden = false;
  if (!navigator.clipboard) continue;
  for (const button of root.querySelectorAll("[data-action=copy]")) button.hidden = false;
}
if (desk.matches) box.focus({ preventScroll: true });
await restore();
