"""Statements of hot paths whose SQL is made once: Django making it costs more than running it.

    _BY_KEY = Prepared(lambda: Device.objects.filter(pk=Given("key", Device._meta.pk)))
    (device,) = _BY_KEY.rows(key=device_id)

Such a statement depends on nothing but what is given: no clock, no setting.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet, Value
from django.db.models.query import ModelIterable
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=Model)
ALIAS = "default"


class Given(Value):
    """A value that each run brings: in the SQL it is a parameter of this field's type."""

    def __init__(self, name: str, field: Any) -> None:
        """`field`: a column of a model, as `_meta` names it."""
        super().__init__(name, output_field=field)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]

    def bound(self, given: Mapping[str, Any], connection: Any) -> Any:
        """As this database wants it."""
        return self.output_field.get_db_prep_save(given[self.value], connection)


class Prepared(Generic[M]):
    """Reads: what a queryset finds. `make` is called once for each kind of database."""

    def __init__(self, make: Callable[[], QuerySet[M]]) -> None:
        self._make = make
        self._plans: dict[str, _Plan] = {}

    def rows(self, **given: Any) -> list[M]:
        connection = connections[ALIAS]
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = _plan(self._make().query)
        # What Django asks before it makes the SQL of a lock.
        if plan.compiler.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("a row is locked in a transaction only")
        compiler = copy(plan.compiler)
        compiler.connection = connection
        parameters = plan.bound(given, connection)
        compiler.as_sql = lambda: (plan.sql, parameters)
        return list(ModelIterable(_Compiled(compiler, connection.alias)))  # type: ignore[arg-type]


class PreparedUpdate:
    """Changes: one UPDATE. Returns how many rows it found."""

    def __init__(self, make: Callable[[], tuple[QuerySet[Any], Mapping[str, Any]]]) -> None:
        """`make`: the rows, and field → what it becomes, given or fixed."""
        self._make = make
        self._plans: dict[str, _Plan] = {}

    def run(self, **given: Any) -> int:
        connection = connections[ALIAS]
        plan = self._plans.get(connection.vendor)
        if plan is None:
            rows, changes = self._make()
            query: Any = rows.query.chain(UpdateQuery)
            query.add_update_values(changes)
            plan = self._plans[connection.vendor] = _plan(query)
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, plan.bound(given, connection))
            return int(cursor.rowcount)


class PreparedInsert(Generic[M]):
    """One new row of a model whose key the database gives."""

    def __init__(self, model: type[M]) -> None:
        self._fields = [each for each in model._meta.concrete_fields if not each.primary_key]
        self._model = model
        self._plans: dict[str, _Plan] = {}

    def insert(self, row: M) -> M:
        connection = connections[ALIAS]
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = self._plan()
        given = {field.name: getattr(row, field.attname) for field in self._fields}
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, plan.bound(given, connection))
            (row.pk,) = cursor.fetchone()
        row._state.adding, row._state.db = False, ALIAS
        return row

    def _plan(self) -> "_Plan":
        query: Any = InsertQuery(self._model)
        blank = self._model(**{each.attname: Given(each.name, each) for each in self._fields})
        query.insert_values(self._fields, [blank])
        compiler = query.get_compiler(using=ALIAS)
        compiler.returning_fields = [self._model._meta.pk]
        ((sql, parameters),) = compiler.as_sql()
        compiler.connection = None
        return _Plan(compiler, sql, tuple(parameters))


@dataclass(frozen=True, slots=True)
class _Plan:
    """The SQL with the places of what is given; how rows become models."""

    compiler: Any
    sql: str
    parameters: tuple[Any, ...]

    def bound(self, given: Mapping[str, Any], connection: Any) -> tuple[Any, ...]:
        return tuple(
            each.bound(given, connection) if isinstance(each, Given) else each
            for each in self.parameters
        )


def _plan(query: Any) -> _Plan:
    compiler = query.get_compiler(using=ALIAS)
    sql, parameters = compiler.as_sql()
    # Each run has its own: that of the thread which made the SQL must be able to end with it.
    compiler.connection = None
    return _Plan(compiler, sql, tuple(parameters))


class _Compiled:
    """What Django's own iterable asks of a queryset and of its query."""

    def __init__(self, compiler: Any, alias: str) -> None:
        self.db = alias
        self.query = self
        self._compiler = compiler
        self._known_related_objects: dict[Any, Any] = {}

    def get_compiler(self, *, using: str) -> Any:
        return self._compiler
