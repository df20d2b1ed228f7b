// The chat page. Without this module the page works by its form; with it, answers arrive without loading, and the
// conversation is kept in the browser.

import { addressOf, askedAt, documentsOf, queryOf } from "./addresses.js";
import { box, desk, fill as fillBox, fits, focus, form, recall, tell } from "./box.js";
import { copy, copyStyled, showStyles } from "./citing.js";
import * as kept from "./conversation.js";
import * as earlier from "./earlier.js";
import { give, prepare } from "./feedback.js";
import "./keys.js";
import { answerPart, exchangePart, failedPart, part, showButtons, slot } from "./parts.js";
import { Failure, send, sendForExchange } from "./service.js";
import { relate } from "./suggesting.js";
import { text } from "./texts.js";

const log = document.getElementById("log");
const tools = document.getElementById("tools");
const remembered = Number(form.dataset.remembered);
const AT_ONCE = 3; // questions that are put back at a time
const LATE = 400; // ms until Stop comes; it stands where Ask was pressed
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const turns = new Map(); // what each exchange on the page asks, in their order; only of those with an answer
const missed = new WeakMap(); // what an exchange asked that got none
let asking = null; // the AbortController of the question that is under way
let changing = null; // the exchange whose question is being changed
let gone = null; // the conversation that was cleared
let shown = location.search; // the conversation on the page

const all = () => Array.from(turns.values());

// Asking

// The question as it follows the conversation on the page.
function following(question) {
  const last = all().at(-1);
  const history = last ? [...last.history, last.question].slice(-remembered) : [];
  return { question, history, document: documentsOf(new FormData(form)) };
}

// A turn in the form of a request; what else is kept of it is the page's own.
function wanted({ question, history, document: only }) {
  return { question, history, document: only };
}

function answered(turn, signal) {
  return sendForExchange(wanted(turn), text("failure.no_answer"), signal);
}

// Asks in a new exchange. Its answer takes the place of the one that is `changed`, and of all behind it.
async function ask(turn, changed = null) {
  const order = Array.from(turns.keys());
  const replaced = changed ? order.slice(order.indexOf(changed)) : [];
  const hide = (hidden) => replaced.forEach((each) => Object.assign(each, { hidden }));
  const exchange = exchangePart(turn.question);
  const place = slot(exchange, "answer");
  place.replaceChildren(part("pending"));
  hide(true);
  log.append(exchange);
  markLatest();
  rest(exchange);
  tell(text("status.looking"), { isSeen: true });
  relate({}, null);
  asking = new AbortController();
  const late = setTimeout(showStop, LATE, true);
  try {
    const answer = await answered(turn, asking.signal);
    place.replaceChildren(...answerPart(answer));
    for (const each of replaced) {
      each.remove();
      turns.delete(each);
    }
    turns.set(exchange, { ...turn, at: Date.now() });
    remember(exchange, replaced.length > 1);
    tell(answer.dataset.status, { title: answer.dataset.took });
    const passage = slot(exchange, "feedback")?.elements.passage.value;
    relate(turn, passage ? { id: passage } : null);
  } catch (error) {
    hide(false);
    const isStopped = error.name === "AbortError";
    if (!isStopped && !(error instanceof Failure)) throw error;
    if (isStopped || error.mine) {
      exchange.remove();
      markLatest();
      change(changed);
      if (box.value === "") fillBox(turn.question);
      const words = isStopped ? text("status.stopped") : `${error.title}. ${error.detail}`;
      tell(words, { offers: changed && "cancel", isTrouble: !isStopped });
      focus();
    } else {
      missed.set(exchange, { turn, changed });
      place.replaceChildren(failedPart(error));
      tell("");
    }
  } finally {
    clearTimeout(late);
    asking = null;
    showStop(false);
    bringUp(exchange);
  }
}

function showStop(isShown) {
  const [button, stop] = form.querySelectorAll(".row button");
  if (document.activeElement === stop) focus();
  button.hidden = isShown;
  stop.hidden = !isShown;
}

