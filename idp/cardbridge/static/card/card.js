// The card page: finds the bridge, has the challenge signed, hands the answer over.
// The bridge is reached through the browser's extension where there is one (no permission, no
// port), else at a port of this computer. Either way the browser vouches for this page's origin.
// It knows no text: states are templates of the page, failures come explained by the server.

import { hasExtension, linkByExtension, linkByPort, PROTOCOL } from "./links.js";

const STATUS_TIMEOUT = 2500;
// The browser may be asking the person for permission: nothing is lost by waiting.
const PERMISSION_TIMEOUT = 120_000;
// Nearly every bridge listens at the first port; the others are asked if it does not answer soon.
const HEAD_START = 250;

const page = document.getElementById("card-login");
const form = document.getElementById("card-form");
const retry = document.getElementById("retry");
const chooseOther = document.getElementById("choose-other");
const ports = page.dataset.ports.split(" ").map(Number);
// Safari, and every browser of an iPhone: no page of theirs may reach a program of the computer.
const isSafari = navigator.vendor.startsWith("Apple");

/** Something failed on this workstation: the server is told, and explains it. */
class Failed extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** The server refused, and said why. */
class Refused extends Error {
  constructor(problem) {
    super(problem.code);
    this.problem = problem;
  }
}

// ---- the server -----------------------------------------------------------------------------

async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
    },
    body: JSON.stringify(body),
  });
  const value = await response.json();
  if (!response.ok) throw new Refused(value);
  return value;
}

// ---- the bridge -----------------------------------------------------------------------------

/** The browser's permission to reach this computer; null where it knows no such thing. */
async function permission() {
  // A page of this very computer needs none, although the browser would name its state.
  if (["localhost", "127.0.0.1"].includes(location.hostname)) return null;
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      return await navigator.permissions.query({ name });
    } catch {
      // This browser does not know the permission under this name.
    }
  }
  return null;
}

/** Explains, and waits for the person: only then does the browser ask. */
function explainPermission() {
  show("permission");
  return new Promise((resolve) => {
    document.getElementById("permission-go").addEventListener("click", resolve, { once: true });
  });
}

/** Begins again by itself once the person changed their mind in the browser's settings. */
function recoverFrom(denied) {
  const begin = () => {
    if (denied.state === "denied") return;
    denied.removeEventListener("change", begin);
    if (document.getElementById("card-error")?.dataset.code === "permission_denied") logIn();
  };
  denied.addEventListener("change", begin);
}

/** Says whether a bridge of the right protocol answers: the port may belong to a stranger. */
async function probe(port, signal) {
  const response = await fetch(`http://127.0.0.1:${port}/v1/status`, {
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal,
  });
  const status = await response.json();
  if (status.bridge !== "cps-bridge" || !status.protocols?.includes(PROTOCOL)) {
    throw new Failed("no_bridge");
  }
  return { port, sandbox: status.sandbox === true };
}

/** Asks the first port, and the others when it refuses or is slow: most logins ask one only. */
function probeAll(signal) {
  const [first, ...others] = ports;
  const answer = probe(first, signal);
  const isFound = answer.then(() => true, () => false);
  const slow = new Promise((resolve) => setTimeout(resolve, HEAD_START, false));
  const start = Promise.race([isFound, slow]);
  const later = async (port) => {
    if (await start) throw new Failed("no_bridge");
    return probe(port, signal);
  };
  return [answer, ...others.map(later)];
}

async function findBridge() {
  if (isSafari && location.protocol === "https:") throw new Failed("no_bridge");
  const allowed = await permission();
  const asks = allowed?.state === "prompt";
  if (asks) {
    await explainPermission();
    show("permission_asked");
  }
  const giveUp = new AbortController();
  const later = (delay) => setTimeout(() => giveUp.abort(), delay);
  const cap = later(asks ? PERMISSION_TIMEOUT : STATUS_TIMEOUT);
  const probes = probeAll(giveUp.signal);
  // While the browser asks the person nothing settles; once one port has, the others get little
  // time: a stranger that never answers must not keep the page waiting.
  Promise.race(probes.map((each) => each.catch(() => null))).then(() => later(STATUS_TIMEOUT));
  try {
    return await Promise.any(probes);
  } catch {
    if (allowed?.state !== "denied") throw new Failed("no_bridge");
    recoverFrom(allowed);
    throw new Failed("permission_denied");
  } finally {
    clearTimeout(cap);
  }
}

