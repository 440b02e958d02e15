"""A small project to open."""

import signal
from pathlib import Path

import pytest
import rat

# A shell that starts a job in the background has it ignore Ctrl-C, which the tests of Ctrl-C would wait for without end.
signal.signal(signal.SIGINT, signal.default_int_handler)

ORDERS = """-- @merge_strategy: incremental
-- @unique_key: id
select * from (values (1, 'Ada', 12.5), (2, 'Bob', 7.25)) t(id, customer, amount)
"""
TOTALS = "select customer, sum(amount) as total from {{ ref('silver.orders') }} group by customer order by customer\n"


def write(root: Path, layer: str, name: str, sql: str) -> None:
    folder = root / "default" / "pipelines" / layer / name
    folder.mkdir(parents=True)
    (folder / "pipeline.sql").write_text(sql)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, "silver", "orders", ORDERS)
    write(tmp_path, "gold", "totals", TOTALS)
    return tmp_path


@pytest.fixture
def lake(project: Path) -> rat.Lake:
    return rat.open(str(project))
