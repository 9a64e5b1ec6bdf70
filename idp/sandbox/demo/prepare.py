"""Everything the demo needs in its database: schema, cards, people, the portal's registration."""

from io import StringIO

from django.conf import settings
from django.core.management import call_command

from idp.core.static_files import collect
from idp.oidc.flows.clients import ensure_client
from idp.oidc.gateways import keys

PORTAL_CLIENT_ID = "portail-demo"
# Public on purpose: it opens nothing but a sandbox on this machine.
PORTAL_CLIENT_SECRET = "sandbox-portal-secret-not-for-production"  # noqa: S105


def prepare() -> None:
    """Brings an empty or old demo database up to date; a few milliseconds when nothing changed."""
    mark_sandbox_data()
    collect()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("sandbox", "setup", stdout=StringIO())
    register_portal()
    # Made now, so that the first login does not wait for them.
    keys.ring()


def mark_sandbox_data() -> None:
    """The mark that lets `manage.py` choose sandbox mode beside a demo."""
    folder = settings.HYGIE.data_dir / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "TEST").write_text("Sandbox data: test cards, test people, throw-away keys.\n")


def register_portal() -> None:
    """The demo portal as a client: a standard one, which is told when a session ends."""
    url = settings.HYGIE.portal_url
    ensure_client(
        client_id=PORTAL_CLIENT_ID,
        name="Portail Démo Santé",
        secret=PORTAL_CLIENT_SECRET,
        profile="standard",
        redirect_uris=(f"{url}/callback",),
        post_logout_redirect_uris=(f"{url}/logged-out",),
        backchannel_logout_uri=f"{url}/backchannel-logout",
    )
