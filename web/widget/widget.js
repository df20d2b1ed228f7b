// <pincite-ask>: a box to ask in, for pages of other origins. They load it as a module,
//
//   <script type="module" src="https://pincite.example.org/widget.js"></script>
//   <pincite-ask document="second-line-therapies"></pincite-ask>
//
// and the service names their origin in its setting. What stands inside of the element is shown where it cannot load.
// Every text is put in as text: nothing from a document or a question is ever parsed as HTML.

const TEXTS = null; // filled in as this is served, for each language
const REMEMBERED = null; // the same: how many earlier questions are sent along
const SURENESS = null; // the same: each the least confidence at which a text says it
const SOURCE = "en"; // the language of documents and questions
const CLOSEST = 3; // passages that are shown where none answers
const SERVICE = new URL(import.meta.url).origin;

// The language of an element with the widget: what its `data-language` says, or else the page around it, or the browser;
// the first of them that there are texts in.
function languageOf(element) {
  const wanted = [element.dataset.language, element.closest("[lang]")?.lang, ...navigator.languages, "en"];
  for (const tag of wanted.filter(Boolean)) {
    const parts = tag.toLowerCase().split("-");
    for (; parts.length > 0; parts.pop()) {
      if (parts.join("-") in TEXTS) return parts.join("-");
    }
  }
  return Object.keys(TEXTS)[0];
}

const QUIETLY = { credentials: "omit", referrerPolicy: "no-referrer" };
const STATUS = { answered: "status.answered", possible: "status.possible", nothing_found: "status.nothing" };

