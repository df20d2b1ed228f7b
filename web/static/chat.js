// The chat page. Without this module the page works by its form; with it, answers arrive without loading.
// Every text is put in as text: nothing from a document or a question is ever parsed as HTML.

const form = document.getElementById("ask");
const box = document.getElementById("q");
const log = document.getElementById("log");
const status = document.getElementById("status");
const remembered = Number(form.dataset.remembered);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const desk = matchMedia("(hover: hover) and (pointer: fine)");

let asking = null; // the AbortController of the question that is under way
let shown = location.search; // the conversation on the page

const part = (name) => document.getElementById(name).content.cloneNode(true);
const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);
const earlier = () => new FormData(form).getAll("history");

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

function webAddress(url) {
  const parts = URL.canParse(url ?? "") ? new URL(url) : null;
  return ["http:", "https:"].includes(parts?.protocol) ? url : null;
}

function longDate(day) {
  return new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" }).format(new Date(day));
}

function fillReference(root, { marker, text, doi, pmid }) {
  const path = (id) => encodeURIComponent(id).replaceAll("%2F", "/");
  put(root, "marker", `[${marker}]`);
  put(root, "text", text);
  link(root, "doi", doi && `https://doi.org/${path(doi)}`, `doi:${doi}`);
  link(root, "pmid", pmid && `https://pubmed.ncbi.nlm.nih.gov/${path(pmid)}/`, `PubMed ${pmid}`);
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
  link(root, "url", webAddress(source.url), "Original");
  repeat(root, "references", citation.references, fillReference);
  root.querySelector("[data-action=copy]").dataset.label = citation.label;
}

function answerPart(answer) {
  const root = part(answer.answered ? "answered" : "nothing-found");
  if (answer.answered) fillCited(slot(root, "best"), answer);
  else put(root, "reason", answer.reason);
  put(root, "carried_over", answer.interpretation.carried_over.join(", "));
  put(root, "missing", answer.interpretation.missing.join(", "));
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
  const characters = Array.from(answer.passage.text);
  const said = answer.passage.highlights.map(([start, end]) => characters.slice(start, end).join("")).join(" … ");
  return `Answer: ${said || answer.passage.text} From: ${answer.citation.document.title}`;
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

async function fetchAnswer(question, signal) {
  const body = JSON.stringify({ question, history: earlier(), document: new FormData(form).get("document") });
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
    const answer = await fetchAnswer(question, asking.signal);
    place.replaceChildren(answerPart(answer));
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
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "history", value: question });
  form.querySelector("label").before(field);
  const all = form.querySelectorAll("input[name=history]");
  if (all.length > remembered) all[0].remove();
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
  const label = button.textContent;
  button.textContent = status.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 2000);
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
  if (target?.dataset.action === "copy") copy(target);
  if (target?.dataset.action === "retry" && !asking) {
    const exchange = target.closest(".exchange");
    ask(exchange, slot(exchange, "question").textContent);
    box.focus();
  }
});

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
