"""What talks to libraries: WebAuthn, device keys, proofs of possession."""
