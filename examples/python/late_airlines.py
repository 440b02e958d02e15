"""Which airlines arrive late most often? A query with a parameter over a month of real flights."""

import sys
import tempfile

import rat

LATE = """
select airline, count(*) as flights, round(100.0 * count(*) filter (where arrival_delay > $minutes) / count(*), 1) as late
from silver.flights
where arrival_delay is not null
group by airline
order by late desc
limit 5
"""


def main(minutes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, rat.init(f"{folder}/flights", example="flights") as lake:
        lake.build("+silver.flights")
        print(f"arrived more than {minutes} minutes late, January 2013")
        for row in lake.query(LATE, params={"minutes": minutes}).to_pylist():
            print(f"{row['airline']:<28}{row['flights']:>7}{row['late']:>7.1f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
