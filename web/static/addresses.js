// Addresses, as web/addresses.py writes them.

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
