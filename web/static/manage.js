// Managing documents: files are dropped or chosen and sent with their progress, and what becomes of them is followed.
// Without this module the form sends the files itself, and a link looks again.

import { failureOf } from "./service.js";
import { language, text } from "./texts.js";

const form = document.getElementById("adding");
const drop = document.getElementById("drop");
const files = document.getElementById("files");
const sending = document.getElementById("sending");
const said = document.getElementById("said");
const wrong = document.getElementById("wrong");
const bar = sending.querySelector("progress");

const MEGABYTE = 1_000_000;
const OFTEN = 1000; // milliseconds from one look at how far it is to the next
const SPOKEN = 10_000; // milliseconds from one announcement of that to the next

let request = null;
let spokenAt = 0;

for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
showUnscripted(document);

function showUnscripted(root) {
  for (const each of root.querySelectorAll("[data-unscripted]")) each.hidden = true;
}

// Says something to a screen reader; how far it is only now and then.
function say(words, isProgress = false) {
  const now = Date.now();
  if (isProgress && now < spokenAt + SPOKEN) return;
  spokenAt = now;
  said.textContent = words;
}

function complain(words) {
  wrong.textContent = words;
  wrong.hidden = !words;
}

// Dropping

const hasFiles = ({ dataTransfer }) => Array.from(dataTransfer?.types ?? []).includes("Files");

addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = request ? "none" : "copy";
  drop.classList.toggle("over", !request);
});
addEventListener("dragleave", (event) => event.relatedTarget ?? drop.classList.remove("over"));
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.classList.remove("over");
  if (request) return;
  const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry?.());
  if (entries.some((entry) => entry?.isDirectory)) dropFolders(entries);
  else sendDropped(event.dataTransfer.files);
});

// Of folders, those files that can be read, at any depth; names that begin with a dot are passed over, as by the service.
async function dropFolders(entries) {
  const endings = form.dataset.endings.split(" ");
  const found = new DataTransfer();
  const waiting = entries.filter(Boolean).reverse();
  while (waiting.length && found.items.length <= form.dataset.mostFiles) {
    const entry = waiting.pop();
    if (entry.isDirectory && !entry.name.startsWith(".")) waiting.push(...(await within(entry)));
    else if (endings.some((each) => entry.name.toLowerCase().endsWith(each)) && !entry.name.startsWith("."))
      found.items.add(await new Promise((resolve, reject) => entry.file(resolve, reject)));
  }
  if (found.items.length) sendDropped(found.files);
  else complain(text("manage.no_files"));
}

// What lies in a folder, which comes in parts.
async function within(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}

function sendDropped(dropped) {
  files.files = dropped;
  form.requestSubmit();
}

// Sending

function tooMuch(chosen) {
  const { mostFiles, mostMegabytes, mostMegabytesOfOne } = form.dataset;
  if (chosen.length > mostFiles) return text("manage.too_many", { count: Number(mostFiles) });
  const large = chosen.find((file) => file.size > mostMegabytesOfOne * MEGABYTE);
  if (large) return text("manage.too_large_one", { name: large.name, count: Number(mostMegabytesOfOne) });
  const all = chosen.reduce((sum, file) => sum + file.size, 0);
  return all > mostMegabytes * MEGABYTE ? text("manage.too_large", { count: Number(mostMegabytes) }) : "";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (request) return;
  const problem = tooMuch(Array.from(files.files));
  complain(problem);
  if (!problem) send(new FormData(form));
});
form.querySelector("[data-action=cancel]").addEventListener("click", () => request?.abort());

function send(body) {
  request = new XMLHttpRequest();
  request.open("POST", form.getAttribute("action"));
  request.setRequestHeader("Accept", "application/json, application/problem+json");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => showSending(loaded, total);
  request.onload = () => {
    const { status, response } = request;
    ended();
    if (status < 300) {
      form.reset();
      refresh();
    } else fail(response && failureOf(response, "", status).detail);
  };
  request.onerror = () => {
    ended();
    fail();
  };
  request.onabort = () => {
    ended();
    say(text("manage.cancelled"));
  };
  sending.hidden = false;
  showSending(0, 1);
  request.send(body);
}

function ended() {
  request = null;
  sending.hidden = true;
}

function fail(detail) {
  complain(`${text("manage.no_sending")}. ${detail ?? text("failure.unreachable")}`);
}

const megabytes = (bytes) => `${(bytes / MEGABYTE).toLocaleString(language, { maximumFractionDigits: 1 })} MB`;

function showSending(loaded, total) {
  const isSent = loaded === total;
  bar.value = loaded / total;
  const share = Math.floor((100 * loaded) / total);
  const words = isSent ? text("manage.sent") : text("manage.sending", { count: megabytes(loaded), total: megabytes(total), share });
  document.getElementById("sending-text").textContent = words;
  say(words, !isSent);
}

// Following

const jobSection = () => document.querySelector("#job > .job");

async function follow() {
  const shown = jobSection();
  if (shown?.dataset.state !== "running") return;
  try {
    const response = await fetch("/manage/job.json", { headers: { Accept: "application/json" } });
    const job = response.ok ? await response.json() : null;
    if (job && (job.id !== shown.dataset.id || job.state !== "running")) refresh();
    else {
      if (job) showFar(job);
      setTimeout(follow, OFTEN);
    }
  } catch {
    setTimeout(follow, 5 * OFTEN); // the service may be starting again
  }
}

function showFar({ progress }) {
  const far = document.getElementById("far");
  if (!progress || !far) return;
  const { step, done, total } = progress;
  far.textContent = text(`manage.step_${step}`, { done, total });
  const progressBar = jobSection().querySelector("progress");
  const [so, all] = progress.bytes_total ? [progress.bytes_done, progress.bytes_total] : [done, total];
  if (all) progressBar.value = so / all;
  else progressBar.removeAttribute("value");
  say(far.textContent, true);
}

// Puts the parts of the page in that the service renders: what became of the files, and what the library holds now.
function refresh() {
  const page = new XMLHttpRequest();
  page.open("GET", location.pathname + location.search);
  page.setRequestHeader("Accept", "text/html");
  page.responseType = "document";
  page.onload = () => {
    const rendered = page.response;
    if (page.status !== 200 || !rendered) return location.reload();
    const isRunning = rendered.querySelector("#job > .job")?.dataset.state === "running";
    for (const id of isRunning ? ["job"] : ["job", "holdings"]) document.getElementById(id).replaceWith(document.adoptNode(rendered.getElementById(id)));
    showUnscripted(document);
    const shown = jobSection();
    if (isRunning) follow();
    else if (shown) announce(shown);
  };
  page.onerror = () => setTimeout(refresh, 5 * OFTEN);
  page.send();
}

function announce(shown) {
  const title = shown.querySelector("h2");
  const parts = Array.from(shown.querySelectorAll(".fates > div"), (each) => {
    const count = each.querySelector("dd").firstChild.textContent.trim();
    return `${each.querySelector("dt").textContent}: ${count}`;
  });
  say(parts.length ? text("manage.said", { title: title.textContent, parts: parts.join(", ") }) : title.textContent);
}

follow();
