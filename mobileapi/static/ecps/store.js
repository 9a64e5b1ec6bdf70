/**
 * What this phone keeps, in IndexedDB: one record about one device.
 *
 * For a PIN-protected key it holds nothing a guessed PIN could be tested against: no public key
 * of it, no signature, no transcript, no fingerprint.
 */

const DATABASE = "ecps";
const STORE = "device";
const ONLY = "this";

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

async function inStore(mode, work) {
  const database = await open();
  try {
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    const result = await settled(work(transaction.objectStore(STORE)));
    await done;
    return result;
  } finally {
    database.close();
  }
}

export const loadDevice = () => inStore("readonly", (store) => store.get(ONLY));
export const saveDevice = (device) => inStore("readwrite", (store) => store.put(device, ONLY));
export const eraseDevice = () => inStore("readwrite", (store) => store.delete(ONLY));

/** Asks the browser not to evict the keys when the disk fills up; it may say no. */
export async function keepForGood() {
  return (await navigator.storage?.persist?.()) ?? false;
}
