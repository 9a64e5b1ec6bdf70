"""Front 2: native messaging.  The browser starts this program for an extension; no port, no prompt.

extension ─stdio─> frames ─> host (guard: caller, size, origin) ─> conversation ─> desk
"""

HOST_NAME = "fr.hygie.cps_bridge"
# The extension of this package, loaded unpacked: Chromium derives the id from its manifest's key.
CHROMIUM_EXTENSION = "okcekpefachijpmelhibjpcccneggnbe"
FIREFOX_EXTENSION = "cps-bridge@hygie.example"
