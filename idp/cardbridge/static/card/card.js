// The card page: finds the bridge, has the challenge signed, hands the answer over.
// It knows no text: states are templates of the page, failures come explained by the server.

const PROTOCOL = "cps-bridge.v1";
const STATUS_TIMEOUT = 2500;
// The browser may be asking the person for permission: nothing is lost by waiting.
const PERMISSION_TIMEOUT = 120_000;
const PERMISSION_HINT_AFTER = 700;
// Nearly every bridge listens at the first port; the others are asked if it does not answer soon.
const HEAD_START = 250;

const page = document.getElementById("card-login");
const form = document.getElementById("card-form");
const retry = document.getElementById("retry");
const chooseOther = document.getElementById("choose-other");
const ports = page.dataset.ports.split(" ").map(Number);

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

async function permission() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      return (await navigator.permissions.query({ name })).state;
    } catch {
      // This browser does not know the permission under this name.
    }
  }
  return "granted";
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
  const asks = (await permission()) === "prompt";
  const giveUp = new AbortController();
  const later = (delay, act) => setTimeout(act, delay);
  const cap = later(asks ? PERMISSION_TIMEOUT : STATUS_TIMEOUT, () => giveUp.abort());
  const hint = later(PERMISSION_HINT_AFTER, () => asks && show("permission"));
  const probes = probeAll(giveUp.signal);
  // While the browser asks the person nothing settles; once one port has, the others get little
  // time: a stranger that never answers must not keep the page waiting.
  Promise.race(probes.map((each) => each.catch(() => null))).then(() => {
    clearTimeout(hint);
    later(STATUS_TIMEOUT, () => giveUp.abort());
  });
  try {
    return await Promise.any(probes);
  } catch {
    throw new Failed((await permission()) === "denied" ? "permission_denied" : "no_bridge");
  } finally {
    clearTimeout(cap);
  }
}

/** Opens the conversation; resolves with the token. Leaving the page ends it, and the PIN prompt. */
function sign(port) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, PROTOCOL);
    let opened = false;
    let expected = "";
    const end = (settle, value) => {
      settle(value);
      socket.close();
    };
    const ask = async () => {
      const issued = await post(page.dataset.challengeUrl, {});
      expected = issued.control_code;
      socket.send(JSON.stringify({ type: "authenticate", challenge: issued.challenge }));
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
    socket.addEventListener("message", (event) => {
      const message = parse(event.data);
      handlers[message.type]?.(message);
    });
    socket.addEventListener("close", () =>
      reject(new Failed(opened ? "bridge_lost" : "origin_refused")),
    );
  });
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
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
  const hint = page.querySelector(`template[data-hint="${problem.code}"]`);
  if (hint) error.append(hint.content.cloneNode(true));
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
    if (error instanceof Failed) return await post(page.dataset.failureUrl, { code: error.code });
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
    const bridge = await findBridge();
    offerReader(bridge);
    const token = await sign(bridge.port);
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
