"""`python -m examples.portal`: serves the demo portal where PORTAL_URL says."""

import logging
import os
from urllib.parse import urlsplit

from werkzeug.serving import make_server

from examples.portal.app import Settings, create_app


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    settings = Settings.from_environment()
    # Behind a TLS proxy PORTAL_URL is the proxy's address, and PORTAL_BIND ours.
    bind = os.environ.get("PORTAL_BIND")
    address = urlsplit(f"//{bind}" if bind else settings.url)
    host, port = address.hostname or "localhost", address.port or 80
    server = make_server(host, port, create_app(settings), threaded=True)
    print(f"Portail Démo Santé: {settings.url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
