# Written by rat-py/stubs.py from handle.py.
"``lake.submit()``: a run in the background."

import datetime

from . import _rat
from ._rat import RunEvents
from .reports import RunReport, RunStatus

class RunHandle:
    """A run that goes on in the background, whoever looks.

    Dropping the handle leaves it going, and so does closing the lake. It ends with the program, as ``cancelled``: wait for it before that.
    """

    def __init__(self, native: _rat.RunHandle) -> None: ...
    @property
    def id(self) -> str:
        """The run's identifier, from the beginning. A retry after a transient error is a run of its own, and has another."""

    @property
    def pipeline(self) -> str:
        """Its pipeline, ``namespace.layer.name``."""

    @property
    def status(self) -> RunStatus:
        """``pending`` while it waits for another run of its table, ``running``, and at the end ``success``, ``failed``, ``cancelled``."""

    def wait(self, timeout: float | datetime.timedelta | None = None, *, raise_on_failure: bool = True) -> RunReport:
        """Waits for the end, and gives the report. Any number may wait, before the end and after it.

        Raises ``TimeoutError`` when it is still under way after ``timeout`` seconds, and it goes on; ``RunFailedError``, with
        ``.report``, when it failed or was cancelled, unless ``raise_on_failure=False``. Ctrl-C stops the waiting, not the run.
        """

    async def wait_async(self, timeout: float | datetime.timedelta | None = None, *, raise_on_failure: bool = True) -> RunReport:
        """Waits for the end, and gives the report. Any number may wait, before the end and after it.

        Raises ``TimeoutError`` when it is still under way after ``timeout`` seconds, and it goes on; ``RunFailedError``, with
        ``.report``, when it failed or was cancelled, unless ``raise_on_failure=False``. Ctrl-C stops the waiting, not the run.
        """

    def cancel(self) -> None:
        """Asks it to stop: it ends as ``cancelled``, and nothing of it is published. When it has published already, it is a success."""

    def events(self) -> RunEvents:
        """What happens, as dicts, from the beginning and to the end, whenever it is asked for; for ``for`` and ``async for``.

        Where rows are read faster than somebody listens, only the newest progress is told.
        """

    def to_dict(self) -> dict[str, str]:
        """``id``, ``pipeline`` and ``status``, as they are now."""

    def __repr__(self) -> str: ...
    def _repr_html_(self) -> str: ...
