/** The workstation's side of an activation: fresh QR codes, and on to the next state at once. */

import { countDown, follow, writeLeft } from "./following.js";

const page = document.querySelector("#activate");
const { events, show, state: present, left } = page.dataset;
const qr = document.querySelector("#qr");
const time = document.querySelector("#left");

function renewQr() {
  const address = new URL(qr.src);
  address.searchParams.set("n", String(Number(address.searchParams.get("n")) + 1));
  qr.src = address;
}

/** The last resort: the page itself, read again, says its state. */
async function ask() {
  const response = await fetch(show, { cache: "no-store" });
  const html = new DOMParser().parseFromString(await response.text(), "text/html");
  return html.querySelector("[data-state]")?.dataset ?? null;
}

follow(events, ask, ({ state }) => {
  if (state === present) return false;
  location.replace(show);
  return true;
});
if (qr) setInterval(renewQr, Number(qr.dataset.renew) * 1000);
if (left) {
  const onTick = (seconds) => time && writeLeft(time, seconds);
  countDown(Number(left), onTick, () => setTimeout(() => location.replace(show), 1000));
}
