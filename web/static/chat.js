// The chat page. Without this module the page works by its form; with it, answers arrive without loading.
// Every text is put in as text: nothing from a document or a question is ever parsed as HTML.

const form = document.getElementById("ask");
const box = document.getElementById("q");
const log = document.getElementById("log");
const status = document.getElementById("status");
const remembered = Number(form.dataset.remembered);
const oldAfter = Number(form.dataset.oldAfter);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const desk = matchMedia("(hover: hover) and (pointer: fine)");

let asking = null; // the AbortController of the question that is under way
let shown = location.search; // the conversation on the page

const part = (name) => document.getElementById(name).content.cloneNode(true);
const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

// The request for a question in the conversation that the form holds.
function request(question) {
  const fields = new FormData(form);
  return { question, history: fields.getAll("history"), document: fields.get("document") };
}

// Filling the parts

function drop(element) {
  (element.closest("[data-optional]") ?? element).remove();
}

function put(root, name, text) {
  const element = slot(root, name);
  const shown = text || element.dataset.absent;
  if (shown) element.textContent = shown;
  else drop(element);
}

function link(root, name, href, text) {
  if (!href) return slot(root, name).remove();
  slot(root, name).href = href;
  slot(root, name).textContent = text;
}

function repeat(root, name, values, fill) {
  const list = slot(root, name);
  const [specimen] = list.children;
  if (values.length === 0) return drop(list);
  list.replaceChildren(
    ...values.map((value) => {
      const entry = specimen.cloneNode(true);
      fill(entry, value);
      return entry;
    }),
  );
}

// Offsets count code points; a JavaScript string counts UTF-16 units.
function fillQuote(element, { text, highlights }) {
  const characters = Array.from(text);
  const cut = (start, end) => characters.slice(start, end).join("");
  let reached = 0;
  element.replaceChildren();
  for (const [start, end] of highlights) {
    const mark = document.createElement("mark");
    mark.textContent = cut(start, end);
    element.append(cut(reached, start), mark);
    reached = end;
  }
  element.append(cut(reached));
  element.normalize();
}

function fillFigure(root, { text: figure, start, end, context: [first, last], href }, characters) {
  const cut = (from, to) => characters.slice(from, to).join("");
  link(root, "figure", href, figure);
  const bold = document.createElement("b");
  bold.textContent = figure;
  slot(root, "context").replaceChildren(cut(first, start), bold, cut(end, last));
}

function webAddress(url) {
  const parts = URL.canParse(url ?? "") ? new URL(url) : null;
  return ["http:", "https:"].includes(parts?.protocol) ? url : null;
}

function longDate(day) {
  return new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" }).format(new Date(day));
}

function fillReference(root, { marker, text, doi, pmid, url }) {
  const path = (id) => encodeURIComponent(id).replaceAll("%2F", "/");
  put(root, "marker", `[${marker}]`);
  put(root, "text", text);
  link(root, "doi", doi && `https://doi.org/${path(doi)}`, `doi:${doi}`);
  link(root, "pmid", pmid && `https://pubmed.ncbi.nlm.nih.gov/${path(pmid)}/`, `PubMed ${pmid}`);
  link(root, "link", webAddress(url), "Link");
}

function fillCited(root, { passage, citation }) {
  const { document: source } = citation;
  fillQuote(slot(root, "quote"), passage);
  link(root, "title", citation.href, source.title);
  const path = citation.section[0] === source.title ? citation.section.slice(1) : citation.section;
  put(root, "section", path.join(" › "));
  put(root, "authors", source.authors.join(", "));
  put(root, "publisher", source.publisher);
  put(root, "updated", source.updated && `Updated ${longDate(source.updated)}`);
  put(root, "page", citation.page && `Page ${citation.page}`);
  const age = citation.years_old;
  if (age !== null && age >= oldAfter) put(root, "years", age === 1 ? "1 year" : `${age} years`);
  else slot(root, "age").remove();
  link(root, "url", webAddress(citation.original), "Original");
  const characters = Array.from(passage.text);
  put(root, "figure-count", String(passage.figures.length));
  repeat(root, "figures", passage.figures, (row, figure) => fillFigure(row, figure, characters));
  const isUnlisted = citation.references_status === "no_reference_list";
  if (!isUnlisted) slot(root, "unlisted").remove();
  repeat(root, "references", isUnlisted ? [] : citation.references, fillReference);
  root.querySelector("[data-action=copy]").dataset.label = citation.label;
  for (const each of root.querySelectorAll("[data-export]")) each.href = exported(citation.permalink, each.dataset);
}

