"""Which days' sales did this morning's corrections change? A table is asked as it is, and as it was under a tag."""

import tempfile

import rat

CORRECTION = b"order_id,customer,ordered_at,amount\n2,Grace,2024-03-01 10:30:00,18.00\n"
SALES = "select day, amount from gold.daily_sales order by day"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, rat.init(f"{folder}/shop") as lake:
        lake.build()
        lake.tables.tag("gold.daily_sales", "yesterday")
        lake.landing.put("orders", "2024-03-03.csv", CORRECTION)
        lake.build()
        before = {row["day"]: row["amount"] for row in lake.query(SALES, as_of="yesterday").to_pylist()}
        for row in lake.query(SALES).to_pylist():
            if row["amount"] != before.get(row["day"]):
                print(f"{row['day']}: {before.get(row['day'])} became {row['amount']}")


if __name__ == "__main__":
    main()