function markLatest() {
  document.getElementById("latest")?.removeAttribute("id");
  log.lastElementChild?.setAttribute("id", "latest");
}

// Where one types by touch, the box must not keep the focus: its keyboard would cover the answer.
function rest(exchange) {
  if (!desk.matches) return goTo(exchange);
  focus();
  bringUp(exchange);
}

function goTo(exchange) {
  const heading = slot(exchange, "question");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  bringUp(exchange);
}

// The address holds the end of the conversation; the browser keeps it whole.
function remember(exchange, isNew) {
  const turn = turns.get(exchange);
  history.pushState(null, "", `/${queryOf(turn)}`);
  shown = location.search;
  document.title = text("page.title_of", { subject: turn.question });
  kept.keep(all(), isNew);
  prepare(exchange, turn);
}

function change(exchange) {
  changing?.classList.remove("changing");
  changing = exchange;
  exchange?.classList.add("changing");
}

function stopChanging() {
  change(null);
  fillBox("");
  tell("");
  focus();
}

function bringUp(element) {
  element.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}

// The conversation, kept and exported

// What the page shows as it is loaded: the questions of its address, and before them what is kept of the same
// conversation. What is new is kept, but not what one only goes back to.
async function restore() {
  const last = askedAt(location.href);
  if (last === null) return greet();
  const exchanges = Array.from(log.children);
  const questions = [...last.history, last.question];
  const first = questions.length - exchanges.length;
  exchanges.forEach((each, number) => {
    const at = first + number;
    const turn = { ...last, question: questions[at], history: questions.slice(0, at), at: Date.now() };
    turns.set(each, turn);
    prepare(each, turn);
  });
  const before = kept.reopen(last);
  if (before) return putBack(before);
  const isBack = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  const isThere = kept.conversations().some((each) => each.turns.some((turn) => kept.isSame(turn, last)));
  if (!isBack && !isThere) kept.keep(all());
}

function greet() {
  gone = kept.cleared();
  if (gone) tell(text("status.cleared"), { offers: "undo" });
  earlier.showRecent();
}

