/** The page with the number: goes on the moment the phone has answered. */

import { countDown, follow, writeLeft } from "./following.js";

const page = document.querySelector("#phone-state");
const { events, status, left, lifetime } = page.dataset;

async function ask() {
  const response = await fetch(status, { cache: "no-store" });
  return response.ok ? response.json() : null;
}

function go({ state, next }) {
  if (state === "pending") return false;
  page.dataset.state = state;
  if (state === "approved") {
    const said = document.querySelector("#said");
    said.textContent = said.dataset.approved;
  }
  // Without an address to go to, this one says what happened.
  if (next) location.replace(next);
  else location.reload();
  return true;
}

function show(seconds) {
  writeLeft(document.querySelector("#left"), seconds);
  const gone = 100 * (1 - seconds / Number(lifetime));
  document.querySelector(".ring__value").setAttribute("stroke-dashoffset", gone.toFixed(1));
}

follow(events, ask, go);
countDown(Number(left), show, () => setTimeout(() => location.reload(), 1000));
