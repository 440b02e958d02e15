"""New York's flights of January 2013, week by week: landed files to bronze, silver and gold, and an answer."""

import shutil
import tempfile
from pathlib import Path

import rat

EXAMPLES = Path(__file__).resolve().parent.parent
DATA = EXAMPLES / "data" / "nycflights13"

ANSWER = """
select carrier, airline, flights, average_departure_delay, average_arrival_delay
from gold.carrier_delays
order by average_arrival_delay desc
"""


def land(lake: Path, zone: str, file: str) -> None:
    """What another system does: puts a file where the pipeline looks for it."""
    folder = lake / "default" / "landing" / zone
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(DATA / file, folder / file)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "flights"
        shutil.copytree(EXAMPLES / "projects" / "flights", project)
        for zone, file in [("airlines", "airlines.csv"), ("airports", "airports.csv"), ("planes", "planes.csv")]:
            land(project, zone, file)
        land(project, "weather", "weather_2013-01.csv")
        with rat.open(str(project)) as lake:
            for week in range(1, 6):
                land(project, "flights", f"flights_2013-01_week{week}.csv")
                report = lake.build()
                ran = [run for run in report.runs if not run.skipped_reason]
                print(f"week {week}: {len(ran)} of {len(report.runs)} pipelines ran in {report.duration_ms} ms")
            flights = lake.query("select count(*) as n from silver.flights").to_pylist()[0]["n"]
            print(f"{flights:,} flights in January 2013")
            for row in lake.query(ANSWER).to_pylist():
                print(
                    f"{row['carrier']}  {row['airline']:<28}{row['flights']:>6}"
                    f"{row['average_departure_delay']:>8.2f}{row['average_arrival_delay']:>8.2f}"
                )


if __name__ == "__main__":
    main()
