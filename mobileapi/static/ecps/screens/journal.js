/** « Mon journal »: what was done in the holder's name, by whatever means, and when. */

import { signed } from "../api.js";
import { currentDevice } from "../session.js";
import { fill, find, isShown, onPress, show, text } from "../view.js";
import { day } from "./device.js";
import { home } from "./home.js";

const ALARMING = new Set([
  "login_failed",
  "reported",
  "phone_added",
  "phone_suspended",
  "phone_ending",
]);

export async function journalScreen() {
  show("journal", { none: false });
  history.pushState(null, "");
  onPress("#journal-back", home);
  const { entries } = await signed(currentDevice(), "GET", "/journal");
  if (!isShown("journal")) return;
  find("#journal").replaceChildren(...entries.map(line));
  fill(find("#journal").parentElement, { none: entries.length === 0 });
}

function line({ kind, portal, phone, method, at, reference }) {
  const entry = find("template").content.cloneNode(true);
  const moment = new Date(at);
  const [hours, minutes] = [moment.getHours(), moment.getMinutes()];
  const clock = text("clock", { hours, minutes: String(minutes).padStart(2, "0") });
  fill(entry, {
    what: text(`journal-${kind}`, { portal, phone }),
    means: kind === "login" ? text(`means-${method}`) : "",
    when: `${day(at)}, ${clock}`,
    reference,
  });
  entry.firstElementChild.classList.toggle("entry--alarming", ALARMING.has(kind));
  return entry;
}
