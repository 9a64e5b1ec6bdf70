/**
 * The exact bytes that are hashed and signed; the server computes the same (tests/vectors/ecps).
 *
 * JCS is the subset of RFC 8785 with objects, strings and integers only: nothing else is signed.
 */

import { concat, utf8 } from "./encoding.js";

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** RFC 8785: keys in the order of their UTF-16 code units, no spaces. */
export function jcs(value) {
  if (typeof value === "string" || Number.isSafeInteger(value)) return JSON.stringify(value);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError("only objects of strings and integers are signed");
  }
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${jcs(value[key])}`);
  return `{${members.join(",")}}`;
}

function lengthPrefixed(bytes) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concat(length, bytes);
}

/** What the passkey must be made for: this enrolment and no other. */
export function enrolmentChallenge(enrolmentId, nonce) {
  return sha256(concat(utf8("ecps-enrol-challenge-v1\0"), utf8(enrolmentId), nonce));
}

/** T: binds the enrolment to both public keys. For a PIN key `credentialId` is empty. */
export function enrolmentTranscript({
  enrolmentId,
  nonce,
  credentialId,
  credentialPublic,
  instancePublic,
}) {
  const fields = [utf8(enrolmentId), nonce, credentialId, credentialPublic, instancePublic];
  return sha256(concat(utf8("ecps-enrol-v1\0"), ...fields.map(lengthPrefixed)));
}

/** The six digits both screens must show: the first 64 bits of the hash, modulo a million. */
export async function fingerprint(transcript) {
  const hash = await sha256(concat(utf8("ecps-fingerprint-v1\0"), transcript));
  const number = new DataView(hash.buffer).getBigUint64(0) % 1_000_000n;
  return number.toString().padStart(6, "0");
}

/** C: the hash of what the screen shows and of the decision taken on it. */
export function approvalChallenge(nonce, context, decision) {
  const displayed = utf8(jcs({ ...context, decision }));
  return sha256(concat(utf8("ecps-approval-v1\0"), nonce, displayed));
}
