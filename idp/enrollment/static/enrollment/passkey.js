/**
 * The phone's passkey in this very browser: the one of this phone, or of a phone nearby.
 * Shown only where the browser can ask for it; everything else on the page works without.
 */

const way = document.querySelector("#passkey-way");
const place = document.querySelector("#passkey-error");
const options = JSON.parse(document.querySelector("#passkey-options").textContent);

const isPhone = () =>
  navigator.userAgentData?.mobile ?? /Android|iPhone|iPad|iPod/.test(navigator.userAgent);

/** Whether a passkey can be asked for here: the phone's own, or one across by Bluetooth. */
async function canAsk() {
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) return false;
  const can = (await PublicKeyCredential.getClientCapabilities?.()) ?? {};
  return isPhone() ? can.userVerifyingPlatformAuthenticator !== false : can.hybridTransport !== false;
}

function show(phone) {
  for (const each of way.querySelectorAll("[data-here]")) {
    each.hidden = (each.dataset.here === "phone") !== phone;
  }
  way.hidden = false;
}

function complain(sentence) {
  place.textContent = sentence;
  place.hidden = sentence === "";
}

async function send(credential) {
  const response = await fetch(way.dataset.url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": way.elements.csrfmiddlewaretoken.value,
    },
    body: JSON.stringify(credential),
  });
  const answer = await response.json();
  if (response.ok) location.assign(answer.next);
  else complain(answer.detail);
  return response.ok;
}

/** Whether the login goes on from here. */
async function use() {
  complain("");
  let credential;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({
      ...options,
      hints: isPhone() ? ["client-device"] : ["hybrid"],
    });
    credential = await navigator.credentials.get({ publicKey });
  } catch (error) {
    // Closed by the person, no passkey, no Bluetooth: browsers say it all with one name.
    if (!(error instanceof DOMException)) throw error;
    complain(place.dataset.stopped);
    return false;
  }
  try {
    return await send(credential.toJSON());
  } catch {
    complain(place.dataset.unreachable);
    return false;
  }
}

way.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = way.querySelector("button");
  button.disabled = true;
  way.dataset.busy = "true";
  if (await use()) return;
  delete way.dataset.busy;
  button.disabled = false;
});

if (await canAsk()) show(isPhone());
