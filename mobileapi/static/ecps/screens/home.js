/** Home: who this phone stands for, and the requests that wait for an answer, as they come. */

import { currentDevice, currentState, listen } from "../session.js";
import { fill, find, onLeave, onPress, show, text } from "../view.js";
import { approval } from "./approval.js";
import { deviceScreen } from "./device.js";

export function home() {
  show("home", { holder: currentDevice().holder ?? "" });
  onPress("#device", deviceScreen);
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

function render({ device, requests }) {
  const list = find("#requests");
  fill(find("#holder").parentElement, { holder: currentDevice().holder ?? "" });
  const shown = [...list.querySelectorAll(".request")].map((button) => button.dataset.requestId);
  const count = requests.length;
  fill(find("#home"), { known: device !== null, idle: device !== null && count === 0 });
  if (shown.join() === requests.map(({ id }) => id).join() && device !== null) return;
  list.replaceChildren(...requests.map(item));
  const key = { 0: "requests-none", 1: "requests-one" }[count] ?? "requests-many";
  find("#announcement").textContent = device === null ? "" : text(key, { count });
  if (count > shown.length) navigator.vibrate?.([80, 60, 80]);
  (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
}
