/**
 * The API, without any stored token: a device signs each request with its own key
 * (RFC 9449, with `bh`, the hash of the body). Refusals are RFC 9457 problems. The window hears
 * "reachable" and "unreachable".
 */

import { sha256 } from "./canonical.js";
import { randomBytes, toBase64Url, utf8 } from "./encoding.js";
import { sign } from "./keys.js";

const ROOT = "/api/v1";

let serverNonce = "";
let clockSkew = 0; // milliseconds the server's clock is ahead of ours

/** A refusal by the server (`code`, `status`, `triesLeft`), or `code` "network". */
export class Problem extends Error {
  constructor({ status = 0, code = "network", detail = "", tries_left: triesLeft } = {}) {
    super(detail);
    Object.assign(this, { status, code, triesLeft });
  }
}

/** The server's idea of now, in milliseconds. */
export const serverTime = () => Date.now() + clockSkew;

function remember(headers) {
  serverNonce = headers.get("DPoP-Nonce") ?? serverNonce;
  const stamp = Date.parse(headers.get("Date") ?? "");
  // The header counts whole seconds; less than two of them are no skew.
  if (stamp) clockSkew = Math.abs(stamp - Date.now()) < 2000 ? 0 : stamp - Date.now();
}

async function answerOf(response) {
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  const body = isJson ? await response.json() : {};
  if (response.ok) return body;
  throw new Problem({ code: "unknown", ...body, status: response.status });
}

async function send(method, path, body, headers = {}) {
  if (body !== "") headers["Content-Type"] = "application/json";
  const options = { method, headers, cache: "no-store", redirect: "error" };
  if (body !== "") options.body = body;
  let response;
  try {
    response = await fetch(ROOT + path, options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    dispatchEvent(new Event("unreachable"));
    throw new Problem();
  }
  dispatchEvent(new Event("reachable"));
  remember(response.headers);
  return answerOf(response);
}

const part = (value) => toBase64Url(utf8(JSON.stringify(value)));

/** A DPoP proof for one request of this device. */
export async function proof(device, { method, url, body = "", nonce = serverNonce }) {
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: device.publicJwk };
  const claims = {
    jti: toBase64Url(randomBytes(16)),
    htm: method,
    htu: url,
    iat: Math.floor(serverTime() / 1000),
    bh: toBase64Url(await sha256(utf8(body))),
    ...(nonce && { nonce }),
  };
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${toBase64Url(await sign(device.privateKey, utf8(signed)))}`;
}

export const baseUrl = () => document.querySelector("#screen").dataset.base;

/** For what comes before there is a device: the claim of an activation, its keys, a nonce. */
export const post = (path, value = {}) => send("POST", path, JSON.stringify(value));

/** A request signed by this device; repeated once when the server asks for its fresh nonce. */
export async function signed(device, method, path, value) {
  const body = value === undefined ? "" : JSON.stringify(value);
  const attempt = async () =>
    send(method, path, body, {
      Authorization: `Device ${device.deviceId}`,
      DPoP: await proof(device, { method, url: `${baseUrl()}${ROOT}${path}`, body }),
    });
  try {
    return await attempt();
  } catch (error) {
    if (error.code !== "use_dpop_nonce") throw error;
    return attempt();
  }
}