// What was read otherwise than it stands, each with the address that asks for it as it stands.
function fillReading(root, asked, name, { from, to }) {
  const text = { corrected: `Search instead for “${from}”`, expanded: `Search for “${from}” alone` };
  const quoted = inQuotes(asked.question, from);
  if (name === "expanded") put(root, "from", from);
  put(root, "to", to);
  link(root, "literally", quoted && addressOf({ ...asked, question: quoted }), text[name]);
}

function fillInterpretation(root, asked, { corrected, expanded, carried_over: carried, missing }) {
  repeat(root, "corrected", corrected, (entry, reading) => fillReading(entry, asked, "corrected", reading));
  repeat(root, "expanded", expanded, (entry, reading) => fillReading(entry, asked, "expanded", reading));
  slot(root, "alone").href = addressOf({ ...asked, history: [] });
  put(root, "carried_over", carried.join(", "));
  put(root, "missing", missing.join(", "));
}

function answerPart(asked, answer) {
  const isOutline = answer.outline.length > 0;
  const root = part(isOutline ? "outlined" : answer.answered ? "answered" : "nothing-found");
  if (isOutline) {
    put(root, "parts", String(answer.outline.length));
    repeat(root, "outline", answer.outline, fillCited);
  } else if (answer.answered) fillCited(slot(root, "best"), answer);
  else put(root, "reason", answer.reason);
  fillInterpretation(root, asked, answer.interpretation);
  put(root, "count", String(answer.alternatives.length));
  repeat(root, "alternatives", answer.alternatives, fillCited);
  return root;
}

function failedPart(failure) {
  const root = part("failed");
  put(root, "title", failure.title);
  put(root, "detail", failure.detail);
  if (failure.mine) root.querySelector("[data-action=retry]").parentElement.remove();
  return root;
}

// What a screen reader says: the sentence that answers and its document, not the whole exchange.
function announcement(answer) {
  if (!answer.answered) return `Nothing found. ${answer.reason}`;
  if (answer.outline.length > 0) return `Answer in ${answer.outline.length} parts. From: ${answer.citation.document.title}`;
  const characters = Array.from(answer.passage.text);
  const said = answer.passage.highlights.map(([start, end]) => characters.slice(start, end).join("")).join(" … ");
  return `Answer: ${said || answer.passage.text} From: ${answer.citation.document.title}`;
}

// Addresses, as web/pages.py writes them

// The question with the first of these words that stand outside quotation marks put inside; null if none do.
function inQuotes(question, written) {
  const literal = written.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const letter = "[\\p{L}\\p{N}_]";
  const places = question.matchAll(new RegExp(`"[^"]*"|“[^”]*”|(?<!${letter})(${literal})(?!${letter})`, "gu"));
  for (const { 1: found, index } of places) {
    if (found) return `${question.slice(0, index)}"${found}"${question.slice(index + found.length)}`;
  }
  return null;
}

function addressOf({ question, history, document: asked }) {
  const fields = [...history.map((each) => ["history", each]), ["q", question]];
  if (asked !== null) fields.unshift(["document", asked]);
  return `/?${fields.map((field) => field.map(encodeURIComponent).join("=")).join("&")}#latest`;
}

function exported(permalink, { export: suffix, style }) {
  const [path, query] = permalink.split("?");
  return `${path}${suffix}?${query}${style ? `&style=${style}` : ""}`;
}

// Asking

class Failure extends Error {
  constructor(title, detail, mine = false) {
    super(detail);
    Object.assign(this, { title, detail, mine });
  }
}

// What is wrong, for a person; the detail's hint is for programs where fields are named.
function problemText({ detail, errors }) {
  return errors?.map((each) => `The ${each.pointer.slice(1) || "request"} ${each.detail}.`).join(" ") ?? detail;
}

async function fetchAnswer(asked, signal) {
  const body = JSON.stringify(asked);
  const headers = { "Content-Type": "application/json", Accept: "application/json, application/problem+json" };
  let response;
  let received;
  try {
    response = await fetch("/ask", { method: "POST", headers, body, signal });
    received = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("No answer came", "The service could not be reached. It may have been stopped.");
  }
  if (!response.ok) throw new Failure(received.title, problemText(received), response.status < 500);
  return received;
}

