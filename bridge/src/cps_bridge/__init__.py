"""The workstation's card bridge: a login page asks, the person's card answers.

    login page ─ws─> server (guard, frames) ─> desk (one at a time) ─> authentication ─> reader
                                                                             └─> prompts (PIN)

A reader is a real one (`pkcs11_reader`) or the sandbox's (`sandbox.reader`).  Nothing here calls
the network, and nothing here imports Django or the identity provider.
"""

__version__ = "1.0.0"
PROTOCOL = "cps-bridge.v1"
