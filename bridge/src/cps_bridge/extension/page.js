// In each top page: carries messages between the page and the extension, and reads none of them.
// A page opens the conversation itself; until then nothing runs, and no program is started.

(() => {
  const PROTOCOL = "cps-bridge.v1";
  const api = globalThis.browser ?? chrome;
  let port = null;

  const tell = (kind, message) =>
    window.postMessage({ channel: PROTOCOL, from: "extension", kind, message }, location.origin);

  function open() {
    port?.disconnect();
    const opened = api.runtime.connect({ name: PROTOCOL });
    port = opened;
    opened.onMessage.addListener((message) => port === opened && tell("message", message));
    opened.onDisconnect.addListener(() => {
      void api.runtime.lastError;
      if (port !== opened) return;
      port = null;
      tell("closed");
    });
  }

  function close() {
    port?.disconnect();
    port = null;
  }

  window.addEventListener("message", (event) => {
    if (event.source !== window || event.origin !== location.origin) return;
    const { channel, from, kind, message } = event.data ?? {};
    if (channel !== PROTOCOL || from !== "page") return;
    if (kind === "find") tell("present");
    else if (kind === "open") open();
    else if (kind === "close") close();
    else if (kind === "message") port?.postMessage(message);
  });
})();
