"""The twins for asyncio: they answer, they fail alike, they can be cancelled."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import rat

SLOW = "select sum(sin(a.v * b.v)) from range(100000) a(v), range(100000) b(v)"


def test_verbs_are_awaited(lake: rat.Lake) -> None:
    async def work() -> list[dict[str, object]]:
        async with lake:
            report = await lake.build_async()
            assert [run.status for run in report.runs] == ["success", "success"]
            names = await lake.tables.list_async()
            assert [entry.name for entry in names] == ["default.silver.orders", "default.gold.totals"]
            return (await lake.query_async("select count(*) as n from silver.orders")).to_pylist()

    assert asyncio.run(work()) == [{"n": 2}]


def test_a_lake_opens_for_asyncio(project: object) -> None:
    async def work() -> bool:
        return (await (await rat.open_async(str(project))).check_async()).ok

    assert asyncio.run(work())


def test_errors_come_out_of_await(lake: rat.Lake) -> None:
    with pytest.raises(rat.DeniedError):
        asyncio.run(lake.query_async("drop table silver.orders"))


def test_many_at_once_while_the_loop_goes_on(lake: rat.Lake) -> None:
    async def work() -> tuple[list[int], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        answers = await asyncio.gather(*(lake.query_async(f"select {n} as n") for n in range(8)))
        ticking.cancel()
        return [answer.to_pylist()[0]["n"] for answer in answers], ticks

    answers, ticks = asyncio.run(work())
    assert answers == list(range(8)) and ticks > 1


def test_a_cancelled_task_cancels_the_query(lake: rat.Lake) -> None:
    async def work() -> float:
        task = asyncio.create_task(lake.query_async(SLOW))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        began = time.monotonic()
        await lake.query_async("select 1")
        return time.monotonic() - began

    assert asyncio.run(work()) < 5


def test_batches_arrive_one_by_one(lake: rat.Lake) -> None:
    async def work() -> int:
        stream = await lake.stream_async("select v from range(100000) t(v)")
        return sum([batch.num_rows async for batch in stream])

    assert asyncio.run(work()) == 100_000


def test_an_async_callback_is_awaited_before_the_next_event(project: Path, lake: rat.Lake) -> None:
    told: list[str] = []

    async def on_event(event: dict[str, Any]) -> None:
        told.append(f"{event['event']} begins")
        await asyncio.sleep(0.01)
        assert (await lake.query_async("select 1 as x")).to_pylist() == [{"x": 1}]
        told.append(f"{event['event']} ends")

    async def work() -> None:
        for verb in (lake.run_async("silver.orders", on_event=on_event), lake.build_async(force=True, on_event=on_event)):
            told.clear()
            assert (await verb).ok
            assert told[:2] == ["started begins", "started ends"] and told[-2:] == ["finished begins", "finished ends"]
        report = await lake.write_async("bronze.t", [{"id": 1}], on_event=on_event)
        assert report.ok and told[-1] == "finished ends"

    asyncio.run(work())


def test_what_an_async_callback_raises_stops_the_run(lake: rat.Lake) -> None:
    async def on_event(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        raise LookupError(event["event"])

    async def work() -> None:
        with pytest.raises(LookupError, match="started"):
            await lake.run_async("silver.orders", on_event=on_event)
        assert await lake.tables.list_async() == []
        assert (await lake.run_async("silver.orders")).ok

    asyncio.run(work())


@pytest.mark.filterwarnings("error")
def test_a_verb_that_is_waited_for_refuses_an_async_callback(lake: rat.Lake) -> None:
    async def on_event(event: dict[str, Any]) -> None:
        raise AssertionError(event)

    for verb in (lambda: lake.run("silver.orders", on_event=on_event), lambda: lake.build(on_event=on_event)):
        with pytest.raises(TypeError, match="`on_event` is an async function: await the verb, by its twin whose name ends in `_async`"):
            verb()
    assert lake.tables.list() == []


@pytest.mark.filterwarnings("error")
def test_a_task_that_is_cancelled_ends_its_async_callback(lake: rat.Lake) -> None:
    async def work() -> None:
        begun = asyncio.Event()

        async def on_event(event: dict[str, Any]) -> None:
            begun.set()
            await asyncio.sleep(3600 if event["event"] == "phase" else 0)

        task = asyncio.create_task(lake.run_async("silver.orders", on_event=on_event))
        await begun.wait()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert lake.tables.list() == [] and lake.run("silver.orders").ok


def test_a_call_gives_its_answer_once(lake: rat.Lake) -> None:
    call = lake._native.check()
    assert call.wait().ok
    with pytest.raises(RuntimeError, match="already"):
        call.wait()
