/** Bytes and text: base64url without padding (RFC 7515 §2), UTF-8, concatenation. */

export const utf8 = (text) => new TextEncoder().encode(text);

export function concat(...parts) {
  const bytes = parts.map((part) => new Uint8Array(part));
  const whole = new Uint8Array(bytes.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of bytes) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function toBase64Url(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export const randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
