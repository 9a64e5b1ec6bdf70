/** The camera reads a QR code: the browser's own detector where there is one, else jsQR. */

const FRAME_MS = 120;
const LARGEST_SIDE = 720; // pixels: enough for a code that fills a third of the picture

async function nativeReader() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.()) ?? [];
  if (!formats.includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

async function portableReader() {
  await import("./vendor/jsQR.js"); // a classic script: it names itself on the global object
  const canvas = document.createElement("canvas");
  const pencil = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const { videoWidth, videoHeight } = video;
    const scale = Math.min(1, LARGEST_SIDE / Math.max(videoWidth, videoHeight));
    canvas.width = Math.round(videoWidth * scale);
    canvas.height = Math.round(videoHeight * scale);
    if (!canvas.width || !canvas.height) return null;
    pencil.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = pencil.getImageData(0, 0, canvas.width, canvas.height);
    const options = { inversionAttempts: "dontInvert" };
    return globalThis.jsQR(data, canvas.width, canvas.height, options)?.data || null;
  };
}

export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Shows the camera in `video` and calls `onText` with each text read, until it returns true or
 * the returned function is called. Raises what getUserMedia raises.
 */
export async function scan(video, onText) {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
    audio: false,
  });
  let timer = 0;
  let isOver = false;
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
    stream.getTracks().forEach((track) => track.stop());
  };
  const look = async (read) => {
    const found = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && (await read(video));
    if (isOver) return;
    if (found && onText(found)) stop();
    else timer = setTimeout(() => look(read), FRAME_MS);
  };
  try {
    video.srcObject = stream;
    await video.play();
    look((await nativeReader()) ?? (await portableReader()));
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
