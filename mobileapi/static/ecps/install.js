/** The installed app: its service worker, the invitation to install, this phone's name. */

const WORKER = "/ecps/sw.js";

let invitation = null;

// The page admits no text as script (require-trusted-types-for); this one address is the exception.
function workerAddress() {
  const rules = { createScriptURL: () => WORKER };
  return globalThis.trustedTypes?.createPolicy("ecps", rules).createScriptURL(WORKER) ?? WORKER;
}

/** Registers the offline shell and keeps the browser's invitation to install for later. */
export function prepareInstallation() {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    invitation = event;
    document.querySelectorAll("[data-install]").forEach((element) => (element.hidden = false));
  });
  navigator.serviceWorker?.register(workerAddress(), { scope: "/ecps/" }).catch(console.warn);
}

export const isInstalled = () =>
  matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

export const canInstall = () => invitation !== null;

/** iPhones keep the installed app's keys apart from the browser's: install first, then activate. */
export const isIos = () =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) ||
  (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);

export async function install() {
  await invitation?.prompt();
  invitation = null;
}

const BROWSERS = [
  ["Edg/", "Edge"],
  ["EdgiOS/", "Edge"],
  ["SamsungBrowser/", "Samsung Internet"],
  ["OPR/", "Opera"],
  ["FxiOS/", "Firefox"],
  ["Firefox/", "Firefox"],
  ["CriOS/", "Chrome"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
];
const SYSTEMS = ["iPhone", "iPad", "Android", "Windows", "Macintosh", "CrOS", "Linux"];

async function model() {
  const hints = await navigator.userAgentData?.getHighEntropyValues?.(["model"]).catch(() => null);
  const android = /Android [^;]+; ([^;)]+?)(?: Build|\))/.exec(navigator.userAgent)?.[1];
  const system = SYSTEMS.find((name) => navigator.userAgent.includes(name));
  return hints?.model || (android !== "K" && android) || system || navigator.platform;
}

/** "Pixel 7 · Chrome": how the person will recognise this phone in their list. */
export async function phoneLabel() {
  const browser = BROWSERS.find(([sign]) => navigator.userAgent.includes(sign))?.[1];
  return [await model(), browser].filter(Boolean).join(" · ").slice(0, 64);
}
