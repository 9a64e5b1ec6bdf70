{% load static %}{% comment %}The offline shell and the doorbell. Context: shell (JSON list of addresses), rings (JSON, texts by kind), version. Answers of the API never enter a cache.{% endcomment %}"use strict";

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

// The doorbell. What rings is said here, in the person's language; a ring itself says only its kind.
const RINGS = {{ rings|safe }};

function kindOf(data) {
  try {
    const { kind } = data.json();
    return kind in RINGS ? kind : "request";
  } catch {
    // An empty or spoilt ring is a ring all the same: browsers want to see one for each.
    return "request";
  }
}

self.addEventListener("push", (event) => {
  const kind = kindOf(event.data);
  const { title, body } = RINGS[kind];
  const icon = "{% static 'hygie/icons/app-192.png' %}";
  event.waitUntil(
    self.registration.showNotification(title, { body, icon, tag: kind, renotify: true }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const open = async () => {
    const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const app = windows.find(({ url }) => new URL(url).pathname === PAGE);
    return app ? app.focus() : self.clients.openWindow(PAGE);
  };
  event.waitUntil(open());
});
