"""The sandbox's card reader: a loopback page with test cards and a PIN pad, for want of hardware.

    cards (what lies in DIR) ─> state (inserted, tries; on disk) ─> reader ─> page (HTML, events)

Exists only in sandbox mode; every screen carries TEST.
"""