const STYLE = `
:host {
  --ink: light-dark(#1e1c19, #eceae5);
  --soft: light-dark(#4c4842, #bdbab3);
  --sheet: light-dark(#ffffff, #1d2125);
  --rule: light-dark(#ddd8cd, #363b41);
  --edge: light-dark(#7a746a, #8b9097);
  --accent: var(--pincite-accent, light-dark(#0b4a66, #9fd0ec));
  --on-accent: var(--pincite-on-accent, light-dark(#ffffff, #0f1a20));
  --mark: light-dark(#ffe9a6, #57470f);
  --on-mark: light-dark(#1e1c19, #fff6dc);
  --stroke: light-dark(#b07a00, #e8c65a);
  --alarm: light-dark(#8a1c12, #ffb4a8);
  display: block;
  max-width: 42rem;
  border: 1px solid var(--rule);
  border-radius: 0.75rem;
  background: var(--sheet);
  color: var(--ink);
  font: 400 1rem/1.55 var(--pincite-font, system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif);
  overflow-wrap: anywhere;
}
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
section { padding: 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; margin-bottom: 0.75rem; }
.name { font-weight: 650; }
.scope { font-size: 0.875rem; color: var(--soft); }
h2, p, blockquote, article { margin: 0; }
.log { position: relative; max-height: var(--pincite-height, 32rem); overflow-y: auto; }
.log:empty { display: none; }
article { padding-bottom: 1.25rem; }
article + article { padding-top: 1.25rem; border-top: 1px solid var(--rule); }
h2 { margin-bottom: 0.6rem; font-size: 1.0625rem; line-height: 1.35; }
h3 { margin: 0 0 0.25rem; font-size: 1rem; line-height: 1.35; }
ul { margin: 0 0 0.75rem; padding-inline-start: 1.2rem; font-size: 0.875rem; }
.place + blockquote { margin-top: 1.25rem; }
blockquote {
  padding-inline-start: 0.9rem;
  border-inline-start: 3px solid var(--accent);
  font: 400 1.0625rem/1.55 Charter, "Bitstream Charter", Georgia, "Liberation Serif", serif;
  white-space: pre-wrap;
}
blockquote > * + .hid + * { margin-top: 0.7em; }
blockquote ul { margin: 0; font-size: inherit; list-style: none; }
blockquote li:not(.dot) { margin-inline-start: -1.2rem; padding-inline-start: 1.4em; text-indent: -1.4em; }
.dot { list-style: disc; }
.hid { display: none; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font: 400 0.875rem/1.45 var(--pincite-font, system-ui, sans-serif); overflow-wrap: normal; }
:is(th, td) { padding: 0.35rem 0.6rem; border: 1px solid var(--rule); text-align: start; vertical-align: top; }
pre, code { font: 400 0.875em/1.5 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; }
pre { margin: 0; }
code { padding: 0.1em 0.3em; border: 1px solid var(--rule); border-radius: 0.25em; }
mark { background: var(--mark); color: var(--on-mark); text-decoration: underline 0.12em var(--stroke); text-underline-offset: 0.22em; }
mark::before { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); content: attr(data-heard); }
.instead blockquote { border-inline-start-color: var(--edge); }
.instead mark { background: none; color: inherit; text-decoration: underline; text-decoration-color: var(--edge); }
.place { margin-top: 0.6rem; font-size: 0.875rem; color: var(--soft); }
.place a { font-weight: 600; }
.reason { margin-bottom: 0.5rem; }
.reading { margin-bottom: 0.5rem; font-size: 0.875rem; color: var(--soft); }
.failed { color: var(--alarm); }
a { color: var(--accent); text-underline-offset: 0.2em; }
a.more { display: inline-flex; align-items: center; min-height: 2.75rem; font-size: 0.875rem; }
.above { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-bottom: 0.3rem; font-size: 0.875rem; color: var(--soft); }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: flex-end; }
textarea {
  flex: 1 1 8rem;
  min-width: 0;
  min-height: 2.9rem;
  max-height: 9rem;
  padding: 0.6rem 0.8rem;
  border: 1px solid var(--edge);
  border-radius: 0.5rem;
  background: transparent;
  color: inherit;
  font: inherit;
  field-sizing: content;
  resize: none;
}
button {
  min-height: 2.9rem;
  padding: 0 1.2rem;
  border: 0;
  border-radius: 0.5rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-size: 0.9375rem;
  font-weight: 600;
  cursor: pointer;
}
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

// What gives the texts of a language, filled in. `language` is its tag.
function textsOf(language) {
  const plural = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language, { useGrouping: "always" });
  const written = (value) => (typeof value === "number" ? numbers.format(value) : value);
  const text = (key, values = {}) => {
    const [table, name] = key.split(".");
    const found = TEXTS[language][table][name];
    const form = typeof found === "string" ? found : (found[plural.select(values.count)] ?? found.other);
    return form.replace(/\{(\w+)\}/g, (_, slot) => written(values[slot]));
  };
  return Object.assign(text, { language });
}

// Why there is no answer, or what a possible one lacks; empty without.
function why({ reason_code: code, reason_words: words }, text) {
  if (code === null) return "";
  const quoted = words.map((word) => text("reason.word", { word }));
  const last = quoted.pop();
  const either = quoted.length > 0 ? text("reason.or", { others: quoted.join(", "), last }) : last;
  return text(`reason.${code}${last && code === "too_little" ? "_lacking" : ""}`, { words: either });
}

// An element with its attributes, and what is in it.
function make(name, attributes = {}, ...within) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...within);
  return element;
}

// The words of a passage, drawn as its blocks are, with the highlights marked. What only draws a table or a list is
// hidden, so that the text of the element is the passage. Offsets count code points; a string counts UTF-16 units.
function quotation({ text: words, highlights, blocks }, text, heard = "") {
  const characters = Array.from(words);
  const quote = make("blockquote", { dir: "auto", lang: SOURCE });
  let reached = 0;
  const cut = (start, end) => characters.slice(start, end).join("");
  const hidden = (end) => {
    const gap = cut(reached, end);
    reached = end;
    return gap === "" ? [] : [make("span", { class: "hid" }, gap)];
  };
  const code = blocks.flatMap((block) => block.code);
  const coded = (start, end) => {
    const nodes = [];
    let at = start;
    for (const [from, to] of code) {
      const [a, b] = [Math.max(from, at), Math.min(to, end)];
      if (a >= b) continue;
      nodes.push(cut(at, a), make("code", {}, cut(a, b)));
      at = b;
    }
    nodes.push(cut(at, end));
    return nodes;
  };
  const ink = (end) => {
    const nodes = [];
    for (const [from, to] of highlights) {
      const [a, b] = [Math.max(from, reached), Math.min(to, end)];
      if (a >= b) continue;
      nodes.push(...coded(reached, a), make("mark", { "data-heard": heard }, ...coded(a, b)));
      heard = "";
      reached = b;
    }
    nodes.push(...coded(reached, end));
    reached = end;
    return nodes;
  };
  for (const { kind, start, end, headed, rows } of blocks) {
    quote.append(...hidden(start));
    if (kind === "table") {
      const row = (cells, number) => cells.map(([a, b], place) => {
        const inside = [...hidden(a), ...ink(b)];
        if (number === rows.length - 1 && place === cells.length - 1) inside.push(...hidden(end));
        return headed && number === 0 ? make("th", { scope: "col" }, ...inside) : make("td", {}, ...inside);
      });
      const table = make("table", {}, ...rows.map((cells, number) => make("tr", {}, ...row(cells, number))));
      quote.append(make("div", { class: "table", role: "group", "aria-label": text("citation.table"), tabindex: "0" }, table));
    } else if (kind === "list") {
      const items = rows.map(([[a, b], [c, d]]) => {
        const isNumbered = /[\p{L}\p{N}]/u.test(cut(a, b));
        return make("li", isNumbered ? {} : { class: "dot" }, ...hidden(isNumbered ? a : c), ...ink(d));
      });
      quote.append(make("ul", { role: "list" }, ...items), ...hidden(end));
    } else quote.append(make(kind === "code" ? "pre" : "p", {}, ...ink(end)));
  }
  quote.append(...ink(characters.length));
  return quote;
}

function place({ citation }, text) {
  const { document: source, section, page, href } = citation;
  const path = section[0] === source.title ? section.slice(1) : section;
  const day = new Intl.DateTimeFormat(text.language, { dateStyle: "long", timeZone: "UTC" });
  const updated = source.updated
    ? text("citation.updated", { date: day.format(new Date(source.updated)) })
    : text("citation.undated");
  const facts = [path.length > 0 && text("citation.section", { path: path.join(" › ") }), page && text("citation.page", { number: String(page) }), updated];
  const link = make("a", { href: SERVICE + href, target: "_blank", rel: "noopener", dir: "auto", lang: SOURCE }, source.title);
  return make("p", { class: "place", "aria-live": "off" }, link, ` · ${facts.filter(Boolean).join(" · ")}`);
}

function readings({ corrected, carried_over: carried, missing }, isFound, text) {
  const lines = corrected.map(({ to }) => text("reading.corrected", { read: to }));
  if (carried.length > 0) lines.push(text("reading.carried_over", { words: carried.join(", ") }));
  if (isFound && missing.length > 0) lines.push(text("reading.missing", { words: missing.join(", ") }));
  return lines.map((line) => make("p", { class: "reading", dir: "auto" }, line));
}

// What stands above a passage that may answer.
function possible(answer, text) {
  if (answer.outcome !== "possible") return [];
  const [, key] = SURENESS.find(([least]) => answer.confidence >= least);
  const said = [text(key), why(answer, text)].filter(Boolean).join(" ");
  return [make("h3", {}, text("possible.title")), make("p", { class: "reading", dir: "auto" }, said)];
}

// What to try where nothing is found, and the closest passages.
function instead({ document: only }, { alternatives, interpretation: { missing } }, text) {
  if (only === null && alternatives.length === 0 && missing.length === 0) return [];
  const keys = ["nothing.words", "nothing.quotes"];
  if (text.language !== SOURCE) keys.unshift("language.ask_in");
  const tries = keys.map((key) => make("li", {}, text(key)));
  const ways = [make("h3", {}, text("nothing.try")), make("ul", {}, ...tries)];
  const closest = alternatives.flatMap((each) => [quotation(each.passage, text), place(each, text)]);
  if (closest.length > 0) closest.unshift(make("h3", {}, text("further.closest")));
  return [make("div", { class: "instead", "aria-live": "off" }, ...ways, ...closest)];
}

class PinciteAsk extends HTMLElement {
  #text = textsOf(languageOf(this));
  #history = [];
  #log = make("div", { class: "log", role: "log", "aria-label": this.#text("ask.log"), tabindex: "0" });
  #box = make("textarea", { id: "q", rows: "1", required: "", dir: "auto", lang: SOURCE, enterkeyhint: "send" });
  #status = make("p", { role: "status" });
  #scope = make("p", { class: "scope", dir: "auto" });
  #asking = false;

  constructor() {
    super();
    const text = this.#text;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const label = make("label", { for: "q" }, text("ask.label"));
    const button = make("button", { type: "submit" }, text("ask.button"));
    const above = make("div", { class: "above" }, label, this.#status);
    const form = make("form", {}, above, make("div", { class: "row" }, this.#box, button));
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [sheet];
    const name = this.getAttribute("label") ?? text("widget.label");
    const head = make("header", {}, make("p", { class: "name" }, name), this.#scope);
    root.append(make("section", { "aria-label": name, lang: text.language }, head, this.#log, form));
    this.#sayScope();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(this.#box.value.trim());
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  // The only documents to ask: null, an id, or several. The attribute has them apart by spaces.
  #documents() {
    const ids = (this.getAttribute("document") ?? "").split(/\s+/).filter(Boolean);
    return ids.length > 1 ? ids : (ids[0] ?? null);
  }

  // What says who asks, where the service wants to know. Whoever reads the page can read the token.
  #headers() {
    const token = this.getAttribute("token");
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  // Which documents it answers from; nothing where that cannot be learnt.
  async #sayScope() {
    const only = [this.#documents() ?? []].flat().map((each) => `document=${encodeURIComponent(each)}`).join("&");
    try {
      const response = await fetch(`${SERVICE}/widget.json?${only}`, { headers: this.#headers(), ...QUIETLY });
      if (!response.ok) throw new Failure();
      const { title, documents: count } = await response.json();
      this.#scope.textContent = title ? this.#text("widget.scope_of_one", { title }) : this.#text("widget.scope", { count });
    } catch {
      this.#scope.remove();
    }
  }

  async #ask(question) {
    if (this.#asking || question === "") return;
    this.#asking = true;
    this.#box.value = "";
    const text = this.#text;
    this.#status.textContent = text("status.looking");
    const asked = { question, history: this.#history, document: this.#documents(), limit: CLOSEST };
    const heading = make("h2", { dir: "auto", lang: SOURCE, "aria-live": "off" }, question);
    const exchange = make("article", {}, heading);
    try {
      const answer = await fetchAnswer(asked, text, this.#headers());
      exchange.append(...this.#shown(asked, answer));
      this.#status.textContent = text(STATUS[answer.outcome]);
      this.#history = [...this.#history, question].slice(-REMEMBERED);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      exchange.append(make("p", { class: "failed" }, error.message));
      this.#status.textContent = "";
      if (this.#box.value.trim() === "") this.#box.value = question;
    } finally {
      this.#asking = false;
    }
    this.#log.append(exchange);
    this.#log.scrollTop = exchange.offsetTop - this.#log.offsetTop;
  }

  #shown(asked, answer) {
    const text = this.#text;
    const whole = make("a", { class: "more", href: addressOf(asked), target: "_blank", rel: "noopener" }, text("widget.more"));
    whole.setAttribute("aria-label", text("widget.more_of", { more: text("widget.more"), question: asked.question }));
    const isFound = answer.outcome !== "nothing_found";
    const notes = readings(answer.interpretation, isFound, text);
    const more = make("p", { "aria-live": "off" }, whole);
    if (isFound) return [...notes, ...possible(answer, text), quotation(answer.passage, text, text(answer.answered ? "citation.heard" : "possible.heard")), place(answer, text), more];
    return [make("p", { class: "reason", dir: "auto" }, why(answer, text)), ...notes, ...instead(asked, answer, text), more];
  }
}

// What goes wrong with the service, in words for people.
class Failure extends Error {}

async function fetchAnswer(asked, text, headers) {
  let response;
  let received;
  try {
    response = await fetch(`${SERVICE}/ask`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(asked),
      ...QUIETLY,
    });
    received = await response.json();
  } catch {
    throw new Failure(text("failure.unreachable"));
  }
  if (response.ok) return received;
  if (text.language !== "en") {
    const details = TEXTS[text.language].problem_detail;
    const names = [`${received.type}`.split("/").at(-1), `s${response.status}`, response.status < 500 ? "s400" : "s500"];
    throw new Failure(text(`problem_detail.${names.find((each) => each in details)}`));
  }
  const named = received.errors?.map(({ pointer, detail: problem }) =>
    text("failure.field", { field: pointer.slice(1) || text("failure.request"), problem }),
  );
  throw new Failure(named?.join(" ") ?? received.detail);
}

function addressOf({ question, history, document: only }) {
  const fields = [...[only ?? []].flat().map((each) => ["document", each]), ...history.map((each) => ["history", each]), ["q", question]];
  return `${SERVICE}/?${fields.map((field) => field.map(encodeURIComponent).join("=")).join("&")}#latest`;
}

if (!customElements.get("pincite-ask")) customElements.define("pincite-ask", PinciteAsk);
