/** What both waiting pages share: news from the server at once, and the time that is left. */

const POLL_MS = 2000;

/**
 * Calls `onState(state)` with each state: by server-sent events, and only when the server refuses
 * to stream, by asking `ask()` every two seconds. `onState` returns true once it is final.
 */
export function follow(eventsUrl, ask, onState) {
  const events = new EventSource(eventsUrl);
  events.onmessage = ({ data }) => onState(JSON.parse(data)) && events.close();
  events.onerror = () => {
    // While CONNECTING the browser tries again by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => poll(ask, onState), POLL_MS);
  };
}

async function poll(ask, onState) {
  const state = await ask().catch(() => null);
  if (!state || !onState(state)) setTimeout(() => poll(ask, onState), POLL_MS);
}

/** Counts `seconds` down by the computer's steady clock: `onTick(left)` each second, then `onEnd`. */
export function countDown(seconds, onTick, onEnd = () => {}) {
  const end = performance.now() + seconds * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    onTick(left);
    if (left > 0) setTimeout(tick, 1000);
    else onEnd();
  };
  tick();
}

/** Writes the time left into the sentence the page brought with it. */
export function writeLeft(element, left) {
  const values = { minutes: Math.floor(left / 60), seconds: left % 60 };
  element.textContent = element.dataset.sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
