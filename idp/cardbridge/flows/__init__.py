"""Card login, server side.

issue_challenge → (bridge, card) → answer: take → verify → professional → login.prove
trust (operator) and crl (worker) feed the TrustStore that verify reads.
"""
