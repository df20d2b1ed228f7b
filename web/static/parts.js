// The parts of the page that a module puts in: cloned out of its <template> elements, or as the service rendered them.

export const part = (name) => document.getElementById(name).content.cloneNode(true);
export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

export function exchangePart(question) {
  const exchange = part("exchange").firstElementChild;
  slot(exchange, "question").textContent = question;
  showButtons(exchange);
  return exchange;
}

// What stands in the answer of an exchange that the service rendered. What only works here is shown here.
export function answerPart(exchange) {
  showButtons(exchange);
  return Array.from(slot(exchange, "answer").childNodes);
}

export function showButtons(root) {
  for (const button of root.querySelectorAll("[data-scripted]")) button.hidden = false;
  for (const hint of root.querySelectorAll("[data-unscripted]")) hint.hidden = true;
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-action=copy]")) button.hidden = false;
}

export function failedPart(failure) {
  const root = part("failed");
  slot(root, "title").textContent = failure.title;
  slot(root, "detail").textContent = failure.detail;
  return root;
}
