/**
 * One request: what is asked, by whom, from where; approve, refuse, or "it is not me".
 *
 * What is signed is rebuilt from what this screen shows. Where the server's idea of it differs
 * in one letter, nothing is signed.
 */

import { Problem, serverTime, signed } from "../api.js";
import { approvalChallenge, jcs } from "../canonical.js";
import { concat, fromBase64Url, randomBytes, toBase64Url } from "../encoding.js";
import { sign } from "../keys.js";
import { usePasskey } from "../passkey.js";
import { signWithPin } from "../pinkey.js";
import { currentDevice, listen, markOver } from "../session.js";
import { find, onLeave, onPress, onSubmit } from "../view.js";
import { reject, show, text } from "../view.js";
import { home } from "./home.js";
import { stopped } from "./device.js";

/** Refusals after which this request is over, and the result they show. */
const ENDINGS = {
  wrong_number: "wrong_number",
  request_over: "expired",
  unknown_request: "expired",
  proof_refused: "refused",
  mismatch: "mismatch",
  phone_on_probation: "probation",
  phone_not_accepted: "not_accepted",
};

/** Refusals after which this phone is over. */
const STOPS = { device_blocked: "blocked", device_suspended: "suspended", unknown_device: "gone" };

function displayed(request, number) {
  return Object.freeze({
    v: 1,
    id: request.id,
    client_id: request.client_id,
    rp_name: request.portal.name,
    rp_host: request.portal.host,
    acr: request.level,
    browser: request.browser,
    place: request.place,
    iat: request.iat,
    exp: request.exp,
    number,
    device_id: currentDevice().deviceId,
    ...(request.binding_message && { binding_message: request.binding_message }),
    ...(request.means && { means: request.means }),
  });
}

function clock(seconds) {
  const moment = new Date(seconds * 1000);
  const [hours, minutes] = [moment.getHours(), moment.getMinutes()];
  return text("clock", { hours, minutes: String(minutes).padStart(2, "0") });
}

function facts(request) {
  return {
    name: request.portal.name,
    host: request.portal.host,
    browser: request.browser,
    place: request.place,
    hasPlace: request.place !== "",
    hasBrowser: request.browser !== "",
    time: clock(request.iat),
    test: request.is_test,
    message: request.binding_message,
    hasMessage: request.binding_message !== "",
    hasNumber: request.number_length > 0,
    hasNoNumber: request.number_length === 0 && !request.means,
    isScanned: request.means === "scan",
  };
}

/** Ends the screen when the request does: by time, or because the workstation gave up. */
function watch(request) {
  const isListed = ({ requests }) => requests.some(({ id }) => id === request.id);
  const left = request.exp * 1000 - serverTime();
  const timer = setTimeout(() => result("expired", request), Math.max(0, left));
  // One that this phone has just read may be missing from a list that was on its way already.
  let isKnown = !request.means;
  const unlisten = listen((state) => {
    if (isListed(state)) isKnown = true;
    else if (isKnown) result("expired", request);
  });
  onLeave(() => {
    clearTimeout(timer);
    unlisten();
  });
}

export function approval(request, number = "") {
  show("approval", facts(request));
  const field = find("#number");
  field.maxLength = request.number_length;
  field.value = number;
  if (!number && request.number_length > 0) field.focus({ preventScroll: true });
  watch(request);
  history.pushState(null, "");
  onSubmit("#approval-form", async () => {
    if (!new RegExp(`^\\d{${request.number_length}}$`).test(field.value)) {
      return reject(field, text("number-incomplete", { count: request.number_length }));
    }
    await ending(request, () => approve(request, field.value));
  });
  onPress("#deny", () => ending(request, () => deny(request, "changed_mind")));
  onPress("#not-me", () => ending(request, () => deny(request, "not_me")));
}

/** Runs `work`; a refusal that ends the request shows its result, others stay on the screen. */
async function ending(request, work) {
  try {
    await work();
  } catch (error) {
    if (error.code in STOPS) return stopped(STOPS[error.code]);
    if (!(error.code in ENDINGS)) throw error;
    result(ENDINGS[error.code], request);
  }
}

/** Types the number in, gets the bytes to sign: C, computed here from what was displayed. */
async function challenge(request, number) {
  const path = `/requests/${request.id}/challenge`;
  const answer = await signed(currentDevice(), "POST", path, { number });
  const context = displayed(request, number);
  const bytes = await approvalChallenge(fromBase64Url(answer.nonce), context, "approve");
  const isSame = jcs(answer.context) === jcs(context);
  const isBound = !answer.webauthn || answer.webauthn.challenge === toBase64Url(bytes);
  if (!isSame || !isBound) throw new Problem({ code: "mismatch" });
  return { bytes, webauthn: answer.webauthn };
}

async function approve(request, number) {
  const { bytes, webauthn } = await challenge(request, number);
  if (currentDevice().kind === "pin") return askPin(request, number, bytes);
  const assertion = await usePasskey(webauthn);
  const over = concat(bytes, assertion.signature);
  await send(request, { assertion: assertion.json, pin_signature: null }, over);
}

/** `over`: what the device key signs beside the person's own proof. */
async function send(request, proof, over, signature = null) {
  const mine = signature ?? (await sign(currentDevice().privateKey, over));
  const body = { ...proof, instance_signature: toBase64Url(mine) };
  await signed(currentDevice(), "POST", `/requests/${request.id}/approve`, body);
  result("approved", request);
}

function askPin(request, number, bytes) {
  let fresh = bytes;
  show("pin-approval", facts(request));
  find("#pin").focus({ preventScroll: true });
  watch(request);
  onPress("#pin-cancel", () => approval(request, number));
  onSubmit("#pin-form", async () => {
    const field = find("#pin");
    if (!/^\d{6}$/.test(field.value)) return reject(field, text("pin-incomplete"));
    await ending(request, async () => {
      // A challenge serves once: after a wrong code, the next try signs a new one.
      fresh ??= (await challenge(request, number)).bytes;
      const over = fresh;
      fresh = null;
      await sendPin(request, field, over);
    });
  });
}

async function sendPin(request, field, over) {
  const mine = await sign(currentDevice().privateKey, over);
  const pin = await signWithPin(currentDevice().lock, field.value, concat(over, mine));
  field.value = "";
  try {
    await send(request, { assertion: null, pin_signature: toBase64Url(pin) }, over, mine);
  } catch (error) {
    if (error.code !== "wrong_pin") throw error;
    const key = error.triesLeft === 1 ? "pin-wrong-last" : "pin-wrong";
    reject(field, text(key, { count: error.triesLeft }));
  }
}

async function deny(request, reason) {
  const nonce = randomBytes(32);
  const bytes = await approvalChallenge(nonce, displayed(request, ""), `deny:${reason}`);
  await signed(currentDevice(), "POST", `/requests/${request.id}/deny`, {
    reason,
    nonce: toBase64Url(nonce),
    instance_signature: toBase64Url(await sign(currentDevice().privateKey, bytes)),
  });
  result(reason === "not_me" ? "not_me" : "denied", request);
}

function result(outcome, request) {
  markOver(request.id);
  show("result", { when: outcome, name: request.portal.name });
  find("#result").dataset.result = outcome;
  if (outcome === "approved") navigator.vibrate?.(60);
  onPress("#go-home", home);
}
