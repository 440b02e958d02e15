"""The twins for asyncio: they answer, they fail alike, they can be cancelled."""

import asyncio
import time

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


def test_a_call_gives_its_answer_once(lake: rat.Lake) -> None:
    call = lake._native.check()
    assert call.wait().ok
    with pytest.raises(RuntimeError, match="already"):
        call.wait()