// The kept questions in their order; those that the page shows already stay as they are.
async function putBack(before) {
  const here = Array.from(turns);
  turns.clear();
  const order = before.map((turn) => {
    const at = here.findLastIndex(([, each]) => kept.isSame(each, turn));
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
    place.replaceChildren(...answerPart(await answered(turn)));
    prepare(place, turn);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    place.replaceChildren(failedPart(error));
  }
}

async function exportAs(link) {
  const { pathname } = new URL(link.href);
  const body = { turns: all().map(wanted) };
  try {
    const response = await send(pathname, text("failure.no_export"), { accept: "*/*", body });
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition"))[1];
    const file = document.createElement("a");
    file.href = URL.createObjectURL(await response.blob());
    file.download = name;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
    tell(text("status.saved", { name }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tell(`${error.title}. ${error.detail}`);
  }
}

// What a person says of an answer, kept with the conversation so that it can be changed later.
async function take(form, pressed) {
  const turn = turns.get(form.closest(".exchange"));
  tell(await give(form, pressed, turn), { isSeen: true });
  if (kept.isUnchanged()) kept.keep(all()); // as no other tab has it
}

// Says what came of copying, on the button too for a while.
async function copied(button, copying) {
  const words = text("status.copied");
  try {
    await copying;
  } catch {
    return tell(text("status.not_copied"));
  }
  tell(words);
  if (button.textContent === words) return;
  const label = Array.from(button.childNodes);
  button.replaceChildren(words);
  setTimeout(() => button.replaceChildren(...label), 2000);
}

// Listening

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (asking || question === "" || !fits()) return;
  fillBox("");
  const changed = changing;
  change(null);
  ask(changed ? { ...wanted(turns.get(changed)), question } : following(question), changed);
});

log.addEventListener("submit", (event) => {
  if (!event.target.matches(".feedback")) return;
  event.preventDefault();
  take(event.target, event.submitter);
});

box.addEventListener("keydown", (event) => {
  if (!changing) recall(event, () => (turns.size > 0 ? all() : (kept.conversations()[0]?.turns ?? [])));
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (asking) asking.abort();
  else if (changing) stopChanging();
  closeMenu();
});

// Ask what a link asks, in its conversation, which is the one that led to its answer or a new one.
function askLinked(link, event) {
  event.preventDefault();
  if (!asking) ask(askedAt(link.href));
}

const ACTIONS = {
  again: askLinked,
  ask: askLinked,
  cancel: stopChanging,
  change: (button) => {
    if (asking) return;
    const exchange = button.closest(".exchange");
    fillBox(slot(exchange, "question").textContent);
    if (turns.has(exchange)) {
      change(exchange);
      const isLast = turns.get(exchange) === all().at(-1);
      tell(text(isLast ? "status.changing" : "status.changing_earlier"), { offers: "cancel" });
    } else exchange.remove();
    focus();
  },
  clear: () => {
    kept.clear();
    location.assign(document.querySelector(".new").href);
  },
  close: (button) => button.closest("dialog").close(),
  copy: (button) => copied(button, copy(button)),
  "copy-styled": (button) => copied(button, copyStyled(button)),
  export: (link, event) => {
    event.preventDefault();
    closeMenu();
    exportAs(link);
  },
  forget: (button) => earlier.toggle(button.closest("li")),
  "forget-all": earlier.toggleAll,
  keys: () => document.getElementById("keys").showModal(),
  latest: (link, event) => {
    event.preventDefault();
    goTo(log.lastElementChild);
  },
  list: earlier.showAll,
  print: () => {
    closeMenu();
    print();
  },
  retry: (button) => {
    if (asking) return;
    const exchange = button.closest(".exchange");
    if (turns.has(exchange)) {
      rest(exchange);
      fill(exchange);
      return;
    }
    const { turn, changed } = missed.get(exchange);
    exchange.remove();
    if (changed?.isConnected) ask(turn, changed);
    else ask(following(turn.question));
  },
  stop: () => asking?.abort(),
  undo: () => {
    kept.putBack(gone);
    location.assign(addressOf(gone.turns.at(-1)));
  },
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-action]");
  const opensElsewhere = target?.href && (event.ctrlKey || event.metaKey || event.shiftKey);
  if (target && !opensElsewhere) ACTIONS[target.dataset.action](target, event);
  closeMenu(event.target);
});

// Closes the menus that are open and do not hold what was pressed, and gives the focus back to what opened one.
function closeMenu(pressed = null) {
  for (const menu of document.querySelectorAll(".menu[open], .cite[open]")) {
    if (menu.contains(pressed)) continue;
    const wasInside = menu.contains(document.activeElement);
    menu.open = false;
    if (wasInside && !pressed) menu.querySelector("summary").focus();
  }
}

// A toggle does not bubble.
document.addEventListener("toggle", async ({ target }) => {
  if (!target.matches(".cite[open]")) return;
  const failed = await showStyles(target);
  target.lastElementChild.scrollIntoView({ block: "nearest" });
  if (failed) tell(failed);
}, true);

// The address holds the conversation's end, so going back is loading it.
window.addEventListener("popstate", () => {
  if (location.search !== shown) location.reload();
});

showButtons(document);
for (const { content } of document.querySelectorAll("template")) showButtons(content);
if (desk.matches) {
  const begin = () => box.focus({ preventScroll: true });
  begin();
  // Scrolling to the address's fragment, once the page is drawn, may take the focus away: at once, so that no key is lost.
  if (location.hash) box.addEventListener("blur", ({ relatedTarget }) => relatedTarget ?? begin(), { once: true });
}
const restored = restore();
if ("entered" in box.dataset) form.requestSubmit(); // Enter was pressed before this module ran
await restored;
