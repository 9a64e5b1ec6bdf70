"""X.509 through `cryptography`: certificates, paths, signatures, revocation lists."""
