"""`sub`: one answer for id_token, UserInfo, introspection, logout token and every hint."""

from django.conf import settings

from idp.core import vault
from idp.directory.models import Person
from idp.oidc.models import Client
from idp.oidc.rules.answers import SubjectType, UserInfoShape
from idp.oidc.rules.registration import host_of
from idp.oidc.rules.subjects import federated_subject, pairwise_subject


def subject_of(*, client: Client, person: Person) -> str:
    """Stable for one portal; for a pairwise one, known to the portals of its sector only."""
    if client.subject_type == SubjectType.PAIRWISE:
        sector = client.sector_identifier or host_of(next(iter(client.redirect_uris), ""))
        return pairwise_subject(
            person.pk, sector=sector, salt=vault.derived_key(purpose="oidc.pairwise")
        )
    if UserInfoShape(client.userinfo_shape).has_federated_subject:
        return federated_subject(settings.HYGIE.subject_component, person.national_id)
    return str(person.pk)
