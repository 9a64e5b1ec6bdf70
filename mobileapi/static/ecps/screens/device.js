/** This phone: what it is, until when, and how to take e-CPS off it. */

import { signed } from "../api.js";
import { currentDevice, forget, remove } from "../session.js";
import { fill, find, isShown, onPress, onSubmit, reject, show, text, whenPressed } from "../view.js";
import { welcome } from "./activation.js";
import { offlineScreen } from "./offline.js";
import { home } from "./home.js";

const PAGE_LANGUAGE = document.documentElement.lang;
// English as Europe writes it: the day before the month.
const DAYS = new Intl.DateTimeFormat(PAGE_LANGUAGE === "en" ? "en-GB" : PAGE_LANGUAGE, {
  dateStyle: "long",
});

export function day(instant) {
  if (!instant) return "";
  const isFirst = ({ type, value }) => type === "day" && value === "1" && PAGE_LANGUAGE === "fr";
  const parts = DAYS.formatToParts(new Date(instant));
  return parts.map((part) => (isFirst(part) ? "1er" : part.value)).join("");
}

export function deviceScreen() {
  const { holder, label, kind, createdAt, validUntil } = currentDevice();
  const facts = { holder, label, created: day(createdAt), until: day(validUntil), when: kind };
  show("device", facts);
  history.pushState(null, "");
  onPress("#back", home);
  onPress("#remove", confirmRemoval);
  onPress("#offline-open", offlineScreen);
  onPress("#rename", () => rename(currentDevice().deviceId, currentDevice().label));
  listOthers().catch(console.warn);
}

/** The holder's other phones: named and removed from here, without the card. */
async function listOthers() {
  const { devices } = await signed(currentDevice(), "GET", "/devices");
  if (!isShown("device")) return;
  const others = devices.filter(({ device_id: id }) => id !== currentDevice().deviceId);
  find("#others").replaceChildren(...others.map(other));
  fill(find("#others-part").parentElement, { others: others.length > 0 });
}

function other({ device_id: id, label, activated_at: activated, last_used_at: used }) {
  const entry = find("#other").content.cloneNode(true);
  const facts = { label, activated: day(activated), used: day(used), isUsed: Boolean(used) };
  fill(entry, facts);
  const [renameIt, removeIt] = entry.querySelectorAll("button");
  whenPressed(renameIt, () => rename(id, label));
  whenPressed(removeIt, () => confirmOther(id, label));
  return entry;
}

function rename(id, label) {
  show("rename");
  const field = find("#label");
  field.value = label;
  onPress("#rename-cancel", deviceScreen);
  onSubmit("#rename-form", async () => {
    if (!field.value.trim()) return reject(field, text("label-empty"));
    await signed(currentDevice(), "PATCH", `/devices/${id}`, { label: field.value.trim() });
    deviceScreen();
  });
}

function confirmOther(id, label) {
  show("remove-other", { label });
  onPress("#other-cancel", deviceScreen);
  onPress("#other-confirm", async () => {
    await removeOther(id);
    deviceScreen();
  });
}

export const removeOther = (id) => signed(currentDevice(), "DELETE", `/devices/${id}`);

function confirmRemoval() {
  show("remove", { holder: currentDevice().holder });
  onPress("#remove-cancel", deviceScreen);
  onPress("#remove-confirm", async () => {
    const isTold = await remove();
    welcome({ notice: text(isTold ? "removed" : "removed-here-only") });
  });
}

/** The phone cannot serve any more: suspended, blocked, revoked, or unknown to the server. */
export function stopped(reason) {
  show("stopped", { when: reason });
  find("#stopped").dataset.reason = reason;
  onPress("#restart", async () => {
    await forget();
    welcome();
  });
}
