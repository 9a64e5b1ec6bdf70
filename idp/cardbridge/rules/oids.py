"""Object identifiers of the cards' certificates. The OID of an extension is that of its table."""

from typing import Final

# Private extensions of IGC-Santé (all non-critical).
CATEGORY: Final = "1.2.250.1.71.1.2.5"  # G01: what holds the key
PRODUCT_TYPE: Final = "1.2.250.1.71.1.2.2"  # G02: CPS, CPF, CPE…
CARD_NUMBER: Final = "1.2.250.1.71.1.2.3"  # issuer number / card number
PROFESSION: Final = "1.2.250.1.71.1.2.7"  # G15
FUTURE_PROFESSION: Final = "1.2.250.1.71.1.2.8"  # G16: same numbers, people still in training
RESPONSIBILITY: Final = "1.2.250.1.71.1.2.12"  # G04: director or not, on CDE/CPE and CDA/CPA
SAVOIR_FAIRE: Final = "1.2.250.1.71.4.2.5"

# Attributes of the subject, all in one multi-valued RDN.
COMMON_NAME: Final = "2.5.4.3"
SURNAME: Final = "2.5.4.4"
GIVEN_NAME: Final = "2.5.4.42"

CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
SMARTCARD_LOGON: Final = "1.3.6.1.4.1.311.20.2.2"

# The policy of the sandbox's own cards: an example arc (ITU-T X.660), nobody's in the world.
SANDBOX_POLICY: Final = "2.999.1.2.1"
# Beside it, of cards that are good for something else: what a login must refuse.
SANDBOX_OTHER_POLICY: Final = "2.999.1.2.2"
