// The words of the page, from web/texts/, which come with it.

const tables = JSON.parse(document.getElementById("texts").textContent);

// The text with this key, such as "citation.page", filled in.
export function text(key, values = {}) {
  const [table, name] = key.split(".");
  const found = tables[table][name];
  const form = typeof found === "string" ? found : found[values.count === 1 ? "one" : "other"];
  return form.replace(/\{(\w+)\}/g, (_, slot) => values[slot]);
}
