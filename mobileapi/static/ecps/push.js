/**
 * The doorbell (Web Push): where this browser can be rung while the app is closed. A ring says
 * only that there is something to look at; the app asks the server what it is.
 */

import { Problem, signed } from "./api.js";
import { fromBase64Url, toBase64Url } from "./encoding.js";
import { currentDevice } from "./session.js";

const PATH = "/devices/me/push";
const PATIENCE_MS = 15000; // a browser without a push service may never answer
let isInStep = false;

const isPossible = () =>
  Boolean(navigator.serviceWorker && globalThis.PushManager && globalThis.Notification);

/** Whether the person can still be asked: once they said no, only the browser's settings help. */
export const canAsk = () => isPossible() && Notification.permission === "default";

function within(promise) {
  const failure = (resolve, reject) =>
    setTimeout(() => reject(new Problem({ code: "push-away" })), PATIENCE_MS);
  return Promise.race([promise, new Promise(failure)]);
}

async function subscription() {
  const { public_key: key } = await signed(currentDevice(), "GET", PATH);
  const { pushManager } = await within(navigator.serviceWorker.ready);
  const kept = await pushManager.getSubscription();
  const isOurs = kept && toBase64Url(kept.options.applicationServerKey ?? []) === key;
  if (isOurs) return kept;
  await kept?.unsubscribe();
  const applicationServerKey = fromBase64Url(key);
  return within(pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
}

async function tell() {
  const told = await subscription();
  const keys = { p256dh: toBase64Url(told.getKey("p256dh")), auth: toBase64Url(told.getKey("auth")) };
  await signed(currentDevice(), "PUT", PATH, { endpoint: told.endpoint, keys });
  isInStep = true;
}

/** From a touch of the person: asks the browser, then tells the server. */
export async function enable() {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") throw new Problem({ code: "push-refused" });
  try {
    await tell();
  } catch (error) {
    if (error.name === "AbortError") throw new Problem({ code: "push-away" });
    throw error;
  }
}

/** At each start: the browser may have moved its address without telling anybody. */
export async function keepInStep() {
  if (isInStep || !isPossible() || Notification.permission !== "granted") return;
  isInStep = true;
  await tell();
}
