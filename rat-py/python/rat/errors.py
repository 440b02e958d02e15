"""What can go wrong: one exception class a kind, and diagnostics with their place in the project."""

from __future__ import annotations

import copyreg
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from types import FrameType

    from .reports import BuildReport, MaintenanceReport, RunReport


Severity = Literal["error", "warning"]
Kind = Literal["invalid", "not_found", "conflict", "rejected", "denied", "cancelled", "timeout", "unavailable", "corrupt", "internal"]


@dataclass(frozen=True, repr=False)
class Diagnostic:
    """A problem in the project. Lines and columns count from 1, columns in characters."""

    code: str
    """The word for this problem."""
    severity: Severity
    """Whether it stops the pipeline."""
    message: str
    """One sentence in the user's words."""
    help: str
    """The way out, one imperative sentence; the code's own help when there is nothing better."""
    path: str | None
    """The file of the primary place, inside the project; ``None`` where the problem has no place."""
    line: int | None
    """Where the primary place starts."""
    column: int | None
    """Where the primary place starts."""
    end_line: int | None
    """Just after the primary place."""
    end_column: int | None
    """Just after the primary place."""
    labels: list[dict[str, Any]]
    """Places; the first is the primary one, at what the user typed. Inside a macro, the calls that led there follow, innermost first."""
    drawn: str
    """The message with the lines of the file, underlined."""

    def __str__(self) -> str:
        return self.drawn

    def __repr__(self) -> str:
        place = "" if self.path is None else f" {self.path}" + ("" if self.line is None else f":{self.line}:{self.column}")
        return f"<Diagnostic {self.severity} {self.code}{place}>"

    def _repr_html_(self) -> str:
        from . import display

        return display.diagnostic(self)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data."""
        return asdict(self)


class RatError(Exception):
    """The base of every exception of rat. ``str()`` draws the snippet, without colour."""

    kind: Kind
    """What the caller can do about it; a subclass each."""
    code: str
    """The word for exactly this error."""
    message: str
    """One sentence in the user's words."""
    help: str
    """The way out, one imperative sentence."""
    retryable: bool
    """Whether the same call may succeed when tried again."""
    context: dict[str, str]
    """Facts added on the way up: the table, the file, the run."""
    diagnostics: list[Diagnostic]
    """What is wrong in the project, each with its place; none where nothing in it is."""

    @classmethod
    def _from(cls, data: dict[str, Any]) -> RatError:
        return cls(**{**data, "diagnostics": [Diagnostic(**d) for d in data["diagnostics"]]})

    def __init__(
        self,
        *,
        kind: Kind,
        code: str,
        message: str,
        help: str,
        retryable: bool,
        drawn: str,
        context: dict[str, str],
        diagnostics: list[Diagnostic],
    ) -> None:
        super().__init__(drawn)
        self.kind = kind
        self.code = code
        self.message = message
        self.help = help
        self.retryable = retryable
        self.context = context
        self.diagnostics = diagnostics

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are made anew by their constructor, with what is shown: a pool of processes would break on its way back.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]

    def to_dict(self) -> dict[str, Any]:
        """The error as plain data, such as a report holds it."""
        return {
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "help": self.help,
            "retryable": self.retryable,
            "context": self.context,
            "diagnostics": [diagnostic.to_dict() for diagnostic in self.diagnostics],
            "drawn": str(self),
        }

    def _render_traceback_(self) -> list[str]:
        # In a notebook the snippet says more than the frames of rat's own code, and of IPython's; the user's own say how it came to this.
        import traceback

        def is_own(frame: FrameType) -> bool:
            return str(frame.f_globals.get("__name__")).partition(".")[0] not in ("rat", "IPython", "ipykernel")

        frames = [(frame, line) for frame, line in traceback.walk_tb(self.__traceback__) if is_own(frame)]
        return [*traceback.StackSummary.extract(frames).format(), f"{type(self).__name__}: {self}"]


class InvalidError(RatError):
    """The project, a setting or an argument is wrong: change it."""


class NotFoundError(RatError):
    """What was named does not exist."""


class ConflictError(RatError):
    """Somebody else changed the same thing: run again."""


class RejectedError(RatError):
    """The data did not pass: look at the rows."""


class DeniedError(RatError):
    """Not allowed here."""


class CancelledError(RatError):
    """The caller stopped it."""


class TimeoutError(RatError):
    """It took longer than allowed."""


class UnavailableError(RatError):
    """A disk, a store, a catalog or a budget did not give what was needed."""


class CorruptError(RatError):
    """What is stored is not what was written."""


class InternalError(RatError):
    """A defect in rat."""


def from_data(data: dict[str, Any]) -> RatError:
    """The exception for an error that a report holds as plain data."""
    name = "".join(part.capitalize() for part in data["kind"].split("_")) + "Error"
    return globals()[name]._from(data)  # type: ignore[no-any-return]


class RunFailedError(RatError):
    """A run, a build or a maintenance failed; ``report`` tells all. Kind and code are the first failure's."""

    def __init__(self, cause: RatError, report: RunReport | BuildReport | MaintenanceReport) -> None:
        super().__init__(
            kind=cause.kind,
            code=cause.code,
            message=cause.message,
            help=cause.help,
            retryable=cause.retryable,
            drawn=str(cause),
            context=cause.context,
            diagnostics=cause.diagnostics,
        )
        self.report = report
