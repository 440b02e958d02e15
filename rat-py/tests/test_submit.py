"""Runs in the background: they go on by themselves, are waited for, listened to and cancelled."""

import asyncio
import threading
from pathlib import Path

import pytest
import rat
from conftest import write

HEAVY = "select i as id, i * 1.5 as amount from generate_series(1, 3000000) t(i)"


def test_a_run_goes_on_when_its_lake_is_closed(project: Path) -> None:
    with rat.open(project) as lake:
        handle = lake.submit("silver.orders")
    report = handle.wait()
    assert (report.status, report.rows_total, report.id) == ("success", 2, handle.id)
    assert (handle.status, handle.pipeline) == ("success", "default.silver.orders")
    assert repr(handle) == "<RunHandle default.silver.orders success>"
    with pytest.raises(rat.InvalidError, match="closed"):
        lake.submit("silver.orders")


def test_events_are_told_from_the_beginning_to_the_end(lake: rat.Lake) -> None:
    handle = lake.submit("silver.orders")
    early = list(handle.events())
    late = list(handle.events())
    assert [e["phase"] for e in early if e["event"] == "phase"] == ["plan", "execute", "write", "test", "publish"]
    assert (early[0]["event"], early[0]["run_id"], early[-1]["event"]) == ("started", handle.id, "finished")
    assert late[-1]["report"]["status"] == "success" and late[0] == early[0]


def test_a_wait_that_times_out_leaves_the_run_going_and_cancel_ends_it(project: Path, lake: rat.Lake) -> None:
    write(project, "bronze", "heavy", HEAVY)
    handle = lake.submit("bronze.heavy")
    with pytest.raises(rat.TimeoutError, match="it goes on"):
        handle.wait(0)
    assert handle.status in ("pending", "running")
    handle.cancel()
    with pytest.raises(rat.RunFailedError) as failed:
        handle.wait()
    assert (failed.value.kind, failed.value.report.status) == ("cancelled", "cancelled")
    assert lake.runs.get(handle.id).status == handle.status == "cancelled"
    assert isinstance(handle.wait(raise_on_failure=False).error, rat.CancelledError)
    with pytest.raises(rat.InvalidError, match="has not been built yet"):
        lake.query("select * from bronze.heavy")


def test_what_fails_fails_as_a_run_does(project: Path, lake: rat.Lake) -> None:
    write(project, "silver", "broken", "select cast('x' as int) as id")
    with pytest.raises(rat.RunFailedError) as failed:
        lake.submit("silver.broken").wait()
    assert failed.value.code == "EXECUTION_FAILED"
    with pytest.raises(rat.NotFoundError):
        lake.submit("silver.brokn")


def test_a_run_is_cancelled_by_its_identifier(project: Path, lake: rat.Lake) -> None:
    write(project, "bronze", "heavy", HEAVY)
    cancelled: list[str] = []

    def cancel(event: dict[str, object]) -> None:
        if event["event"] == "phase" and event["phase"] == "execute":
            cancelled.append(str(event["run_id"]))
            lake.runs.cancel(cancelled[-1])

    report = lake.run("bronze.heavy", on_event=cancel, raise_on_failure=False)
    assert (report.status, report.id) == ("cancelled", cancelled[0])
    with pytest.raises(rat.ConflictError) as ended:
        lake.runs.cancel(report.id)
    assert ended.value.code == "RUN_ENDED"
    with pytest.raises(rat.NotFoundError):
        lake.runs.cancel("none")
    handle = lake.submit("bronze.heavy")
    next(handle.events())
    with pytest.raises(rat.ConflictError) as elsewhere:
        rat.open(project).runs.cancel(handle.id)
    assert elsewhere.value.code == "RUN_ELSEWHERE"
    handle.cancel()
    assert handle.wait(raise_on_failure=False).status == "cancelled"


def test_the_twins_for_asyncio(project: Path, lake: rat.Lake) -> None:
    write(project, "bronze", "heavy", HEAVY)

    async def work() -> list[str]:
        handle = await lake.submit_async("silver.orders")
        kinds = [event["event"] async for event in handle.events()]
        assert (await handle.wait_async()).status == "success"
        heavy = await lake.submit_async("bronze.heavy")
        waiting = asyncio.create_task(heavy.wait_async())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert heavy.status in ("pending", "running"), "who waits no longer has not stopped it"
        heavy.cancel()
        assert (await heavy.wait_async(raise_on_failure=False)).status == "cancelled"
        return kinds

    kinds = asyncio.run(work())
    assert (kinds[0], kinds[-1]) == ("started", "finished")


def test_threads_wait_for_one_run(lake: rat.Lake) -> None:
    handle = lake.submit("silver.orders")
    reports: list[rat.RunReport] = []
    threads = [threading.Thread(target=lambda: reports.append(handle.wait())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {report.id for report in reports} == {handle.id} and len(reports) == 4


@pytest.mark.parametrize("wrong", [-1, True, "1", float("nan")])
def test_seconds_that_are_none(lake: rat.Lake, wrong: object) -> None:
    handle = lake.submit("silver.orders")
    with pytest.raises(TypeError, match="argument 'timeout': must be a number of seconds, not negative"):
        handle.wait(wrong)  # type: ignore[arg-type]
    handle.wait()
