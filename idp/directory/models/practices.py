"""Professions, competences, practices and places: what the register says, and what it said."""

from django.db import models

from idp.directory.models.fields import text
from idp.directory.models.people import Person


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


class SavoirFaire(Dated):
    """A recognised competence of a person in a profession, as one of the files says it.

    `source`: which (`rules.savoir_faire.Source`). What both say is two rows, and shown once; none
    outlives its exercice.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="savoir_faire", db_constraint=False
    )
    code_profession = text()
    code_categorie_professionnelle = text()
    code_type = text()
    code = text()
    source = models.CharField(max_length=20)

    class Meta:
        verbose_name = "savoir-faire"
        verbose_name_plural = "savoir-faire"

    def __str__(self) -> str:
        return f"{self.code_type} {self.code}"


class Structure(models.Model):
    """A place of practice, shared by all who practise there, as the last import described it.

    `id`: a digest of its « identifiant technique », else of all that the register says of the
    place, so that whoever practises there is stored without asking for its number.
    """

    id = models.UUIDField(primary_key=True, editable=False)
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

    def __str__(self) -> str:
        return self.enseigne_commerciale_site or self.raison_sociale_site or str(self.pk)


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
