"""Reports are data: plain fields, no IO, a line of repr, a card in a notebook.

Times are text in ISO 8601, UTC. Durations are in milliseconds, sizes in bytes.
"""

from .base import Language, Report, Reports, RunStatus, TableKind, TestStatus
from .checks import Amount, CheckedPipeline, CheckReport, Compiled, LandedInput, PlannedTest, Preview, PreviewPhase, SchemaChange, WritePlan
from .runs import BuildReport, LogLine, Phase, RunPage, RunRecord, RunReport, TestLine, TestResult
from .tables import Column, MaintainedTable, MaintenanceReport, Restored, Snapshot, Table, TableEntry, Zone, ZoneFile

__all__ = [
    "Amount",
    "BuildReport",
    "CheckReport",
    "CheckedPipeline",
    "Column",
    "Compiled",
    "LandedInput",
    "Language",
    "LogLine",
    "MaintainedTable",
    "MaintenanceReport",
    "Phase",
    "PlannedTest",
    "Preview",
    "PreviewPhase",
    "Report",
    "Reports",
    "Restored",
    "RunPage",
    "RunRecord",
    "RunReport",
    "RunStatus",
    "SchemaChange",
    "Snapshot",
    "Table",
    "TableEntry",
    "TableKind",
    "TestLine",
    "TestResult",
    "TestStatus",
    "WritePlan",
    "Zone",
    "ZoneFile",
]
