// What is sent to the service, and what went wrong.

import { known, language, text } from "./texts.js";

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
  throw failureOf(problem, title, response.status);
}

// The exchange that the service renders for a question, as an element. `fetch` gives text, and the page's policy forbids
// to parse that; a request that asks for a document gets one.
export function sendForExchange(body, title, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/ask");
    request.setRequestHeader("Accept", "text/html, application/problem+json");
    request.setRequestHeader("Content-Type", "application/json");
    request.onreadystatechange = () => {
      if (request.readyState === request.HEADERS_RECEIVED) request.responseType = request.status === 200 ? "document" : "json";
    };
    request.onload = () => {
      const { response, status } = request;
      if (status === 200 && response) resolve(document.adoptNode(response.querySelector(".exchange")));
      else reject(response ? failureOf(response, title, status) : new Failure(title, text("failure.unreachable")));
    };
    request.onerror = () => reject(new Failure(title, text("failure.unreachable")));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(JSON.stringify(body));
  });
}

// The service says in English what is wrong; a page in another language says it in its own words.
export function failureOf(problem, title, status) {
  if (language !== "en") {
    const name = known("problem", [`${problem.type}`.split("/").at(-1), `s${status}`, status < 500 ? "s400" : "s500"]);
    return new Failure(text(`problem.${name}`), text(`problem_detail.${name}`), status < 500);
  }
  return new Failure(problem.title ?? title, problemText(problem), status < 500);
}

// What is wrong, for a person; the detail's hint is for programs where fields are named.
function problemText({ detail, errors }) {
  const say = ({ pointer, detail: problem }) =>
    text("failure.field", { field: pointer.slice(1) || text("failure.request"), problem });
  return errors?.map(say).join(" ") ?? detail;
}
