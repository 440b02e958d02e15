"""What all reports share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeVar

from ..errors import Diagnostic, from_data

R = TypeVar("R", bound="Report")
RunStatus = Literal["pending", "running", "success", "failed", "cancelled"]
TestStatus = Literal["passed", "failed", "error"]
Language = Literal["sql", "python"]
TableKind = Literal["table", "view"]
Parts = dict[str, Callable[[Any], Any]]

# Fields that are objects rather than plain data in every report that has them.
_PARTS: Parts = {
    "warnings": lambda items: [Diagnostic(**item) for item in items],
    "diagnostics": lambda items: [Diagnostic(**item) for item in items],
    "error": from_data,
}


@dataclass(frozen=True, repr=False, eq=False)
class Report:
    """What all reports share."""

    # What makes an object of the plain data of a field.
    _parts: ClassVar[Parts] = {}

    _data: dict[str, Any]

    @classmethod
    def _from(cls: type[R], data: dict[str, Any]) -> R:
        values: dict[str, Any] = {f.name: data.get(f.name) for f in fields(cls)}
        for name, made in {**_PARTS, **cls._parts}.items():
            if values.get(name) is not None:
                values[name] = made(values[name])
        return cls(**{**values, "_data": data})

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain data, the caller's own."""
        return copy.deepcopy(self._data)

    def __eq__(self, other: object) -> bool:
        return self._data == other._data if type(self) is type(other) else NotImplemented

    # What holds lists has no hash.
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if not f.name.startswith("_")][:3]
        return f"<{type(self).__name__} {', '.join(shown)}>"

    def _repr_html_(self) -> str:
        from .. import display

        return display.any_report(self)


class Reports(list[R]):
    """A list of reports, as any other list; a table in a notebook."""

    def to_dict(self) -> list[dict[str, Any]]:
        """Each as plain data."""
        return [report.to_dict() for report in self]

    def _repr_html_(self) -> str:
        from .. import display

        return display.many(self)


def many(kind: type[Report]) -> Callable[[Any], Any]:
    """Each of a list of plain data as a report."""
    return lambda items: [kind._from(item) for item in items]
