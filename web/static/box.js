// The box to ask in, and the line beside it that says what became of what was typed.

import { text } from "./texts.js";

export const form = document.getElementById("ask");
export const box = document.getElementById("q");

export const desk = matchMedia("(hover: hover) and (pointer: fine)"); // where no keyboard comes up over the page

const low = matchMedia("(max-height: 30rem)"); // where the box is not always in sight
const status = document.getElementById("status");
const buttons = Array.from(form.querySelectorAll(".said button"));
const longest = Number(form.dataset.longest);
const FEW = 100; // characters left; from here on they are told
const PAUSE = 500; // ms without typing, until they are

let counting;
let isCounted = false;
let recalled = 0; // how many questions back the one in the box is

// Says something beside the box, with the button that has this action beside it. What the page shows elsewhere, only a
// screen reader is given here.
export function tell(words, { offers, isTrouble = false, isSeen = false, title = "" } = {}) {
  status.textContent = words;
  status.title = title;
  status.classList.toggle("heard", isSeen);
  box.setAttribute("aria-invalid", isTrouble);
  for (const each of buttons) each.hidden = each.dataset.action !== offers;
  if (offers && low.matches) form.scrollIntoView({ block: "nearest" });
}

export function focus() {
  box.focus({ preventScroll: !low.matches });
}

export function fill(words) {
  clearTimeout(counting);
  box.value = words;
  box.setSelectionRange(words.length, words.length);
}

// Whether what is in the box fits a question; says so if it does not.
export function fits() {
  const left = longest - Array.from(box.value.trim()).length;
  const offers = buttons.find((each) => !each.hidden)?.dataset.action;
  if (left < 0) tell(text("ask.too_many", { count: -left }), { offers, isTrouble: true });
  else if (left <= FEW) tell(text("ask.left", { count: left }), { offers });
  else if (isCounted || box.ariaInvalid === "true") tell("", { offers });
  isCounted = left <= FEW;
  return left >= 0;
}

// Up in an empty box goes back through the questions of these turns, Down forth again.
export function recall(event, turns) {
  const back = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const isOther = event.shiftKey || event.altKey || event.ctrlKey || event.metaKey || event.isComposing;
  if (!back || isOther) return;
  const asked = turns();
  const questionAt = (count) => (count === 0 ? "" : asked.at(-count)?.question);
  if (box.value === "") recalled = 0;
  if (box.value !== questionAt(recalled)) return;
  const wanted = recalled + back;
  if (wanted < 0 || wanted > asked.length) return;
  event.preventDefault();
  recalled = wanted;
  fill(questionAt(wanted));
}

box.addEventListener("input", () => {
  clearTimeout(counting);
  counting = setTimeout(fits, PAUSE);
});
