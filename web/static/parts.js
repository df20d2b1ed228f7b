// The parts of an answer, cloned out of the page's <template> elements and filled in.
// Every text is put in as text: nothing from a document or a question is ever parsed as HTML.

import { addressOf, exported, inQuotes, knownBy, queryOf, webAddress } from "./addresses.js";
import { text } from "./texts.js";

const { dataset } = document.getElementById("ask");
const oldAfter = Number(dataset.oldAfter);
const ranges = JSON.parse(dataset.sureness); // each the least confidence at which a text says it

export const part = (name) => document.getElementById(name).content.cloneNode(true);
export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

export function exchangePart(question) {
  const exchange = part("exchange").firstElementChild;
  slot(exchange, "question").textContent = question;
  return exchange;
}

export function answerPart(asked, answer) {
  const isOutline = answer.outline.length > 0;
  const isFound = answer.outcome !== "nothing_found";
  const root = part(isOutline ? "outlined" : isFound ? "answered" : "nothing-found");
  if (isOutline) {
    put(root, "parts", String(answer.outline.length));
    repeat(root, "outline", answer.outline, fillCited);
  } else if (isFound) fillCited(slot(root, "best"), answer);
  fillInterpretation(root, asked, answer.interpretation);
  if (isFound) {
    fillPossible(slot(root, "possible"), answer);
    put(root, "missing", answer.interpretation.missing.join(", "));
    put(root, "count", String(answer.alternatives.length));
    fillFeedback(slot(root, "feedback"), asked, answer);
  } else fillNothing(root, asked, answer);
  repeat(root, "alternatives", answer.alternatives, fillCited);
  put(root, "today", longDate(new Date(), undefined));
  put(root, "address", `${location.origin}/${queryOf(asked)}`);
  return root;
}

export function failedPart(failure) {
  const root = part("failed");
  put(root, "title", failure.title);
  put(root, "detail", failure.detail);
  if (failure.mine) root.querySelector("[data-action=retry]").parentElement.remove();
  return root;
}

function fillPossible(root, { outcome, confidence, reason }) {
  if (outcome !== "possible") return root.remove();
  put(root, "sureness", text(ranges.find(([least]) => confidence >= least)[1]));
  put(root, "reason", reason);
}

function fillNothing(root, asked, { reason, alternatives, interpretation: { missing } }) {
  put(root, "reason", reason);
  if (asked.document !== null) slot(root, "everywhere").href = addressOf({ ...asked, document: null });
  else if (alternatives.length > 0 || missing.length > 0) drop(slot(root, "everywhere"));
  else slot(root, "try").remove();
}

function fillFeedback(form, { question, history, document: only }, { passage, citation }) {
  const set = (name, value) => {
    form.elements[name].defaultValue = value ?? "";
  };
  set("key", Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(""));
  set("question", question);
  set("passage", passage.id);
  set("is", knownBy(citation.permalink));
  const { document: specimen } = form.elements;
  const sent = { history, document: [only ?? []].flat() };
  for (const [name, values] of Object.entries(sent)) {
    for (const each of values) {
      const field = specimen.cloneNode();
      Object.assign(field, { name, defaultValue: each });
      specimen.before(field);
    }
  }
  specimen.remove();
}

function drop(element) {
  (element.closest("[data-optional]") ?? element).remove();
}

function put(root, name, words) {
  const element = slot(root, name);
  const shown = words || element.dataset.absent;
  if (shown) element.textContent = shown;
  else drop(element);
}

function link(root, name, href, words) {
  if (!href) return slot(root, name).remove();
  slot(root, name).href = href;
  slot(root, name).textContent = words;
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
function fillQuote(element, { text: words, highlights }) {
  const characters = Array.from(words);
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

function longDate(day, timeZone = "UTC") {
  return new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone }).format(new Date(day));
}

function fillReference(root, { marker, text: words, doi, pmid, url }) {
  const path = (id) => encodeURIComponent(id).replaceAll("%2F", "/");
  put(root, "marker", text("citation.marker", { marker }));
  put(root, "text", words);
  link(root, "doi", doi && `https://doi.org/${path(doi)}`, text("citation.doi", { id: doi }));
  link(root, "pmid", pmid && `https://pubmed.ncbi.nlm.nih.gov/${path(pmid)}/`, text("citation.pubmed", { id: pmid }));
  link(root, "link", webAddress(url), text("citation.link"));
}

function fillCited(root, { passage, citation }) {
  const { document: source } = citation;
  const figure = root.matches("figure") ? root : root.querySelector("figure");
  figure.setAttribute("aria-label", text("citation.quotation", { title: source.title }));
  fillQuote(slot(root, "quote"), passage);
  link(root, "title", citation.href, source.title);
  const path = citation.section[0] === source.title ? citation.section.slice(1) : citation.section;
  put(root, "section", path.join(" › "));
  put(root, "authors", source.authors.join(", "));
  put(root, "publisher", source.publisher);
  put(root, "updated", source.updated && text("citation.updated", { date: longDate(source.updated) }));
  put(root, "page", citation.page && text("citation.page", { number: citation.page }));
  const age = citation.years_old;
  if (age !== null && age >= oldAfter) put(root, "years", text("citation.years", { count: age }));
  else slot(root, "age").remove();
  link(root, "url", webAddress(citation.original), text("citation.original"));
  put(root, "permalink", location.origin + citation.permalink);
  const characters = Array.from(passage.text);
  put(root, "figure-count", String(passage.figures.length));
  repeat(root, "figures", passage.figures, (row, figure) => fillFigure(row, figure, characters));
  const isUnlisted = citation.references_status === "no_reference_list";
  if (!isUnlisted) slot(root, "unlisted").remove();
  put(root, "reference-count", String(citation.references.length));
  repeat(root, "references", isUnlisted ? [] : citation.references, fillReference);
  root.querySelector("[data-action=copy]").dataset.label = citation.label;
  for (const each of root.querySelectorAll("[data-export]")) each.href = exported(citation.permalink, each.dataset);
}

// What was read otherwise than it stands, each with the address that asks for it as it stands.
function fillReading(root, asked, name, { from: written, to: read }) {
  const quoted = inQuotes(asked.question, written);
  if (name === "expanded") put(root, "from", written);
  put(root, "to", read);
  const label = text(`reading.${name}_undo`, { written });
  link(root, "literally", quoted && addressOf({ ...asked, question: quoted }), label);
}

function fillInterpretation(root, asked, { corrected, expanded, carried_over: carried }) {
  repeat(root, "corrected", corrected, (entry, reading) => fillReading(entry, asked, "corrected", reading));
  repeat(root, "expanded", expanded, (entry, reading) => fillReading(entry, asked, "expanded", reading));
  slot(root, "alone").href = addressOf({ ...asked, history: [] });
  put(root, "carried_over", carried.join(", "));
}
