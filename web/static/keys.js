// A single key works what names it in its `aria-keyshortcuts`, unless a person is typing, or has switched that off.

import { box, focus } from "./box.js";

const KEY = "pincite.keys";
const choice = document.getElementById("single-keys");

try {
  choice.checked = localStorage.getItem(KEY) !== "off";
  choice.addEventListener("change", () => localStorage.setItem(KEY, choice.checked ? "on" : "off"));
} catch {
  // The browser keeps nothing: the choice holds for this page.
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const isOther = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing;
  const isTyped = target.matches("input, textarea, select") && !(key === "?" && target.value === "");
  if (!choice.checked || isOther || isTyped || document.querySelector("dialog[open]")) return;
  const meant = document.querySelector(`[aria-keyshortcuts="${CSS.escape(key.toLowerCase())}"]`);
  if (!meant?.checkVisibility()) return;
  event.preventDefault();
  if (meant === box) focus();
  else meant.click();
});
