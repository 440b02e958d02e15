"""The twins for asyncio: they answer, they fail alike, they can be cancelled."""

import asyncio
import contextvars
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


def test_what_is_given_up_while_it_comes_comes_again(lake: rat.Lake) -> None:
    async def work() -> list[int]:
        stream = await lake.stream_async("select v from range(200000) t(v) order by v")
        seen, given_up = [], 0
        while True:
            try:
                batch = await asyncio.wait_for(anext(stream), 0.0008 if given_up < 50 else None)
            except asyncio.TimeoutError:
                given_up += 1
            except StopAsyncIteration:
                return seen
            else:
                seen += [row["v"] for row in batch.to_pylist()]

    assert asyncio.run(work()) == list(range(200_000))


def test_an_answer_that_nobody_takes_any_more_goes_back(lake: rat.Lake) -> None:
    async def work() -> list[int]:
        stream = await lake.stream_async("select v from range(20000) t(v) order by v")
        steps = stream.__anext__().__await__()
        future = next(steps)
        while not future.done():
            await asyncio.sleep(0)
        # The batch is there, and the task that asked for it is cancelled before it takes it.
        with pytest.raises(asyncio.CancelledError):
            steps.throw(asyncio.CancelledError())
        return [row["v"] async for batch in stream for row in batch]

    assert asyncio.run(work()) == list(range(20_000))


def test_events_that_nobody_takes_come_again(lake: rat.Lake) -> None:
    async def work() -> list[str]:
        handle = await lake.submit_async("silver.orders")
        events = handle.events()
        steps = events.__anext__().__await__()
        future = next(steps)
        while not future.done():
            await asyncio.sleep(0)
        steps.close()
        return [event["event"] async for event in events]

    told = asyncio.run(work())
    assert told[0] == "started" and told[-1] == "finished"


def test_anext_may_have_a_default(lake: rat.Lake) -> None:
    async def work() -> list[int | None]:
        stream = await lake.stream_async("select v from range(3) t(v)")
        batches = [await anext(stream, None), await anext(stream, None), await anext(stream, None)]
        return [None if batch is None else batch.num_rows for batch in batches]

    assert asyncio.run(work()) == [3, None, None]


def test_a_call_is_awaited_once(lake: rat.Lake) -> None:
    async def work() -> None:
        call = lake._native.check()
        assert (await call).ok
        with pytest.raises(RuntimeError, match="already"):
            await call

    asyncio.run(work())


@pytest.mark.filterwarnings("error")
def test_a_task_that_is_cancelled_cancels_its_async_callback(lake: rat.Lake) -> None:
    ended: list[str] = []

    async def work() -> None:
        begun = asyncio.Event()

        async def on_event(event: dict[str, Any]) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append(event["event"])
                raise

        task = asyncio.create_task(lake.run_async("silver.orders", on_event=on_event))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while not ended:
            await asyncio.sleep(0.001)

    asyncio.run(work())
    assert ended == ["started"]


def test_a_callback_that_gives_what_is_no_coroutine_is_told(lake: rat.Lake) -> None:
    class Later:
        def __await__(self) -> Any:
            yield

        def __repr__(self) -> str:
            return "later"

    with pytest.raises(TypeError, match="`on_event` must give None or a coroutine, and gave later"):
        asyncio.run(lake.run_async("silver.orders", on_event=lambda event: Later()))


def test_a_callback_has_the_context_of_its_caller(lake: rat.Lake) -> None:
    request = contextvars.ContextVar("request", default="none")
    told: set[str] = set()
    request.set("mine")
    lake.build(on_event=lambda event: told.add(request.get()))

    async def on_event(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        told.add(f"async {request.get()}")

    asyncio.run(lake.build_async(force=True, on_event=on_event))
    assert told == {"mine", "async mine"}


def test_a_callback_that_raised_is_called_no_more(lake: rat.Lake) -> None:
    calls: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        calls.append(event["event"])
        raise StopIteration(event["event"])

    for verb in (lambda: lake.run("silver.orders", on_event=on_event), lambda: lake.run("silver.orders", on_event=on_event)):
        calls.clear()
        with pytest.raises(StopIteration, match="started"):
            verb()
        assert calls == ["started"]
    # A coroutine that ends in StopIteration would have given something.
    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(lake.run_async("silver.orders", on_event=on_event))


def test_a_call_gives_its_answer_once(lake: rat.Lake) -> None:
    call = lake._native.check()
    assert call.wait().ok
    with pytest.raises(RuntimeError, match="already"):
        call.wait()
