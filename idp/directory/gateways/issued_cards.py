"""Whose the issued cards are: set by what the identifier that each names leads to."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Subquery

from idp.directory.models import AlternativeIdentifier, IssuedCard


def give_holders(at: datetime) -> int:
    """Cards without a holder get theirs, where the directory knows them by now; how many.

    One statement, by the index of holders. An opposition among them was acted upon for nobody: the
    worker acts upon it again, for the holder.
    """
    named = AlternativeIdentifier.objects.filter(identifier=OuterRef("national_id"))
    return IssuedCard.objects.filter(Exists(named), person__isnull=True).update(
        person_id=Subquery(named.values("person_id")), withdrawn_at=None, updated_at=at
    )
