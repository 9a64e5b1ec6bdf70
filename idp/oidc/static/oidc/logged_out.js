// Front-channel logout: goes on to the portal when every frame is loaded, or after five seconds.
const LIMIT = 5000;
const frames = [...document.querySelectorAll("iframe.frontchannel")];
const next = document.getElementById("return").href;

function loaded(frame) {
  return new Promise((resolve) => {
    // We may read a frame as long as it is empty: one that is closed to us has loaded already.
    frame.addEventListener("load", resolve, { once: true });
    frame.addEventListener("error", resolve, { once: true });
    if (frame.contentDocument === null) resolve();
  });
}

const late = new Promise((resolve) => setTimeout(resolve, LIMIT));
await Promise.race([Promise.all(frames.map(loaded)), late]);
location.replace(next);
