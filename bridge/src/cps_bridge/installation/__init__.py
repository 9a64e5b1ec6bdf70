"""What `cps-bridge install` puts on a workstation, and what `uninstall` takes away again.

places (where, per system) ─> plan (what) ─> disk (write, remove, tell)
"""
