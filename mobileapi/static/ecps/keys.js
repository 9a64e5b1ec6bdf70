/**
 * The device key: "this installation and no other". P-256, never extractable, used for every
 * request (DPoP) and every decision. It lives in IndexedDB as a handle (store.js).
 */

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/** → { privateKey, publicJwk, publicRaw } (publicRaw: the uncompressed point, 65 bytes). */
export async function createDeviceKey() {
  const extractable = false; // of the private half; a public key is always exportable
  const pair = await crypto.subtle.generateKey(ALGORITHM, extractable, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const publicRaw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { privateKey: pair.privateKey, publicJwk: { kty, crv, x, y }, publicRaw };
}

/** ES256 as JOSE writes it: r‖s, 64 bytes (RFC 7518 §3.4). */
export async function sign(privateKey, bytes) {
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  return new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, bytes));
}
