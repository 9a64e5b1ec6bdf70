"""`./run bench oidc`: what each endpoint of a provider on this machine costs.

command → steps (what is called) → load (how often, by whom) → table. Loopback only.
"""
