"""Reports are data: the caller's own, the same when they say the same."""

import builtins
import copy
import pickle
import subprocess
import sys
from unittest import mock

import pytest
import rat


def test_plain_data_is_the_callers_own(lake: rat.Lake) -> None:
    for report in (lake.run("silver.orders"), lake.graph(), lake.preview("silver.orders"), lake.tables.get("silver.orders")):
        before = copy.deepcopy(report.to_dict())
        report.to_dict().clear()
        for kept in report.to_dict().values():
            if isinstance(kept, list):
                kept.clear()
        assert report.to_dict() == before


def test_reports_that_say_the_same_are_equal_and_have_no_hash(lake: rat.Lake) -> None:
    report = lake.run("silver.orders")
    assert lake.runs.report(report.id) == lake.runs.report(report.id) != lake.run("silver.orders")
    preview = lake.preview(sql="select 1 as x")
    assert preview == copy.copy(preview) and preview != report
    for one in (report, preview, lake.tables.get("silver.orders").columns[0]):
        with pytest.raises(TypeError, match=f"unhashable type: '{type(one).__name__}'"):
            hash(one)


def test_a_line_of_a_log_shows_what_it_says(lake: rat.Lake) -> None:
    (line, *_) = lake.runs.logs(lake.run("silver.orders").id)
    assert repr(line) == f"<LogLine {line.seq} {line.level}: {line.message}>"


def test_an_error_is_made_in_a_test_of_somebody_elses() -> None:
    kinds = [error for error in vars(rat.errors).values() if isinstance(error, type) and issubclass(error, rat.RatError)]
    for error in kinds:
        if error is not rat.RunFailedError:
            made = error("too late")
            assert (str(made), made.message, made.diagnostics, made.retryable) == ("too late", "too late", [], False)
            assert error is rat.RatError or error.__name__ == "".join(part.capitalize() for part in made.kind.split("_")) + "Error"
            assert pickle.loads(pickle.dumps(made)).to_dict() == made.to_dict()
    verb = mock.Mock(side_effect=rat.TimeoutError)
    with pytest.raises(builtins.TimeoutError) as raised:
        verb()
    assert (raised.value.kind, raised.value.code) == ("timeout", "TIMED_OUT")


def test_what_took_too_long_is_pythons_timeout_too(lake: rat.Lake) -> None:
    with pytest.raises(builtins.TimeoutError, match=r"error\[TIMED_OUT\]") as raised:
        lake.query("select sum(sin(a.v * b.v)) as s from range(100000) a(v), range(100000) b(v)", timeout=0.01)
    assert isinstance(raised.value, rat.TimeoutError)
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value) and again.to_dict() == raised.value.to_dict()


def test_a_lake_is_opened() -> None:
    with pytest.raises(TypeError, match=r"open a lake with `rat\.open`"):
        rat.Lake("./shop")


@pytest.mark.parametrize("name", ["errors", "events", "graph", "handle", "hints", "logs", "nouns", "reports"])
def test_a_module_is_there_whatever_came_before(name: str) -> None:
    subprocess.run([sys.executable, "-c", f"import rat; assert rat.{name}.__name__ == 'rat.{name}'"], check=True)


def test_a_pipeline_that_is_not_in_the_graph_is_told(lake: rat.Lake) -> None:
    drawn = lake.graph()
    assert drawn.upstream("gold.totals") == drawn.upstream("default.gold.totals") == ["default.silver.orders"]
    for ask in (drawn.upstream, drawn.downstream):
        with pytest.raises(rat.NotFoundError, match=r"did you mean `silver\.orders`\?") as missing:
            ask("silver.ordrs")
        assert missing.value.code == "PIPELINE_NOT_FOUND"
        with pytest.raises(rat.NotFoundError, match="there is no pipeline `no name`"):
            ask("no name")


def test_no_ipython_is_no_reason_to_fail(lake: rat.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert lake.run("silver.orders").ok
