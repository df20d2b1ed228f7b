// Addresses, as web/addresses.py writes them.

// The part of an address that holds a question and its conversation.
export function queryOf({ question, history, document: asked }) {
  const fields = [...history.map((each) => ["history", each]), ["q", question]];
  if (asked !== null) fields.unshift(["document", asked]);
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
  return { question, history: fields.getAll("history"), document: fields.get("document") || null };
}
