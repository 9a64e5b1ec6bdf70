// What carries messages to the bridge and back: the browser's extension, or a socket at a port.
// A link is opened with `received` and `closed`; it gives `send` and `close`. Who opened it closes
// it, also once it was lost: until then it listens.

export const PROTOCOL = "cps-bridge.v1";
// An extension answers within the page, at once; without one this is all that is lost.
const EXTENSION_TIMEOUT = 250;

/** Sends to the extension's part in this page. */
function tellExtension(kind, message) {
  window.postMessage({ channel: PROTOCOL, from: "page", kind, message }, location.origin);
}

/** Hears the extension's part in this page; returns what stops it. */
function hearExtension(act) {
  const hear = ({ source, origin, data }) => {
    const isOurs = source === window && origin === location.origin;
    if (isOurs && data?.channel === PROTOCOL && data.from === "extension") act(data);
  };
  window.addEventListener("message", hear);
  return () => window.removeEventListener("message", hear);
}

export function hasExtension() {
  return new Promise((resolve) => {
    const settle = (found) => {
      stop();
      clearTimeout(timer);
      resolve(found);
    };
    const stop = hearExtension(({ kind }) => kind === "present" && settle(true));
    const timer = setTimeout(settle, EXTENSION_TIMEOUT, false);
    tellExtension("find");
  });
}

export function linkByExtension({ received, closed }) {
  const stop = hearExtension(({ kind, message }) => {
    if (kind === "message") received(message);
    if (kind === "closed") closed();
  });
  tellExtension("open");
  return {
    send: (message) => tellExtension("message", message),
    close: () => {
      stop();
      tellExtension("close");
    },
  };
}

export const linkByPort =
  (port) =>
  ({ received, closed }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, PROTOCOL);
    socket.addEventListener("message", (event) => received(parse(event.data)));
    socket.addEventListener("close", closed);
    return {
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => socket.close(),
    };
  };

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
