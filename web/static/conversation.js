// The conversations as this browser keeps them: their questions, each with what it was asked with, when, and what was
// said of its answer. The answers are asked for again. Each conversation has a key of its own, so that no tab writes
// over that of another; the key without an end is from versions that kept one.

import { queryOf } from "./addresses.js";

const KEY = "pincite.conversation";
const CLEARED = "pincite.cleared";
const LONGEST = Number(document.getElementById("ask").dataset.most); // questions, as many as a transcript may have
const MOST = 100; // conversations

let own = null; // the conversation on the page: its key, and its words as this page last read or wrote them

// All of them, the latest first; none where the browser keeps nothing. What cannot be read is left alone.
export function conversations() {
  try {
    const keys = Object.keys(localStorage).filter((key) => key === KEY || key.startsWith(`${KEY}.`));
    const found = keys.map((key) => read({ key, words: localStorage.getItem(key) }));
    return found.filter(({ turns }) => turns.length > 0).sort((one, other) => other.at - one.at);
  } catch {
    return [];
  }
}

// A conversation as it is stored, with its turns and when the last of them was asked.
function read(stored) {
  let turns = [];
  try {
    turns = JSON.parse(stored.words).filter(isTurn);
  } catch {
    // It is of no version.
  }
  return { ...stored, turns, at: turns.at(-1)?.at ?? 0 };
}

// The turns of the conversation that ends with this one, which becomes the page's; null if none does.
export function reopen(last) {
  own = conversations().find(({ turns }) => isSame(turns.at(-1), last)) ?? null;
  return own?.turns ?? null;
}

export const isOwn = (key) => own?.key === key;

export const isUnchanged = () => own !== null && localStorage.getItem(own.key) === own.words;

// Keep the page's conversation: under a new key if it `isNew`, or another tab has changed it.
export function keep(turns, isNew = false) {
  try {
    const isFree = !isNew && own && (isUnchanged() || localStorage.getItem(own.key) === null);
    const key = isFree ? own.key : `${KEY}.${Date.now()}${Math.random()}`;
    const isTwin = (each) => each.key !== key && each.turns.length === 1 && isSame(each.turns[0], turns[0]);
    const twin = turns.length === 1 && conversations().find(isTwin);
    if (twin) {
      turns[0].said ??= twin.turns[0].said;
      localStorage.removeItem(twin.key);
    }
    own = putBack({ key, words: JSON.stringify(turns.slice(-LONGEST)) });
  } catch {
    // Full, or not allowed: the address still holds the last questions.
  }
}

// Writes a conversation. The oldest others make room where they must.
export function putBack(stored) {
  const others = conversations().filter(({ key }) => key !== stored.key);
  const dropOldest = () => localStorage.removeItem(others.pop().key);
  while (others.length >= MOST) dropOldest();
  for (;;) {
    try {
      localStorage.setItem(stored.key, stored.words);
      return stored;
    } catch (error) {
      if (others.length === 0) throw error;
      dropOldest();
    }
  }
}

// Removes a conversation, and gives what `putBack` takes.
export function remove(key) {
  const words = localStorage.getItem(key);
  localStorage.removeItem(key);
  return { key, words };
}

// Removes the page's conversation. The next page can put it back, and no later one.
export function clear() {
  try {
    sessionStorage.setItem(CLEARED, JSON.stringify(remove(own.key)));
  } catch {
    // Nothing was kept.
  }
}

export function cleared() {
  try {
    const gone = read(JSON.parse(sessionStorage.getItem(CLEARED)));
    sessionStorage.removeItem(CLEARED);
    return gone.turns.length > 0 ? gone : null;
  } catch {
    return null;
  }
}

// Whether two questions are the same, asked alike.
export function isSame(one, other) {
  return queryOf(one) === queryOf(other);
}

function isTurn(found) {
  const areTexts = (values) => values.every((each) => typeof each === "string" && each.isWellFormed());
  return (
    areTexts([found?.question, ...[found?.document ?? []].flat()]) &&
    found.question.trim() !== "" &&
    Array.isArray(found.history) &&
    areTexts(found.history) &&
    !Number.isNaN(new Date(found.at ?? 0).getTime()) &&
    typeof (found.said ?? { key: "" }).key === "string"
  );
}
