// Addresses, as web/addresses.py writes them.

// The question with the first of these words that stand outside quotation marks put inside; null if none do.
export function inQuotes(question, written) {
  const literal = written.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const letter = "[\\p{L}\\p{N}_]";
  const places = question.matchAll(new RegExp(`"[^"]*"|“[^”]*”|(?<!${letter})(${literal})(?!${letter})`, "gu"));
  for (const { 1: found, index } of places) {
    if (found) return `${question.slice(0, index)}"${found}"${question.slice(index + found.length)}`;
  }
  return null;
}

// The part of an address that holds a question and its conversation.
export function queryOf({ question, history, document: asked }) {
  const only = [asked ?? []].flat().map((each) => ["document", each]);
  const fields = [...only, ...history.map((each) => ["history", each]), ["q", question]];
  return `?${fields.map((field) => field.map(encodeURIComponent).join("=")).join("&")}`;
}

export function addressOf(asked) {
  return `/${queryOf(asked)}#latest`;
}

// What an address asks, or null where it asks nothing.
export function askedAt(address) {
  const fields = new URL(address, location.href).searchParams;
  const question = fields.get("q");
  if (question === null) return null;
  return { question, history: fields.getAll("history"), document: documentsOf(fields) };
}

// The only documents that a form or an address asks, as the service takes them: null, an id, or several.
export function documentsOf(fields) {
  const ids = fields.getAll("document").filter(Boolean);
  return ids.length > 1 ? ids : (ids[0] ?? null);
}

export function exported(permalink, { export: suffix, style }) {
  const [path, query] = permalink.split("?");
  return `${path}${suffix}?${query}${style ? `&style=${style}` : ""}`;
}

export function webAddress(url) {
  const parts = URL.canParse(url ?? "") ? new URL(url) : null;
  return ["http:", "https:"].includes(parts?.protocol) ? url : null;
}

// The fingerprint of the words in the permanent link to them.
export function knownBy(permalink) {
  return new URL(permalink, location.href).searchParams.get("is");
}