/** Holds the conversation; resolves with the token. Leaving the page ends it, and the PIN prompt. */
function sign(link, unopened) {
  return new Promise((resolve, reject) => {
    let opened = false;
    let isOver = false;
    let expected = "";
    // Once only, and nothing afterwards: the next try may hold another conversation already.
    const end = (settle, value) => {
      if (isOver) return;
      isOver = true;
      settle(value);
      bridge.close();
    };
    const ask = async () => {
      const issued = await post(page.dataset.challengeUrl, {});
      if (isOver) return;
      expected = issued.control_code;
      bridge.send({ type: "authenticate", challenge: issued.challenge });
    };
    const follow = (message) => {
      if (message.state !== "pin") return show(message.state);
      // Another code means that the bridge signs for another page than this one.
      if (message.code !== expected) return end(reject, new Failed("code_mismatch"));
      return show("pin", expected);
    };
    const handlers = {
      status: () => (opened ? null : ((opened = true), ask().catch((error) => end(reject, error)))),
      progress: follow,
      token: (message) => end(resolve, message.token),
      error: (message) => end(reject, new Failed(failureOf(message))),
    };
    const bridge = link({
      received: (message) => handlers[message?.type]?.(message),
      closed: () => end(reject, new Failed(opened ? "bridge_lost" : unopened)),
    });
  });
}

async function askCard() {
  if (await hasExtension()) {
    try {
      return await sign(linkByExtension, "no_host");
    } catch (error) {
      // The extension without its program: the loopback bridge may be there.
      if (error.code !== "no_host") throw error;
    }
  }
  const found = await findBridge();
  offerReader(found);
  return sign(linkByPort(found.port), "origin_refused");
}

function failureOf(message) {
  if (message.code === "PIN_INCORRECT" && message.final_try) return "pin_final_try";
  return String(message.code).toLowerCase();
}

// ---- what is shown --------------------------------------------------------------------------

function show(state, code = "") {
  const template = page.querySelector(`template[data-state="${state}"]`);
  if (!template) return;
  page.dataset.state = state;
  const status = document.getElementById("card-status");
  status.replaceChildren(template.content.cloneNode(true));
  entitle(status.querySelector("h2").textContent);
  const number = document.getElementById("control-code");
  if (number) number.textContent = code;
  const steps = document.getElementById("card-steps").children;
  for (const [index, step] of [...steps].entries()) {
    if (index + 1 === Number(template.dataset.step)) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
}

/** The tab says the state too: the person is often at another window. */
function entitle(text) {
  document.title = `${text.trim()} · Hygie`;
}

function showFailure(problem) {
  page.dataset.state = "failed";
  entitle(problem.title);
  document.getElementById("card-status").replaceChildren();
  const content = document.getElementById("failure-template").content.cloneNode(true);
  for (const field of content.querySelectorAll("[data-field]")) {
    field.textContent = problem[field.dataset.field] ?? "";
  }
  content.querySelector('[data-row="reference"]').hidden = !problem.reference;
  const error = content.querySelector("#card-error");
  error.dataset.code = problem.code;
  for (const hint of page.querySelectorAll(`template[data-hint="${problem.code}"]`)) {
    error.append(hint.content.cloneNode(true));
  }
  document.getElementById("card-failure").replaceChildren(content);
  offerRetry(problem.can_retry);
  document.getElementById("card-steps").hidden = true;
  error.focus();
}

/** The largest button is what helps: another try, or else another means. */
function offerRetry(canRetry) {
  retry.hidden = !canRetry;
  chooseOther.classList.toggle("button--primary", !canRetry);
  chooseOther.classList.toggle("button--quiet", canRetry);
}

function clearFailure() {
  document.getElementById("card-failure").replaceChildren();
  document.getElementById("card-steps").hidden = false;
  offerRetry(true);
  retry.hidden = true;
}

/** In the sandbox only: the reader's page of the bridge that was found; none found, no link. */
function offerReader(bridge) {
  const link = document.getElementById("open-reader");
  if (!link) return;
  link.hidden = !bridge?.sandbox;
  if (bridge) link.href = `http://127.0.0.1:${bridge.port}/sandbox/`;
}

// ---- from the beginning to the end ------------------------------------------------------------

async function explain(error) {
  if (error instanceof Refused) return error.problem;
  try {
    if (error.code === "no_bridge") offerReader(null);
    if (error instanceof Failed) {
      const problem = await post(page.dataset.failureUrl, { code: error.code });
      // No retry helps in a browser that keeps its pages away from this computer.
      const isHopeless = isSafari && error.code === "no_bridge";
      const words = document.getElementById("safari-unable").dataset;
      return isHopeless ? { ...problem, ...words, can_retry: false } : problem;
    }
  } catch (refusal) {
    if (refusal instanceof Refused) return refusal.problem;
  }
  const words = document.getElementById("server-unreachable").dataset;
  return { ...words, code: "server_unreachable", can_retry: true };
}

async function logIn() {
  clearFailure();
  show("search");
  try {
    const token = await askCard();
    show("checking");
    const { next } = await post(page.dataset.answerUrl, token);
    show("done");
    location.replace(next);
  } catch (error) {
    showFailure(await explain(error));
  }
}

retry.addEventListener("click", logIn);
logIn();
