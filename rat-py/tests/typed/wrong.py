"""What a type checker refuses: each line is an error that pyright finds, and one that it did not find would be one itself."""

import rat

lake = rat.open("./shop")

rat.open(5)  # pyright: ignore[reportArgumentType]
rat.open("./shop", "default")  # pyright: ignore[reportCallIssue]
rat.open("./shop", readonly=True)  # pyright: ignore[reportCallIssue]
rat.opn("./shop")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
lake.bild()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
lake.run()  # pyright: ignore[reportCallIssue]
lake.run(["silver.orders"])  # pyright: ignore[reportArgumentType]
lake.run("silver.orders", True)  # pyright: ignore[reportCallIssue]
lake.run("silver.orders", timeout="1 minute")  # pyright: ignore[reportArgumentType]
lake.run("silver.orders", on_event="print")  # pyright: ignore[reportArgumentType]
lake.build(publish="later")  # pyright: ignore[reportArgumentType]
lake.build(concurrency=1.5)  # pyright: ignore[reportArgumentType]
lake.query("select $1", params=1)  # pyright: ignore[reportArgumentType]
lake.query("select 1", limit="10")  # pyright: ignore[reportArgumentType]
lake.query("select 1").to_list()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
lake.write("bronze.t", [], strategy="replace")  # pyright: ignore[reportArgumentType]
lake.maintain(keep_for="7d")  # pyright: ignore[reportArgumentType]
lake.tables.get(5)  # pyright: ignore[reportArgumentType]
lake.tables.rollback("silver.orders", "monday")  # pyright: ignore[reportArgumentType]
lake.runs.list(status="done")  # pyright: ignore[reportArgumentType]
lake.runs.list(since="yesterday", until=5)  # pyright: ignore[reportArgumentType]
lake.landing.put("orders", "a.csv", "a\n1\n")  # pyright: ignore[reportArgumentType]
lake.submit("silver.orders").wait("1s")  # pyright: ignore[reportArgumentType]
lake.run("silver.orders").rows_written = 5  # pyright: ignore[reportAttributeAccessIssue]
lake.run("silver.orders").rows_total + 1  # pyright: ignore[reportOptionalOperand, reportUnusedExpression]
print(lake.build_async().runs)  # pyright: ignore[reportUnknownArgumentType, reportAttributeAccessIssue, reportUnknownMemberType]
