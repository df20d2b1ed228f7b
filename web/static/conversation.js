// The conversation as this browser keeps it: its questions, each with what it was asked with, and what was said of its
// answer. The answers themselves are asked for again: the same library gives the same ones.

import { queryOf } from "./addresses.js";

const KEY = "pincite.conversation";
const MOST = Number(document.getElementById("ask").dataset.most); // questions, as many as a transcript may have

// The kept questions, oldest first; none where there are none, or the browser keeps nothing.
export function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(found) ? found.filter(isQuestion) : [];
  } catch {
    return [];
  }
}

// Keep these questions instead. A browser that keeps nothing goes without.
export function keep(turns) {
  try {
    if (turns.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(turns.slice(-MOST)));
  } catch {
    // Full, or not allowed: the address still holds the last questions.
  }
}

// Whether two questions are the same, asked alike.
export function isSame(one, other) {
  return queryOf(one) === queryOf(other);
}

function isQuestion(found) {
  return (
    typeof found?.question === "string" &&
    Array.isArray(found.history) &&
    found.history.every((each) => typeof each === "string") &&
    [found.document ?? []].flat().every((each) => typeof each === "string") &&
    (found.said === undefined || (typeof found.said === "object" && typeof found.said?.key === "string"))
  );
}
