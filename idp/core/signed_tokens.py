"""Headers of signed JWTs: what joserfc understands, less what a JWT must not have."""

from joserfc import jws


class TokenRegistry(jws.JWSRegistry):
    """RFC 7797 §7: a JWT never has an unencoded payload. `crit` with `b64` is not understood."""

    default_header_registry = {
        name: parameter
        for name, parameter in jws.JWSRegistry.default_header_registry.items()
        if name != "b64"
    }
