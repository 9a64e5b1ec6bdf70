{% comment %}The offline shell. Context: shell (JSON list of addresses), version. Answers of the API never enter a cache.{% endcomment %}"use strict";

const CACHE = "ecps-shell-{{ version }}";
const PAGE = "{{ page }}";
const SHELL = new Set({{ shell|safe }});

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...SHELL])));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("ecps-shell-") && name !== CACHE;
  const clean = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter(isOld).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

// The network first, so that page and modules are always of one version; the copy when offline.
async function freshOrKept(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(key, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname === PAGE) {
    event.respondWith(freshOrKept(request, PAGE));
  } else if (SHELL.has(pathname)) {
    event.respondWith(freshOrKept(request, pathname));
  }
});
