/** The activated phone while the app is open: its record, its live state, who listens to it. */

import { signed } from "./api.js";
import { forgetPasskey } from "./passkey.js";
import { eraseDevice, saveDevice } from "./store.js";
import { Live } from "./live.js";

let device = null;
let live = null;
let latest = { device: null, requests: [] };
const listeners = new Set();
const over = new Set();

export const currentDevice = () => device;
export const currentState = () => latest;

/** `listener({ device, requests })` at each change; device.state is "gone" when unknown. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell({ device: known, requests }) {
  latest = { device: known, requests: requests.filter(({ id }) => !over.has(id)) };
  // One of them may change the screen, and with it take others off the list.
  for (const listener of [...listeners]) if (listeners.has(listener)) listener(latest);
}

/** A request that has ended here; an older list may still arrive with it. */
export function markOver(requestId) {
  over.add(requestId);
  latest = { ...latest, requests: latest.requests.filter(({ id }) => id !== requestId) };
}

async function keepFacts(known) {
  const { holder, label, state, valid_until: validUntil, created_at: createdAt } = known;
  if (state === device.state && holder === device.holder && validUntil === device.validUntil) return;
  // Once active, the six digits have served; nothing of them stays.
  const fingerprint = state === "pending" ? device.fingerprint : null;
  device = { ...device, holder, label, state, validUntil, createdAt, fingerprint };
  await saveDevice(device);
}

/** The holder said « it was me » of a phone activated beside this one: it is not asked again. */
export const acknowledge = (deviceId) => keep({ known: [...(device.known ?? []), deviceId] });

/** More to remember of this phone. */
export async function keep(changes) {
  device = { ...device, ...changes };
  await saveDevice(device);
}

/** Starts listening for this device; `record` is already stored. */
export function begin(record) {
  end();
  device = record;
  live = new Live(record, {
    onState: async (state) => {
      await keepFacts(state.device);
      tell(state);
    },
    onGone: () => tell({ device: { state: "gone" }, requests: [] }),
  });
  live.start();
}

export function end() {
  live?.stop();
  live = null;
  latest = { device: null, requests: [] };
}

/** Forgets the keys of this phone; the passkey's own store is told where it can be. */
export async function forget() {
  end();
  const { credentialId, rpId } = device ?? {};
  device = null;
  await eraseDevice();
  if (credentialId) await forgetPasskey(rpId, credentialId).catch(() => {});
}

/** The installation that this one took the place of is removed, signed with its own key. */
export async function removeReplaced() {
  const { replaced, ...kept } = device ?? {};
  if (!replaced) return;
  await signed(replaced, "DELETE", "/devices/me");
  device = kept;
  await saveDevice(device);
}

/** Says "this phone is removed" to the server, then forgets. → whether the server knows. */
export async function remove() {
  let isTold = true;
  try {
    await signed(device, "DELETE", "/devices/me");
  } catch (error) {
    isTold = error.code === "unknown_device";
  }
  await forget();
  return isTold;
}
