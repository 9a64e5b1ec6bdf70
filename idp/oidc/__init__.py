"""OpenID Connect towards portals, wire-compatible with Pro Santé Connect.

authorize → (login) → code → token → userinfo | introspection | revocation → end of session.
"""
