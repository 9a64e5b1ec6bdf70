/** This phone: what it is, until when, and how to take e-CPS off it. */

import { currentDevice, forget, remove } from "../session.js";
import { find, onPress, show, text } from "../view.js";
import { welcome } from "./activation.js";
import { home } from "./home.js";

const PAGE_LANGUAGE = document.documentElement.lang;
// English as Europe writes it: the day before the month.
const DAYS = new Intl.DateTimeFormat(PAGE_LANGUAGE === "en" ? "en-GB" : PAGE_LANGUAGE, {
  dateStyle: "long",
});

function day(instant) {
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
}

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
