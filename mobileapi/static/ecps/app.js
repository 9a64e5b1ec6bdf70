/** The e-CPS web app: what to show first, and what takes the screen over. */

import { prepareInstallation } from "./install.js";
import { begin, currentDevice, listen } from "./session.js";
import { loadDevice } from "./store.js";
import { isShown, show, text } from "./view.js";
import { arrive, awaitConfirmation, tokenOf, welcome } from "./screens/activation.js";
import { stopped } from "./screens/device.js";
import { home } from "./screens/home.js";
import { loginTokenOf, readScreen } from "./screens/read.js";

const USELESS = new Set(["suspended", "blocked", "revoked", "gone"]);

/** A token in the address is taken out of it: it must not stay in the history. */
function takeToken() {
  const [token, login] = [tokenOf(location.hash), loginTokenOf(location.hash)];
  if (location.hash) history.replaceState(null, "", location.pathname);
  return { token, fromLink: login !== null };
}

function showStart(record, fromLink = false) {
  if (!record) return welcome({ notice: fromLink ? text("login-elsewhere") : "" });
  if (fromLink && record.state === "active") return readScreen({ fromLink });
  if (record.state === "pending") return awaitConfirmation(record.fingerprint);
  if (USELESS.has(record.state)) return stopped(record.state);
  return home();
}

function watchState({ device }) {
  if (isShown("digits") || isShown("remove")) return;
  if (USELESS.has(device.state)) return isShown("stopped") || stopped(device.state);
  if (isShown("stopped") && device.state === "active") home();
}

function watchConnection() {
  const notice = document.querySelector("#offline");
  for (const event of ["online", "reachable"]) addEventListener(event, () => (notice.hidden = true));
  for (const event of ["offline", "unreachable"]) {
    addEventListener(event, () => (notice.hidden = false));
  }
}

async function storedDevice() {
  if (!isSecureContext || !crypto.subtle) throw new DOMException("no crypto", "SecurityError");
  return loadDevice();
}

async function start() {
  prepareInstallation();
  watchConnection();
  const { token, fromLink } = takeToken();
  let record;
  try {
    record = await storedDevice();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return show("unsupported");
  }
  if (record) begin(record);
  listen(watchState);
  addEventListener("popstate", () => currentDevice() && !isShown("digits") && home());
  addEventListener("hashchange", () => {
    const arrived = takeToken();
    if (arrived.token) arrive(arrived.token);
    else if (arrived.fromLink) showStart(currentDevice(), true);
  });
  if (token) arrive(token);
  else showStart(record, fromLink);
}

start();
