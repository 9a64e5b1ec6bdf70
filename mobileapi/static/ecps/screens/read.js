/**
 * The code on a login page, read here and nowhere else: a link that somebody sent opens this
 * screen, never a request. What was read becomes a request of this phone.
 */

import { signed } from "../api.js";
import { hasCamera, scan } from "../scanner.js";
import { currentDevice } from "../session.js";
import { complain, explain, find, isShown, onLeave, onPress, onSubmit } from "../view.js";
import { reject, show, text, whenDone } from "../view.js";
import { approval } from "./approval.js";
import { home } from "./home.js";

const CODE_LENGTH = 10;
const TOKEN = /#l=([A-Za-z0-9_.-]+)$/;
const AGAIN_MS = 1500; // how long a refusal can be read before the camera looks again

/** The token of a login page's QR code, or null. */
export const loginTokenOf = (address) => TOKEN.exec(address)?.[1] ?? null;

/** `fromLink`: the phone's own camera, or somebody's message, opened the app with a code. */
export function readScreen({ fromLink = false } = {}) {
  show("read", { camera: hasCamera(), fromLink });
  onPress("#read-cancel", home);
  onSubmit("#login-code-form", async () => {
    const field = find("#login-code");
    const code = field.value.toUpperCase().replace(/[^0-9A-Z]/g, "");
    if (code.length !== CODE_LENGTH) return reject(field, text("code-incomplete"));
    await open({ code });
  });
  if (hasCamera()) look();
}

async function open(means) {
  approval(await signed(currentDevice(), "POST", "/requests/scan", means));
}

function look() {
  let stop = () => {};
  let isBusy = false;
  onLeave(() => stop());
  const use = (address) => {
    if (isBusy) return false;
    const token = loginTokenOf(address);
    if (token === null) {
      complain(text("qr-not-login"));
      return false;
    }
    // The code turns each second: one that came too late is followed by a fresh one.
    isBusy = true;
    whenDone(
      () => open({ token }),
      () => setTimeout(() => (isBusy = false), AGAIN_MS),
    );
    return false;
  };
  scan(find("video"), use)
    .then((end) => (isShown("read") ? (stop = end) : end()))
    .catch((error) => isShown("read") && withoutCamera(error));
}

function withoutCamera(error) {
  find(".viewfinder").hidden = true;
  complain(why(error));
}

const why = (error) => (error.name === "NotAllowedError" ? text("camera-refused") : explain(error));
