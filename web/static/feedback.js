// "Did this answer your question?": what is said is sent at once, a comment after it, and both can be changed.

import { documentsOf } from "./addresses.js";
import { slot } from "./parts.js";
import { Failure, send } from "./service.js";
import { text } from "./texts.js";

// What the form of an answer says, as the service takes it.
function said(form, helpful) {
  const fields = new FormData(form);
  const given = (name) => fields.get(name) || null;
  return {
    key: fields.get("key"),
    question: fields.get("question"),
    history: fields.getAll("history"),
    document: documentsOf(fields),
    passage: given("passage"),
    is: given("is"),
    helpful,
    comment: fields.get("comment"),
  };
}

const answers = (form) => Array.from(form.querySelectorAll("button[name=helpful]"));

// Shows the form of an answer as it stands with the module: the comment comes after a yes or a no. What was said before
// is there again if it was said of these very words. Where nothing was found there is no form: nothing is to be judged.
export function prepare(answer, { said: before }) {
  const form = slot(answer, "feedback");
  if (!form) return;
  slot(form, "send").hidden = false;
  const { elements } = form;
  const isOfThis = before?.passage === (elements.passage.value || null) && before?.is === (elements.is.value || null);
  if (isOfThis) {
    elements.key.value = before.key;
    elements.comment.value = before.comment;
  }
  show(form, isOfThis ? before.helpful : null);
}

// Sends what was pressed. Gives what is to be said of it; the turn, which is kept, remembers the rest.
export async function give(form, pressed, turn) {
  const isComment = pressed.name !== "helpful";
  const helpful = isComment ? turn.said.helpful : pressed.value === "yes";
  const thanks = slot(form, "thanks");
  try {
    const body = said(form, helpful);
    await send("/feedback", text("failure.no_feedback"), { body });
    const { key, passage, is, comment } = body;
    turn.said = { key, passage, is, helpful, comment };
    show(form, helpful);
    if (isComment) fold(form.querySelector(".comment"));
    thanks.textContent = text(isComment ? "feedback.thanks_comment" : "feedback.thanks");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    thanks.textContent = `${error.title}. ${error.detail} ${text("feedback.again")}`;
  }
  thanks.hidden = false;
  return thanks.textContent;
}

function fold(comment) {
  comment.open = false;
  comment.firstElementChild.focus();
}

function show(form, helpful) {
  for (const button of answers(form)) {
    button.setAttribute("aria-pressed", String(helpful !== null && (button.value === "yes") === helpful));
  }
  form.querySelector(".comment").hidden = helpful === null;
}
