// The reader's page: shows what the server sends, posts what the person does, types on the pad.

const PIECES = ["screen", "pin", "slot", "tray"];
const REFUSED = 403; // the bridge was restarted: this page's token is an old one
const TOO_LATE = 409; // the question was gone already

function byId(id) {
  return document.getElementById(id);
}

function show(pieces) {
  const focused = document.activeElement?.id ?? "";
  const wasAsked = byId("pin-form") !== null;
  document.title = pieces.title;
  for (const id of PIECES) {
    const element = byId(id);
    // A piece that did not change keeps its nodes, and so the digits being typed.
    if (element.dataset.html !== pieces[id]) {
      element.dataset.html = pieces[id];
      element.innerHTML = pieces[id];
    }
  }
  keepFocus(focused, wasAsked);
}

function keepFocus(focused, wasAsked) {
  const isAsked = byId("pin-form") !== null;
  if (isAsked && !wasAsked) {
    byId("screen").scrollIntoView({ block: "nearest" });
    byId("pin-input").focus({ preventScroll: true });
    byId("pin-ok").scrollIntoView({ block: "nearest" });
    return;
  }
  if (!focused || document.activeElement?.id === focused) return;
  const candidates = [byId(focused), byId("eject"), document.querySelector(".card:enabled")];
  candidates.find((element) => element && !element.disabled)?.focus();
}

async function post(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  // Not form.action: a control named "action" hides that property.
  const answer = await fetch(form.getAttribute("action"), {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
  });
  if (answer.status === REFUSED) location.reload();
  else if (!answer.ok && answer.status !== TOO_LATE) throw new Error(answer.statusText);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  post(event.target, event.submitter).catch(() => {
    byId("offline").hidden = false;
  });
});

document.addEventListener("click", (event) => {
  const input = byId("pin-input");
  const key = event.target.closest("[data-digit], #pin-clear");
  if (!key || !input) return;
  if (key.id === "pin-clear") input.value = input.value.slice(0, -1);
  else if (input.value.length < input.maxLength) input.value += key.dataset.digit;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") byId("pin-cancel")?.click();
});

const events = new EventSource(document.body.dataset.events);
events.addEventListener("scene", (event) => {
  byId("offline").hidden = true;
  show(JSON.parse(event.data));
});
events.addEventListener("error", () => {
  byId("offline").hidden = false;
});
