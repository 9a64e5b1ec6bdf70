/**
 * The code for when the phone has no network (RFC 6238, SHA-256): made here, eight digits, a new
 * one each half minute. The seed is kept as a key that signs and can never be read.
 */

import { serverTime, signed } from "../api.js";
import { fromBase64Url } from "../encoding.js";
import { currentDevice, keep } from "../session.js";
import { fill, find, isShown, onLeave, onPress, show } from "../view.js";
import { deviceScreen } from "./device.js";

const PERIOD = 30;
const PATH = "/devices/me/offline";

/** RFC 4226 §5.3 with the counter of RFC 6238 §4.2. */
async function codeAt(key, seconds) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(seconds / PERIOD)));
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const offset = mac[mac.length - 1] & 15;
  const number = new DataView(mac.buffer).getUint32(offset) & 0x7fffffff;
  return String(number % 100_000_000).padStart(8, "0");
}

async function turnOn() {
  const { secret } = await signed(currentDevice(), "PUT", PATH);
  const how = { name: "HMAC", hash: "SHA-256" };
  const extractable = false;
  const key = await crypto.subtle.importKey("raw", fromBase64Url(secret), how, extractable, ["sign"]);
  await keep({ offlineKey: key });
  offlineScreen();
}

async function turnOff() {
  await signed(currentDevice(), "DELETE", PATH);
  await keep({ offlineKey: null });
  offlineScreen();
}

async function render() {
  const seconds = serverTime() / 1000;
  const code = await codeAt(currentDevice().offlineKey, seconds);
  if (!isShown("offline-code")) return;
  const left = PERIOD - (Math.floor(seconds) % PERIOD);
  if (find("#code").dataset.code !== code) {
    find("#code").dataset.code = code;
    fill(find("#offline-code").parentElement, { code: `${code.slice(0, 4)} ${code.slice(4)}` });
  }
  fill(find("#offline-code").parentElement, { left });
}

export function offlineScreen() {
  const isOn = Boolean(currentDevice().offlineKey);
  show("offline-code", { on: isOn, off: !isOn });
  onPress("#offline-back", deviceScreen);
  onPress("#offline-on", turnOn);
  onPress("#offline-off", turnOff);
  if (!isOn) return;
  render();
  const timer = setInterval(render, 1000);
  onLeave(() => clearInterval(timer));
}
