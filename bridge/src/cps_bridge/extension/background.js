// Between a page and the card bridge: one native port a page, its origin told by the browser.
// Nothing is kept, nothing is decided here: the bridge judges the origin and every message.

const HOST = "fr.hygie.cps_bridge";
const PROTOCOL = "cps-bridge.v1";
const api = globalThis.browser ?? chrome;

api.runtime.onConnect.addListener((page) => {
  const { sender } = page;
  const isTopPage = sender.id === api.runtime.id && sender.frameId === 0;
  if (page.name !== PROTOCOL || !isTopPage || typeof sender.origin !== "string") {
    page.disconnect();
    return;
  }
  const bridge = api.runtime.connectNative(HOST);
  bridge.onMessage.addListener((message) => page.postMessage(message));
  bridge.onDisconnect.addListener(() => {
    void api.runtime.lastError;
    page.disconnect();
  });
  page.onMessage.addListener((message) => bridge.postMessage(message));
  // The page left: the bridge loses its pipe, and closes its PIN window.
  page.onDisconnect.addListener(() => bridge.disconnect());
  // As the browser knows it ("null" for a sandboxed page); never what a page says of itself.
  bridge.postMessage({ type: "hello", origin: sender.origin });
});
