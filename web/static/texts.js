// The words of the page, from web/texts/, which come with it.

const tables = JSON.parse(document.getElementById("texts").textContent);
export const language = document.documentElement.lang;
const plural = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language, { useGrouping: "always" }); // as the service does

// The first of some names that a table has.
export const known = (table, names) => names.find((each) => each in tables[table]);

// The text with this key, such as "citation.page", filled in.
export function text(key, values = {}) {
  const [table, name] = key.split(".");
  const found = tables[table][name];
  const form = typeof found === "string" ? found : (found[plural.select(values.count)] ?? found.other);
  const written = (value) => (typeof value === "number" ? numbers.format(value) : value);
  return form.replace(/\{(\w+)\}/g, (_, slot) => written(values[slot]));
}
