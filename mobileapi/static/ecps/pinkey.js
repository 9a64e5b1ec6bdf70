/**
 * The key behind a code of a few digits, for browsers without a passkey.
 *
 * The phone keeps salt and blob = seed ⊕ PBKDF2(code, salt). Every code yields a well-formed
 * Ed25519 key, so nothing here tells a right code from a wrong one: only the server can, and it
 * counts. Neither the public key nor any signature is ever stored.
 */

import { concat, randomBytes } from "./encoding.js";

const ROUNDS = 600_000;
// RFC 8410 §7: PKCS#8 of an Ed25519 key is this prefix followed by the 32-byte seed.
const PKCS8_PREFIX = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);
const COMMON = new Set([
  ...["112233", "332211", "159753", "147258", "159357", "102030", "101010"],
  ...["2580", "0852", "1379", "1397", "1122", "2211", "1012"],
]);
const YEAR = /^(19|20)\d\d$/;

/** How many digits a new code has here. */
export const newDigits = () => Number(document.querySelector("#screen").dataset.pinDigits);

/** Codes that are guessed first: repeats, sequences, the best-known patterns. */
export function isTooSimple(pin) {
  const steps = new Set(Array.from(pin.slice(1), (digit, index) => (digit - pin[index] + 10) % 10));
  const isRepeated = [2, 3].some((part) => pin.slice(0, part).repeat(pin.length / part) === pin);
  return steps.size === 1 || isRepeated || COMMON.has(pin) || YEAR.test(pin);
}

async function keyOf(seed, extractable) {
  const pkcs8 = concat(PKCS8_PREFIX, seed);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", extractable, ["sign"]);
  pkcs8.fill(0);
  return key;
}

/** Whether this browser knows Ed25519 (WebCrypto Secure Curves). */
export async function isSupported() {
  try {
    await keyOf(new Uint8Array(32), false);
    return true;
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return false;
    throw error;
  }
}

async function mask(pin, salt) {
  const digits = new TextEncoder().encode(pin);
  const base = await crypto.subtle.importKey("raw", digits, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
}

const xor = (left, right) => left.map((byte, index) => byte ^ right[index]);

/** → { publicKey, lock }: the public key goes to the server and is forgotten; lock is stored. */
export async function createPinKey(pin) {
  const seed = randomBytes(32);
  const salt = randomBytes(16);
  const { x } = await crypto.subtle.exportKey("jwk", await keyOf(seed, true));
  // How long it is tells nothing that the keypad does not.
  const lock = { salt, blob: xor(seed, await mask(pin, salt)), digits: pin.length };
  seed.fill(0);
  return { publicKey: x, lock };
}

/** Ed25519 over `message` with the key this code opens, whatever the code. */
export async function signWithPin({ salt, blob }, pin, message) {
  const seed = xor(blob, await mask(pin, salt));
  const key = await keyOf(seed, false);
  seed.fill(0);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));
}
