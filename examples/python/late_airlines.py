"""Which airlines arrive late most often? Builds the flights project and asks with a parameter."""

import shutil
import sys
import tempfile
from pathlib import Path

import rat

EXAMPLES = Path(__file__).resolve().parent.parent
DATA = EXAMPLES / "data" / "nycflights13"

LATE = """
select airline, count(*) as flights, round(100.0 * count(*) filter (where arrival_delay > $minutes) / count(*), 1) as late
from silver.flights
where arrival_delay is not null
group by airline
order by late desc
limit 5
"""


def main(minutes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "flights"
        shutil.copytree(EXAMPLES / "projects" / "flights", project)
        with rat.open(project) as lake:
            for file in sorted(DATA.glob("*.csv")):
                lake.landing.put(file.stem.split("_")[0], file.name, file.read_bytes())
            lake.build()
            print(f"arrived more than {minutes} minutes late, January 2013")
            for row in lake.query(LATE, params={"minutes": minutes}).to_pylist():
                print(f"{row['airline']:<28}{row['flights']:>7}{row['late']:>7} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