async function ask(exchange, question) {
  const place = slot(exchange, "answer");
  asking = new AbortController();
  form.classList.add("asking");
  place.replaceChildren(part("pending"));
  status.textContent = "Looking in the documents…";
  scrollTo(exchange);
  try {
    const asked = request(question);
    const answer = await fetchAnswer(asked, asking.signal);
    place.replaceChildren(answerPart(asked, answer));
    status.textContent = announcement(answer);
    remember(question);
  } catch (error) {
    if (error.name === "AbortError") {
      exchange.remove();
      status.textContent = "Stopped.";
      giveBack(question);
    } else if (error instanceof Failure) {
      place.replaceChildren(failedPart(error));
      status.textContent = `${error.title}. ${error.detail}`;
      if (error.mine) giveBack(question);
    } else throw error;
  } finally {
    asking = null;
    form.classList.remove("asking");
    scrollTo(exchange);
  }
}

function begin(question) {
  document.getElementById("welcome")?.remove();
  document.getElementById("anew").hidden = false;
  const exchange = part("exchange").firstElementChild;
  slot(exchange, "question").textContent = question;
  log.append(exchange);
  ask(exchange, question);
}

// The form holds the conversation, so that its next address, and this page's, hold it too.
function remember(question) {
  const address = new URL("/", location.href);
  const fields = new FormData(form);
  fields.set("q", question);
  address.search = new URLSearchParams(fields);
  history.pushState(null, "", address);
  shown = location.search;
  document.title = `${question} – pincite`;
  hold(question);
  const all = form.querySelectorAll("input[name=history]");
  if (all.length > remembered) all[0].remove();
}

function hold(question) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "history", value: question });
  form.querySelector("label").before(field);
}

// Ask what a link asks, in its conversation, which is the one that led to its answer or a new one.
function askAgain(link) {
  const fields = new URL(link.href).searchParams;
  for (const field of form.querySelectorAll("input[name=history]")) field.remove();
  fields.getAll("history").forEach(hold);
  box.focus();
  begin(fields.get("q"));
}

function giveBack(question) {
  if (box.value.trim() === "") box.value = question;
}

function scrollTo(element) {
  element.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}

async function copy(button) {
  const quote = slot(button.closest("figure"), "quote").textContent;
  await navigator.clipboard.writeText(`“${quote}”\n${button.dataset.label}`);
  say(button, "Copied");
}

// What came of pressing a button, on it for a while; pressed again meanwhile, it has no other label to go back to.
function say(button, text) {
  status.textContent = text;
  if (button.textContent === text) return;
  const label = Array.from(button.childNodes);
  button.replaceChildren(text);
  setTimeout(() => button.replaceChildren(...label), 2000);
}

// The citation in each style, fetched when their list is opened; on a failure, again when it is opened again.
async function showStyles(list) {
  const links = Array.from(list.querySelectorAll("[data-style]"));
  if (slot(list, "styled").textContent !== "") return;
  const uncited = slot(list, "uncited");
  uncited.hidden = true;
  try {
    const texts = await Promise.all(links.map((each) => fetchStyled(each.href)));
    links.forEach((each, number) => {
      const entry = each.closest("li");
      slot(entry, "styled").textContent = texts[number];
      entry.querySelector("button").hidden = !navigator.clipboard;
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    uncited.textContent = status.textContent = `${error.title}. ${error.detail}`;
    uncited.hidden = false;
  }
}

async function fetchStyled(address) {
  const title = "The citation could not be written";
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "text/plain, application/problem+json" } });
    if (response.ok) return await response.text();
    response = await response.json();
  } catch {
    throw new Failure(title, "The service could not be reached. It may have been stopped.");
  }
  throw new Failure(title, problemText(response));
}

async function copyStyled(button) {
  await navigator.clipboard.writeText(slot(button.closest("li"), "styled").textContent);
  say(button, "Copied");
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

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") asking?.abort();
});

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-action]");
  const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
  if (target?.dataset.action === "again" && !opensElsewhere) {
    event.preventDefault();
    if (!asking) askAgain(target);
  }
  if (target?.dataset.action === "copy") copy(target);
  if (target?.dataset.action === "copy-styled") copyStyled(target);
  if (target?.dataset.action === "retry" && !asking) {
    const exchange = target.closest(".exchange");
    ask(exchange, slot(exchange, "question").textContent);
    box.focus();
  }
});

// A toggle does not bubble.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches(".cite[open]")) showStyles(target);
}, true);

// The address holds the whole conversation, so going back is loading it.
window.addEventListener("popstate", () => {
  if (location.search !== shown) location.reload();
});

if (navigator.clipboard) {
  const templates = Array.from(document.querySelectorAll("template"), (each) => each.content);
  for (const root of [document, ...templates]) {
    for (const button of root.querySelectorAll("[data-action=copy]")) button.hidden = false;
  }
}
if (desk.matches) box.focus({ preventScroll: true });
