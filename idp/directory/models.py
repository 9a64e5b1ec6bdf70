"""Persons of the register, their identifiers, professions, competences, practices and places."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from idp.directory.rules.register_row import LONGEST_VALUE


def text() -> "models.CharField[str, str]":
    """A column of the register: `""` where the register is silent, as on the wire."""
    return models.CharField(max_length=LONGEST_VALUE, blank=True, default="")


class Person(models.Model):
    """A professional. The primary key is the internal subject: stable whatever the identifiers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    national_id = models.CharField(max_length=64)
    family_name = text()
    given_names = text()
    civility = text()
    is_test = models.BooleanField(default=False)
    # The rendered `Professional`: who asks about a person pays one look-up, not five.
    snapshot: "models.JSONField[Any, Any]" = models.JSONField()
    # Of what the register said last: equal means that there is nothing to write.
    fingerprint = models.CharField(max_length=64)
    # Since when no import holds this person (radiation, end of every practice); null: they are in.
    left_register_at = models.DateTimeField(null=True)
    # « Liste rouge »: found by nobody but under an identifier that is known already.
    is_red_listed = models.BooleanField(default=False, db_default=False)
    # Of the raw rows: equal means that there is nothing even to parse.
    raw_fingerprint = models.CharField(max_length=32, blank=True, default="")
    # Which kind of file the person is from: only a file of that kind ends what it no longer holds.
    source = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "professionnel"
        # Few and small: each is written for each of two million people. A constraint, not
        # `unique=True`, which would add an index for LIKE.
        constraints = [
            models.UniqueConstraint(fields=["national_id"], name="directory_person_national_id")
        ]
        indexes = [
            models.Index(Upper("family_name"), name="directory_person_name"),
            models.Index(
                fields=["left_register_at"],
                name="directory_person_left",
                condition=Q(left_register_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.national_id


class AlternativeIdentifier(models.Model):
    """An identifier that leads to a person, the main one (quality 1) included."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="alternative_identifiers"
    )
    identifier = models.CharField(max_length=64)
    origin = models.CharField(max_length=16)
    quality = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "identifiant"
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(quality=1), name="directory_one_main_identifier"
            ),
            models.UniqueConstraint(fields=["identifier"], name="directory_identifier"),
        ]

    def __str__(self) -> str:
        return self.identifier


class Dated(models.Model):
    """What the register says until it says so no more; rows are kept when it stops.

    Of the register nobody learns when a practice began: `since` is the day of the first import that
    held it. Written by imports alone, set by set, in one transaction with the person: no constraint
    needs to look at each of their millions of rows.
    """

    since = models.DateField()
    # The first day without it; null: it goes on.
    until = models.DateField(null=True)
    entered_by = models.BigIntegerField()
    ended_by = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class Exercice(Dated):
    """A profession in a category; `rank` 0 is the person's first."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="exercices", db_constraint=False
    )
    rank = models.PositiveSmallIntegerField()
    code_profession = text()
    code_categorie_professionnelle = text()
    code_civilite = text()
    nom = text()
    prenom = text()

    class Meta:
        verbose_name = "exercice professionnel"

    def __str__(self) -> str:
        return f"{self.code_profession} {self.code_categorie_professionnelle}"


class SavoirFaire(models.Model):
    """A recognised competence of a person in a profession."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="savoir_faire", db_constraint=False
    )
    rank = models.PositiveSmallIntegerField()
    code_profession = text()
    code_categorie_professionnelle = text()
    code_type = text()
    code = text()

    class Meta:
        verbose_name = "savoir-faire"
        verbose_name_plural = "savoir-faire"

    def __str__(self) -> str:
        return f"{self.code_type} {self.code}"


class Structure(models.Model):
    """A place of practice, shared by all who practise there, as the last import described it.

    `key`: its « identifiant technique », else a digest of all that the register says of the place.
    """

    key = models.CharField(max_length=LONGEST_VALUE)
    # Of the values below: equal means that there is nothing to write.
    digest = models.CharField(max_length=32)
    numero_siret_site = text()
    numero_siren_site = text()
    numero_finess_site = text()
    numero_finess_etablissement_juridique = text()
    identifiant_technique_structure = text()
    raison_sociale_site = text()
    enseigne_commerciale_site = text()
    complement_destinataire = text()
    complement_point_geographique = text()
    numero_voie = text()
    indice_repetition_voie = text()
    code_type_de_voie = text()
    libelle_voie = text()
    mention_distribution = text()
    bureau_cedex = text()
    code_postal = text()
    code_commune = text()
    code_pays = text()
    telephone = text()
    telephone2 = text()
    telecopie = text()
    adresse_email = text()
    code_departement = text()
    ancien_identifiant_structure = text()

    class Meta:
        verbose_name = "structure"
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["key"], name="directory_structure_key")]

    def __str__(self) -> str:
        return self.enseigne_commerciale_site or self.raison_sociale_site or self.key


class Practice(Dated):
    """A practice (situation d’exercice): who does what where.

    With the structure, the thirty values of `rules.activity.Activity`. `key` is the one by which
    `rules.practices` tells the practices of a person apart.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="practices", db_constraint=False
    )
    structure = models.ForeignKey(
        Structure, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False
    )
    key = models.CharField(max_length=32)
    rank = models.PositiveSmallIntegerField()
    code_profession = text()
    code_categorie_professionnelle = text()
    code_mode_exercice = text()
    code_secteur_activite = text()
    code_section_pharmacien = text()
    code_role = text()
    code_genre_activite = text()
    autorite_enregistrement = text()

    class Meta:
        verbose_name = "situation d’exercice"
        verbose_name_plural = "situations d’exercice"

    def __str__(self) -> str:
        return str(self.structure or "")


class Card(models.Model):
    """A card that logged its holder in here: until when it is good, and since when it no longer is.

    A person may hold several: the old and the new one for thirty days, one for each profession.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="cards")
    # Of the certificate that logs in: its issuer's fingerprint, its serial number in hexadecimal.
    issuer_sha256 = models.CharField(max_length=64)
    serial = models.CharField(max_length=64)
    number = models.CharField(max_length=42)
    kind = models.CharField(max_length=10)
    not_after = models.DateTimeField(db_index=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    # When its holder was last told that it ends soon.
    warned_at = models.DateTimeField(null=True)
    opposed_at = models.DateTimeField(null=True)
    # When its opposition ended its holder's sessions and phones; null while it has not.
    withdrawn_at = models.DateTimeField(null=True)
    # When its issuer's OCSP responder is asked next.
    next_ocsp_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "carte"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["issuer_sha256", "serial"], name="directory_card_certificate"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class IssuedCard(models.Model):
    """A card that the register says was issued (`Porteurs_CPS_CPF`), used here or not.

    An opposition named here refuses the card like a revocation list does, and the worker ends what
    the card opened.
    """

    number = models.CharField(max_length=42, unique=True)
    person = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, related_name="issued_cards"
    )
    national_id = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=10)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    opposed_on = models.DateField(null=True)
    opposition_reason = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=20)
    # When its opposition was acted upon; null while it has not been.
    withdrawn_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "carte émise"
        verbose_name_plural = "cartes émises"
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["id"],
                name="directory_issued_to_withdraw",
                condition=Q(opposed_on__isnull=False, withdrawn_at__isnull=True),
            ),
            models.Index(
                fields=["id"],
                name="directory_issued_lifted",
                condition=Q(opposed_on__isnull=True, withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Nomenclature(models.Model):
    """A table of the NOS as imported: `R02`, the sectors, for instance."""

    table = models.CharField(max_length=64, unique=True)
    url = models.CharField(max_length=500)
    version = models.CharField(max_length=100)
    status = models.CharField(max_length=10)
    imported_at = models.DateTimeField()

    class Meta:
        verbose_name = "nomenclature"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.table} {self.version}"


class NomenclatureCode(models.Model):
    """A code of a table, with the words for it."""

    nomenclature = models.ForeignKey(
        Nomenclature, on_delete=models.CASCADE, related_name="codes", db_index=False
    )
    code = models.CharField(max_length=64)
    label = models.CharField(max_length=500)
    is_deprecated = models.BooleanField()

    class Meta:
        verbose_name = "code"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["nomenclature", "code"], name="directory_one_code_per_nomenclature"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.label}"


class ImportBatch(models.Model):
    """One import of one file. `running` without a living importer means that it was killed."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        REFUSED = "refused"
        ROLLED_BACK = "rolled_back"

    kind = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, db_index=True)
    file_date = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    # Rows, persons by what became of them, professions: what `--list` shows.
    counts: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    actor = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "import"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.state}"


class FormerState(models.Model):
    """What a person was before a batch touched them; `snapshot` is null for who was not there."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="former")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="former_states")
    snapshot: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    raw_fingerprint = models.CharField(max_length=32, blank=True)
    source = models.CharField(max_length=20, blank=True)
    left_register_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "état antérieur"
        verbose_name_plural = "états antérieurs"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.person_id} {self.batch_id}"
