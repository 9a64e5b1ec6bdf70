"""RFC 9457 answers of the mobile API."""
