"""The real thing in a real browser: provider, bridge, portal and Chromium as separate processes."""
