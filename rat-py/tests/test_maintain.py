"""Maintenance: what it would do, what it did, and what it says when it cannot."""

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import rat
from conftest import write
from test_display import Tags

EVENTS = "-- @merge_strategy: append_only\nselect * from (values (1), (2)) t(id)\n"
NOW = {"keep_snapshots": 1, "keep_for": 0, "orphan_grace": datetime.timedelta(0)}


@pytest.fixture
def worn(tmp_path: Path) -> rat.Lake:
    """A lake with a table of six small files and as many snapshots."""
    write(tmp_path, "bronze", "events", EVENTS)
    lake = rat.open(tmp_path)
    for _ in range(6):
        lake.run("bronze.events")
    return lake


def test_a_dry_run_says_what_is_then_done(worn: rat.Lake) -> None:
    would = worn.maintain("bronze.events", dry_run=True, **NOW)
    assert would.ok and would.dry_run and len(worn.tables.history("bronze.events")) == 6
    (said,) = would.tables
    assert (said.name, said.files_rewritten, said.files_written) == ("default.bronze.events", 6, 0)
    (done,) = worn.maintain(**NOW).tables
    assert (done.files_rewritten, done.files_written) == (6, 1)
    assert done.snapshots_expired >= said.snapshots_expired > 0 and done.error is None
    assert worn.query("select count(*) as n, sum(id) as s from bronze.events").to_pylist() == [{"n": 12, "s": 18}]
    # What the rewriting replaced was current when maintenance began; it goes the next time.
    assert len(worn.tables.history("bronze.events")) == 2
    assert worn.maintain(**NOW).tables[0].files_rewritten == 0
    assert len(worn.tables.history("bronze.events")) == 1


def test_the_report_is_data_a_line_and_a_card(worn: rat.Lake) -> None:
    report = worn.maintain(dry_run=True)
    assert json.loads(json.dumps(report.to_dict()))["tables"][0]["files_rewritten"] == 6
    assert repr(report) == "<MaintenanceReport of 1 table, 0 failed, nothing was changed>"
    assert "6 files rewritten" in repr(report.tables[0])
    html = report._repr_html_()
    Tags(html)
    assert "default.bronze.events" in html and "nothing was changed" in html


def test_a_table_that_cannot_be_maintained_is_told_and_the_others_are_maintained(tmp_path: Path) -> None:
    for name in ["events", "others"]:
        write(tmp_path, "bronze", name, EVENTS)
    lake = rat.open(tmp_path)
    for _ in range(6):
        lake.build(force=True)
    metadata = Path(lake.tables.get("bronze.events").location.removeprefix("file://")) / "metadata"
    manifests = list(metadata.glob("*.avro"))
    assert manifests
    for manifest in manifests:
        manifest.write_bytes(b"worn out")
    with pytest.raises(rat.RunFailedError) as failed:
        lake.maintain()
    events, others = failed.value.report.tables
    assert events.error is not None and failed.value.code == events.error.code
    assert others.error is None and others.files_rewritten == 6
    report = lake.maintain(raise_on_failure=False)
    assert not report.ok and "1 failed" in repr(report)
    Tags(report._repr_html_())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"select": 3}, "argument 'select': must be a str or a list of str, and is 3"),
        ({"dry_run": "yes"}, "argument 'dry_run': "),
        ({"keep_snapshots": -1}, "argument 'keep_snapshots': must be a whole number, not negative, and is -1"),
        ({"keep_snapshots": True}, "argument 'keep_snapshots': must be a whole number, not negative, and is True"),
        ({"keep_for": "7d"}, "argument 'keep_for': must be a number of seconds, not negative, and is '7d'"),
        ({"orphan_grace": datetime.timedelta(-1)}, "argument 'orphan_grace': must be a number of seconds, not negative"),
        ({"raise_on_failure": None}, "argument 'raise_on_failure': must be a bool, and is None"),
        ({"dry": True}, "unexpected keyword argument 'dry'"),
    ],
)
def test_what_cannot_be_meant_is_named(lake: rat.Lake, options: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        lake.maintain(**options)


def test_what_is_not_there_and_what_is_not_allowed(project: Path, lake: rat.Lake) -> None:
    with pytest.raises(rat.NotFoundError, match=r"silver\.orders"):
        lake.maintain("silver.ordrs")
    with pytest.raises(rat.DeniedError):
        rat.open(project, read_only=True).maintain()
    lake.close()
    with pytest.raises(rat.InvalidError) as closed:
        lake.maintain()
    assert closed.value.code == "CLOSED"


def command(lake: rat.Lake, *arguments: str) -> subprocess.CompletedProcess[str]:
    said = [sys.executable, "-m", "rat", "-C", lake.url.removeprefix("file://"), "maintain", *arguments]
    return subprocess.run(said, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})


def test_the_command_says_the_same(worn: rat.Lake) -> None:
    dry = command(worn, "--dry-run")
    assert dry.returncode == 0 and "default.bronze.events\tsuccess\t6\t0" in dry.stdout and "nothing was changed" in dry.stderr
    done = json.loads(command(worn, "--json", "--keep-snapshots", "1", "--keep-for", "0s").stdout)
    assert done["dry_run"] is False and done["tables"][0]["files_written"] == 1
    assert len(worn.tables.history("bronze.events")) == 2
    wrong = command(worn, "--keep-for", "soon")
    assert wrong.returncode == 1 and "`soon` is not a duration" in wrong.stderr
    assert command(worn, "--keep-snapshots", "-1").returncode == 2
    assert command(worn, "bronze.evnts").returncode == 3


def test_a_moved_lake_is_relocated(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    write(old, "bronze", "events", EVENTS)
    rat.open(old).run("bronze.events")
    old.rename(new)
    lake = rat.open(new)
    with pytest.raises(rat.InvalidError, match="rat maintain --relocate"):
        lake.tables.get("bronze.events")
    (would,) = lake.maintain(relocate=True, dry_run=True).tables
    report = lake.maintain(relocate=True)
    assert report.ok and report.tables[0].files_relocated == would.files_relocated == 3
    assert "3 files relocated" in repr(report.tables[0]) and ">relocated<" in report._repr_html_()
    assert lake.query("select count(*) as n from bronze.events").to_pylist() == [{"n": 2}]
    new.rename(old)
    said = [sys.executable, "-m", "rat", "-C", str(old), "maintain", "--relocate"]
    assert "default.bronze.events\tsuccess\t3" in subprocess.run(said, check=True, capture_output=True, text=True).stdout
    assert rat.open(old).query("select count(*) as n from bronze.events").to_pylist() == [{"n": 2}]
