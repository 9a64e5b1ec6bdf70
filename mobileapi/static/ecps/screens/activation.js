/**
 * Activation: code or QR → "is it you?" → protection → keys → six digits → active.
 *
 * Keys are stored only once the server has both public halves and before the digits are shown;
 * without the digits nobody can confirm, so nothing half-activated stays.
 */

import { post, Problem } from "../api.js";
import { enrolmentChallenge, enrolmentTranscript, fingerprint } from "../canonical.js";
import { fromBase64Url, toBase64Url } from "../encoding.js";
import { canInstall, install, isInstalled, isIos, phoneLabel } from "../install.js";
import { createDeviceKey, sign } from "../keys.js";
import * as passkeys from "../passkey.js";
import * as pinkeys from "../pinkey.js";
import { hasCamera, scan } from "../scanner.js";
import { begin, currentDevice, forget, listen, removeReplaced } from "../session.js";
import { keepForGood, saveDevice } from "../store.js";
import { complain, explain, find, isShown, onLeave, onPress, onSubmit } from "../view.js";
import { reject, show, text } from "../view.js";
import { home } from "./home.js";

const CODE_LENGTH = 10;
const TOKEN = /#e=([A-Za-z0-9_.-]+)$/;

/** The token of a QR code's address, or null: any other QR code is none of ours. */
export const tokenOf = (address) => TOKEN.exec(address)?.[1] ?? null;

/** The first screen. `token`: from a QR code read outside the installed app. */
export function welcome({ token = "", notice = "" } = {}) {
  const needsInstall = isIos() && !isInstalled();
  const known = { notice, hasNotice: Boolean(notice), needsInstall, hasToken: Boolean(token) };
  show("welcome", { ...known, camera: hasCamera(), install: canInstall() });
  onPress("#here", () => claim({ token }));
  onPress("#scan", scanCode);
  onPress("#install", install);
  onSubmit("#code-form", async () => {
    const field = find("#code");
    const code = field.value.toUpperCase().replace(/[^0-9A-Z]/g, "");
    if (code.length !== CODE_LENGTH) return reject(field, text("code-incomplete"));
    await claim({ code });
  });
}

/** Straight from the QR code's address; a phone already in use asks first. */
export async function arrive(token) {
  if (currentDevice()) return replace(token);
  if (isIos() && !isInstalled()) return welcome({ token });
  show("opening");
  try {
    await claim({ token });
  } catch (error) {
    welcome();
    complain(explain(error));
  }
}

function replace(token) {
  show("replace", { holder: currentDevice().holder });
  onPress("#keep", home);
  onPress("#replace", () => claim({ token }));
}

function scanCode() {
  show("scan");
  onPress("#scan-cancel", () => welcome());
  let stop = () => {};
  onLeave(() => stop());
  const use = (address) => {
    const token = tokenOf(address);
    if (token === null) complain(text("qr-foreign"));
    else arrive(token);
    return token !== null;
  };
  scan(find("video"), use)
    .then((end) => (isShown("scan") ? (stop = end) : end()))
    .catch((error) => isShown("scan") && withoutCamera(error));
}

function withoutCamera(error) {
  welcome();
  complain(error.name === "NotAllowedError" ? text("camera-refused") : explain(error));
}

async function claim(means) {
  const enrolment = await post("/enrolments/claim", means);
  const nonce = fromBase64Url(enrolment.nonce);
  const expected = await enrolmentChallenge(enrolment.enrolment_id, nonce);
  if (toBase64Url(expected) !== enrolment.webauthn.challenge) throw new Problem({ code: "mismatch" });
  show("identity", { holder: enrolment.holder });
  onPress("#confirm-identity", () => chooseProtection(enrolment));
  onPress("#not-identity", () => welcome({ notice: text("not-identity") }));
}

