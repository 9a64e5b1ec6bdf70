"""The throw-away TEST hierarchy, shaped like IGC-Santé, and its cards. Sandbox mode only.

hierarchy (four authorities) → profiles (certificates) → cards (the tray) → lists (revocation)
→ installation (files, then trust and lists in the database).
"""
