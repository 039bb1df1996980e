"""How a migration of tables with rows is put together: which step comes first, and what fills a column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from alembic.operations import ops
from sqlalchemy import ARRAY, CheckConstraint, Column, DefaultClause, MetaData, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import conv

from shared.migrations import Differing

Step = ops.MigrateOperation

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class FillNeeded(Exception):
    """Columns that must be full in tables that may hold rows, and nothing says with what."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(f"Say what fills {', '.join(columns)}: --fill table.column=expression, once for each.")
        self.columns = tuple(columns)


def arrange(
    script: ops.MigrationScript,
    metadata: MetaData,
    differing: Iterable[Differing],
    *,
    fill: Mapping[str, str],
    run: Sequence[str],
) -> None:
    """Put what autogenerate found, and what it cannot see, into steps that tables with rows go through.

    Constraints and indexes go first and come last, so that in between rows may be filled: `fill` names an SQL
    expression for a column, and `run` holds statements for whatever else must change in rows.
    """
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    found = list(_flat(script.upgrade_ops.ops))
    found += _unseen(found, metadata, differing)
    forward: list[Step] = []
    back: list[Step] = []
    needed: list[str] = []
    for step in sorted(found, key=_place):
        if _place(step) > FILLING and run is not None:
            forward += [ops.ExecuteSQLOp(statement) for statement in run]
            run = ()
        forward += _filled(step, fill, needed)
        back.insert(0, step.reverse())
    forward += [ops.ExecuteSQLOp(statement) for statement in run]
    if needed:
        raise FillNeeded(needed)
    unused = set(fill) - {
        f"{step.table_name}.{_column(step)}" for step in found if isinstance(step, ops.AddColumnOp | ops.AlterColumnOp)
    }
    if unused:
        raise ValueError(f"No column of these names is added or changed: {', '.join(sorted(unused))}.")
    script.upgrade_ops.ops = forward
    script.downgrade_ops.ops = sorted(back, key=_place)


FILLING = 3


def _place(step: Step) -> int:
    """Constraints and indexes are dropped, tables made, columns added and filled, then everything else."""
    match step:
        case ops.DropConstraintOp() | ops.DropIndexOp():
            return 0
        case ops.CreateTableOp():
            return 1
        case ops.AddColumnOp():
            return 2
        case ops.AlterColumnOp():
            return FILLING
        case ops.DropColumnOp():
            return 5
        case ops.DropTableOp():
            return 6
    return 4


def _flat(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, ops.OpContainer):
            yield from _flat(step.ops)
        else:
            yield step


def _unseen(found: Sequence[Step], metadata: MetaData, differing: Iterable[Differing]) -> list[Step]:
    """Check constraints, and indexes whose name stayed and whose predicate changed: dropped, and made anew."""
    seen = {str(step.index_name) for step in found if isinstance(step, ops.DropIndexOp | ops.CreateIndexOp)}
    whole = {step.table_name for step in found if isinstance(step, ops.CreateTableOp | ops.DropTableOp)}
    steps: list[Step] = []
    for change in differing:
        if change.table in whole:
            continue
        table = metadata.tables[change.table]
        if change.is_check:
            steps += _check_steps(table, change)
        elif change.kind == "index" and change.in_database and change.in_code and change.name not in seen:
            index = next((index for index in table.indexes if index.name == change.name), None)
            if index is not None:
                steps += [ops.DropIndexOp.from_index(index), ops.CreateIndexOp.from_index(index)]
    return steps


def _check_steps(table: Table, change: Differing) -> Iterator[Step]:
    name = conv(change.name)
    if change.in_database is not None:
        before = text(change.in_database.removeprefix("CHECK "))
        back = ops.CreateCheckConstraintOp(name, table.name, before)
        yield ops.DropConstraintOp(name, table.name, "check", _reverse=back)
    if change.in_code is not None:
        yield ops.CreateCheckConstraintOp(name, table.name, _check(table, change.name).sqltext)


def _check(table: Table, name: str) -> CheckConstraint:
    for constraint in table.constraints:
        if (
            isinstance(constraint, CheckConstraint)
            and DIALECT.identifier_preparer.format_constraint(constraint) == name
        ):
            return constraint
    raise LookupError(f"{table.name} has no check constraint {name}")


def _filled(step: Step, fill: Mapping[str, str], needed: list[str]) -> list[Step]:
    """The step, and beside it what gives the rows that are there a value of the column."""
    if not isinstance(step, ops.AddColumnOp | ops.AlterColumnOp):
        return [step]
    place = f"{step.table_name}.{_column(step)}"
    expression = fill.get(place)
    if isinstance(step, ops.AlterColumnOp):
        if step.modify_nullable is not False:
            return [step]
        if expression is None:
            needed.append(place)
            return [step]
        return [_update(place, expression, only_empty=True), step]
    column = step.column
    if expression is not None:
        optional = _like(column, nullable=True)
        steps: list[Step] = [ops.AddColumnOp(step.table_name, optional), _update(place, expression)]
        if not column.nullable:
            steps.append(
                ops.AlterColumnOp(step.table_name, column.name, existing_type=column.type, modify_nullable=False)
            )
        return steps
    if column.nullable or column.server_default is not None or column.identity is not None:
        return [step]
    default = _default(column)
    if default is None:
        needed.append(place)
        return [step]
    # A constant default is kept beside the table and costs no rewrite; the code sets the column itself from now on.
    return [
        ops.AddColumnOp(step.table_name, _like(column, nullable=False, default=default)),
        ops.AlterColumnOp(
            step.table_name,
            column.name,
            existing_type=column.type,
            existing_nullable=False,
            modify_server_default=None,
        ),
    ]


def _update(place: str, expression: str, *, only_empty: bool = False) -> ops.ExecuteSQLOp:
    table, column = place.split(".")
    where = f" WHERE {column} IS NULL" if only_empty else ""
    return ops.ExecuteSQLOp(f"UPDATE {table} SET {column} = {expression}{where}")


def _like(column: Column[Any], *, nullable: bool, default: str | None = None) -> Column[Any]:
    return Column(
        column.name,
        column.type,
        *([] if default is None else [DefaultClause(text(default))]),
        nullable=nullable,
    )


def _default(column: Column[Any]) -> str | None:
    """What the code gives a new row, as SQL; None where it gives nothing."""
    if column.default is None:
        return None
    value = getattr(column.default, "arg", None)
    if callable(value):
        value = value(None)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict | list):
        written = "{}" if isinstance(column.type, ARRAY) and not value else json.dumps(value)
        return "'" + written.replace("'", "''") + "'"
    return "'" + str(value).replace("'", "''") + "'"


def _column(step: Step) -> str:
    return str(step.column.name if isinstance(step, ops.AddColumnOp) else getattr(step, "column_name", ""))
