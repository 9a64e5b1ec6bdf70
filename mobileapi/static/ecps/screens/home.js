/** Home: who this phone stands for, and the requests that wait for an answer, as they come. */

import { acknowledge, currentDevice, currentState, listen } from "../session.js";
import { fill, find, onLeave, onPress, show, text, whenPressed } from "../view.js";
import { canAsk, enable, keepInStep } from "../push.js";
import { approval } from "./approval.js";
import { day, deviceScreen, removeOther } from "./device.js";
import { journalScreen } from "./journal.js";
import { readScreen } from "./read.js";

export function home() {
  show("home", { holder: currentDevice().holder ?? "" });
  onPress("#device", deviceScreen);
  onPress("#scan-login", () => readScreen());
  onPress("#journal-open", journalScreen);
  fill(find("#home"), { canRing: canAsk() });
  onPress("#ring", async () => {
    await enable();
    fill(find("#home"), { canRing: false });
    find("#announcement").textContent = text("ringing");
  });
  keepInStep().catch(console.warn);
  onLeave(listen(render));
  render(currentState());
}

function item(request) {
  const entry = find("template").content.cloneNode(true);
  fill(entry, { name: request.portal.name, host: request.portal.host, test: request.is_test });
  const button = entry.querySelector(".request");
  button.dataset.requestId = request.id;
  button.addEventListener("click", () => approval(request));
  return entry;
}

/** « A new phone bears your name »: kept until the person has said whether it was they. */
function news({ device_id: id, label, activated_at: activated }) {
  const entry = find("#new-device").content.cloneNode(true);
  fill(entry, { label, when: day(activated) });
  entry.firstElementChild.dataset.deviceId = id;
  const [cancel, keep] = entry.querySelectorAll("button");
  whenPressed(cancel, () => removeOther(id));
  whenPressed(keep, async () => {
    await acknowledge(id);
    renderNews(currentState().device);
  });
  return entry;
}

function renderNews(device) {
  const known = new Set(currentDevice().known ?? []);
  const fresh = (device.new_devices ?? []).filter(({ device_id: id }) => !known.has(id));
  const list = find("#new-devices");
  const shown = [...list.children].map((entry) => entry.dataset.deviceId);
  if (shown.join() !== fresh.map(({ device_id: id }) => id).join()) {
    list.replaceChildren(...fresh.map(news));
  }
  fill(find("#home"), { expiring: device.warning === "expired", until: day(device.ends_at) });
}

function render({ device, requests }) {
  const list = find("#requests");
  if (device) renderNews(device);
  fill(find("#holder").parentElement, { holder: currentDevice().holder ?? "" });
  const shown = [...list.querySelectorAll(".request")].map((button) => button.dataset.requestId);
  const count = requests.length;
  fill(find("#home"), { known: device !== null, idle: count === 0 });
  // Not said before it is known, but its place is kept: what is below must not move then.
  find(".idle").classList.toggle("idle--unsaid", device === null);
  if (shown.join() === requests.map(({ id }) => id).join() && device !== null) return;
  list.replaceChildren(...requests.map(item));
  const key = { 0: "requests-none", 1: "requests-one" }[count] ?? "requests-many";
  find("#announcement").textContent = device === null ? "" : text(key, { count });
  if (count > shown.length) navigator.vibrate?.([80, 60, 80]);
  (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
}
