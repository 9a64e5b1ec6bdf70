/**
 * What is new, at once: the WebSocket while it stands, questions every few seconds while it does
 * not. Each message is the whole state ({ device, requests }); nothing is kept from the last one.
 */

import { baseUrl, post, Problem, proof, signed } from "./api.js";

const POLL_MS = 3000;
const PATIENCE_MS = 1200; // what the socket gets before the first question
const OVER = new Set(["blocked", "revoked"]); // states a device never leaves
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

export class Live {
  #device;
  #onState;
  #onGone;
  #socket = null;
  #failures = 0;
  #pollTimer = 0;
  #retryTimer = 0;
  #stopped = false;

  /** onState({ device, requests }); onGone(): the server knows this device no longer. */
  constructor(device, { onState, onGone }) {
    this.#device = device;
    this.#onState = onState;
    this.#onGone = onGone;
  }

  start() {
    document.addEventListener("visibilitychange", this.#wake);
    addEventListener("online", this.#wake);
    this.#open();
  }

  stop() {
    this.#stopped = true;
    document.removeEventListener("visibilitychange", this.#wake);
    removeEventListener("online", this.#wake);
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#retryTimer);
    this.#socket?.close();
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN && this.#socket.isHeard;
  }

  #wake = () => {
    if (document.hidden || this.#isOpen) return;
    this.#failures = 0;
    this.#open();
  };

  #open() {
    this.#connect();
    this.#pollLater(PATIENCE_MS);
  }

  async #connect() {
    if (this.#stopped || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return;
    const url = `${baseUrl()}/ws/device`;
    const socket = new WebSocket(url.replace(/^http/, "ws"));
    this.#socket = socket;
    socket.onclose = () => {
      if (this.#stopped || this.#socket !== socket) return;
      const delay = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
      clearTimeout(this.#retryTimer);
      this.#retryTimer = setTimeout(() => this.#connect(), delay);
      this.#poll();
    };
    socket.onmessage = ({ data }) => this.#hear(socket, JSON.parse(data));
    socket.onopen = () => this.#greet(socket, url).catch(() => socket.close());
  }

  async #greet(socket, url) {
    const { nonce } = await post("/nonce");
    const greeting = await proof(this.#device, { method: "GET", url, nonce });
    socket.send(
      JSON.stringify({ type: "hello", device_id: this.#device.deviceId, proof: greeting }),
    );
  }

  #hear(socket, message) {
    if (this.#stopped || message.type !== "state") return;
    socket.isHeard = true;
    this.#failures = 0;
    this.#tell({ device: message.device, requests: message.requests });
  }

  /** The last resort: where the socket does not open, or not soon. */
  async #poll() {
    clearTimeout(this.#pollTimer);
    if (this.#stopped || this.#isOpen || document.hidden) return;
    await this.#ask();
    if (this.#stopped || this.#isOpen) return;
    this.#pollLater(POLL_MS);
  }

  #pollLater(milliseconds) {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => this.#poll(), milliseconds);
  }

  async #ask() {
    try {
      const device = await signed(this.#device, "GET", "/devices/me");
      const { requests } =
        device.state === "active"
          ? await signed(this.#device, "GET", "/requests")
          : { requests: [] };
      if (!this.#stopped && !this.#isOpen) this.#tell({ device, requests });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code !== "unknown_device" || this.#stopped) return;
      this.stop();
      this.#onGone();
    }
  }

  #tell(state) {
    if (OVER.has(state.device.state)) this.stop();
    this.#onState(state);
  }
}
