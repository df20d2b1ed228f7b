// What is sent to the service, and what went wrong.

import { text } from "./texts.js";

// `mine` says that the person's own words were refused, so that asking again would not help.
export class Failure extends Error {
  constructor(title, detail, mine = false) {
    super(detail);
    Object.assign(this, { title, detail, mine });
  }
}

// The response to a request that succeeded; a `Failure` with this title for any other.
export async function send(address, title, { accept = "application/json", body, signal } = {}) {
  const options = { headers: { Accept: `${accept}, application/problem+json` }, signal };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  let problem;
  try {
    response = await fetch(address, options);
    if (response.ok) return response;
    problem = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(title, text("failure.unreachable"));
  }
  throw new Failure(problem.title, problemText(problem), response.status < 500);
}

// What is wrong, for a person; the detail's hint is for programs where fields are named.
function problemText({ detail, errors }) {
  const say = ({ pointer, detail: problem }) =>
    text("failure.field", { field: pointer.slice(1) || text("failure.request"), problem });
  return errors?.map(say).join(" ") ?? detail;
}
