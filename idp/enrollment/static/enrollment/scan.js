/** The page with the code that turns: draws each new one, goes on once a phone has read it. */

import { countDown, follow, writeLeft } from "./following.js";
import { qrcode } from "./vendor/qrcode.mjs";

const QUIET_ZONE = 4; // modules around the code (ISO/IEC 18004 §9.1)

const page = document.querySelector("#phone-scan");
const place = document.querySelector("#qr");
const time = document.querySelector("#left");
const { events, status } = page.dataset;

/** The dark modules of a code as one SVG path, row by row. */
function draw(text) {
  const code = qrcode(0, "M");
  code.addData(text, "Byte");
  code.make();
  const size = code.getModuleCount();
  const rows = [...Array(size).keys()];
  const path = rows.flatMap((y) => rows.filter((x) => code.isDark(y, x)).map((x) => `M${x} ${y}h1v1h-1z`));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const side = size + 2 * QUIET_ZONE;
  svg.setAttribute("viewBox", `${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("aria-hidden", "true");
  const dark = document.createElementNS(svg.namespaceURI, "path");
  dark.setAttribute("d", path.join(""));
  svg.append(dark);
  place.replaceChildren(svg);
  place.dataset.text = text;
}

async function ask() {
  const response = await fetch(status, { cache: "no-store" });
  return response.ok ? response.json() : null;
}

function hear({ code, state, next }) {
  if (code && place) draw(code);
  if (!state || state === "waiting") return false;
  // Proven by the passkey of this very page: it goes on by itself, and one may go on only once.
  if (state === "over" && document.querySelector("#passkey-way")?.dataset.busy) return true;
  const said = document.querySelector("#said");
  if (state === "scanned") said.textContent = said.dataset.scanned;
  location.replace(next);
  return true;
}

follow(events, ask, hear);
if (time) {
  const onEnd = () => document.querySelector("#scan-instead").click();
  countDown(Number(time.dataset.left), (left) => writeLeft(time, left), onEnd);
} else {
  // The first code at once, before the stream has said anything.
  ask().then((answer) => answer && hear(answer));
}