async function chooseProtection(enrolment) {
  const [passkey, pin] = await Promise.all([passkeys.isAvailable(), pinkeys.isSupported()]);
  show("protect", { passkey, pin, onlyPin: pin && !passkey, neither: !passkey && !pin });
  onPress("#use-passkey", () => activateWithPasskey(enrolment));
  onPress("#use-pin", () => choosePin(enrolment));
}

async function activateWithPasskey(enrolment) {
  const passkey = await passkeys.createPasskey(enrolment.webauthn);
  const credentialId = passkey.json.id;
  const kept = { kind: "passkey", credentialId, rpId: enrolment.webauthn.rp.id };
  const sent = { passkey: passkey.json, pin_key: null };
  await register(enrolment, { id: passkey.id, publicKey: passkey.publicKey, kept, sent });
}

function choosePin(enrolment) {
  show("pin");
  onPress("#pin-back", () => chooseProtection(enrolment));
  onSubmit("#pin-form", async () => {
    const [field, repeated] = [find("#pin"), find("#pin-repeat")];
    const count = pinkeys.newDigits();
    if (!new RegExp(`^\\d{${count}}$`).test(field.value)) {
      return reject(field, text("pin-incomplete", { count }));
    }
    if (pinkeys.isTooSimple(field.value)) return reject(field, text("pin-simple"));
    if (field.value !== repeated.value) return reject(repeated, text("pin-differs"));
    const { publicKey, lock } = await pinkeys.createPinKey(field.value);
    const sent = { passkey: null, pin_key: { public_key: publicKey } };
    const bytes = fromBase64Url(publicKey);
    const kept = { kind: "pin", lock };
    await register(enrolment, { id: new Uint8Array(), publicKey: bytes, kept, sent });
  });
}

async function register(enrolment, credential) {
  const key = await createDeviceKey();
  const transcript = await enrolmentTranscript({
    enrolmentId: enrolment.enrolment_id,
    nonce: fromBase64Url(enrolment.nonce),
    credentialId: credential.id,
    credentialPublic: credential.publicKey,
    instancePublic: key.publicRaw,
  });
  const label = await phoneLabel();
  const answer = await post(`/enrolments/${enrolment.enrolment_id}/keys`, {
    claim_secret: enrolment.claim_secret,
    label,
    instance_key: key.publicJwk,
    ...credential.sent,
    instance_signature: toBase64Url(await sign(key.privateKey, transcript)),
  });
  const digits = await fingerprint(transcript);
  const { deviceId, privateKey, publicJwk } = currentDevice() ?? {};
  const record = {
    ...credential.kept,
    deviceId: answer.device_id,
    state: "pending",
    label,
    privateKey: key.privateKey,
    publicJwk: key.publicJwk,
    // Renewed on the same phone: once this one is active, the one before is removed.
    ...(deviceId && { replaced: { deviceId, privateKey, publicJwk } }),
    // With the digits a thief could test guesses of a PIN: they are kept for a passkey only.
    fingerprint: credential.kept.kind === "passkey" ? digits : null,
  };
  await saveDevice(record);
  await keepForGood();
  begin(record);
  awaitConfirmation(digits);
}

/** The six digits, until the workstation has confirmed them; `digits` null: a reloaded page. */
export function awaitConfirmation(digits) {
  const spoken = (digits ?? "").split("").join(" ");
  show("digits", { digits, spoken, hasDigits: digits !== null, lostDigits: digits === null });
  onPress("#restart", async () => {
    await forget();
    welcome();
  });
  const stop = listen(async ({ device }) => {
    if (device.state === "active") activated(device);
    if (["gone", "revoked", "cancelled"].includes(device.state)) {
      stop();
      await forget();
      welcome({ notice: text("activation-stopped") });
    }
  });
  onLeave(stop);
}

function activated({ holder }) {
  navigator.vibrate?.(60);
  show("activated", { holder, install: canInstall() });
  // Unreachable or removed already: it stays in the list, where the person can remove it.
  removeReplaced().catch(console.warn);
  onPress("#install", install);
  onPress("#go-home", home);
}
