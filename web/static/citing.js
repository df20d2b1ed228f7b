// Copying a citation, and writing it in the styles.

import { slot } from "./parts.js";
import { Failure, send } from "./service.js";
import { text } from "./texts.js";

// The sentence with its citation, for the clipboard.
export async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copied);
}

export async function copyStyled(button) {
  await navigator.clipboard.writeText(slot(button.closest("li"), "styled").textContent);
}

// The citation in each style, fetched when their list is opened; on a failure, again when it is opened again.
// Gives what went wrong, or null.
export async function showStyles(list) {
  const links = Array.from(list.querySelectorAll("[data-style]"));
  if (slot(list, "styled").textContent !== "") return null;
  const uncited = slot(list, "uncited");
  uncited.hidden = true;
  try {
    const written = await Promise.all(links.map(fetchStyled));
    links.forEach((each, number) => {
      const entry = each.closest("li");
      slot(entry, "styled").textContent = written[number];
    });
    for (const button of list.querySelectorAll("button")) button.hidden = !navigator.clipboard;
    return null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    uncited.textContent = `${error.title}. ${error.detail}`;
    uncited.hidden = false;
    return uncited.textContent;
  }
}

async function fetchStyled({ href }) {
  const response = await send(href, text("failure.no_citation"), { accept: "text/plain" });
  return response.text();
}
