"""Tables of the NOS as imported."""

from django.db import models


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
