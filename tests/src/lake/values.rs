//! `WriteData::rows`: plain values whose types are found out.

use rat_core::error::Code;
use rat_core::{Param, WriteData, WriteOptions, columns};

use super::support::Shop;

fn row(values: &[(&str, Param)]) -> Vec<(String, Param)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The column's type, or what is wrong with its values, one to a row.
fn typed(values: &[Param]) -> Result<String, String> {
    match WriteData::rows(values.iter().map(|value| row(&[("x", value.clone())]))) {
        Ok(data) => Ok(columns(data.schema())[0].data_type.clone()),
        Err(error) => {
            assert_eq!(error.code(), Code::InvalidArgument);
            Err(error.message().to_owned())
        }
    }
}

fn exact(text: &str) -> Param {
    Param::decimal(text).unwrap()
}

#[test]
fn the_values_of_a_column_have_one_type() {
    let instant = Param::TimestampTz(chrono::DateTime::UNIX_EPOCH);
    let list = |items: &[Param]| Param::List(items.to_vec());
    for (values, expected) in [
        (vec![Param::Null, Param::Bool(true)], "BOOLEAN"),
        (vec![Param::Integer(1), Param::Null], "BIGINT"),
        (vec![Param::Integer(1), Param::Number(2.5)], "DOUBLE"),
        (vec![exact("1.50"), Param::Number(2.5), Param::Integer(3)], "DOUBLE"),
        (vec![exact("1.50"), exact("12345.6")], "DECIMAL(7, 2)"),
        (vec![exact("1.50"), Param::Integer(3)], "DECIMAL(21, 2)"),
        (vec![Param::Text("a".into())], "VARCHAR"),
        (vec![Param::Date("2024-02-29".into())], "DATE"),
        (vec![Param::Date("2024-02-29".into()), Param::Timestamp("2024-02-29 10:00:00".into())], "TIMESTAMP"),
        (vec![instant.clone()], "TIMESTAMP WITH TIME ZONE"),
        (vec![Param::Time("10:00:00".into())], "TIME"),
        (vec![Param::Interval(1)], "INTERVAL"),
        (vec![Param::Bytes(vec![1])], "BLOB"),
        (vec![list(&[]), Param::Null, list(&[Param::Integer(1)]), list(&[Param::Null, Param::Number(0.5)])], "DOUBLE[]"),
        (vec![list(&[list(&[Param::Text("a".into())])])], "VARCHAR[][]"),
    ] {
        assert_eq!(typed(&values).as_deref(), Ok(expected), "{values:?}");
    }
    for (values, expected) in [
        (vec![Param::Integer(1), Param::Text("a".into())], "`x` in row 1 is VARCHAR, and BIGINT in the rows before"),
        (
            vec![instant, Param::Timestamp("2024-02-29 10:00:00".into())],
            "`x` in row 1 is TIMESTAMP, and TIMESTAMP WITH TIME ZONE in the rows before",
        ),
        (vec![Param::Bool(true), Param::Integer(1)], "`x` in row 1 is BIGINT, and BOOLEAN in the rows before"),
        (vec![list(&[Param::Integer(1), Param::Text("a".into())])], "the items of `x` in row 0 have no type in common"),
    ] {
        assert_eq!(typed(&values), Err(expected.to_owned()), "{values:?}");
    }
    let wide = [exact("12345678901234567890123456789012345678"), exact("0.5")];
    assert!(typed(&wide).unwrap_err().starts_with("`x` in row 1 is DECIMAL(1, 1)"));
    assert!(typed(&[Param::Date("the day".into())]).unwrap_err().starts_with("a value of `x` is none: "));
    assert_eq!(WriteData::rows([]).unwrap_err().message(), "the rows have no columns");
    let twice = WriteData::rows([row(&[("x", Param::Integer(1)), ("x", Param::Integer(2))])]);
    assert_eq!(twice.unwrap_err().message(), "row 0 has two values of `x`");
}

#[tokio::test]
async fn rows_of_values_are_written_and_come_back() {
    let shop = Shop::new(&[]).await;
    let given = WriteData::rows([
        row(&[("id", Param::Integer(1)), ("price", exact("-1.5")), ("tags", Param::List(vec![Param::Text("a".into()), Param::Null]))]),
        row(&[
            ("id", Param::Integer(2)),
            ("price", exact("20")),
            ("day", Param::Date("2024-02-29".into())),
            ("raw", Param::Bytes(vec![0, 255])),
        ]),
        row(&[("id", Param::Integer(3)), ("at", Param::Time("10:00:00.000001".into())), ("tags", Param::List(vec![]))]),
    ]);
    shop.lake.write("silver.t", given.unwrap(), &WriteOptions::default()).await.unwrap().into_result().unwrap();
    let all = shop.rows("select id, price, tags, day, raw, at from silver.t order by id").await;
    assert_eq!(all, ["1|-1.5|[a, ]|||", "2|20.0||2024-02-29|00ff|", "3||[]|||10:00:00.000001"]);
}

#[tokio::test]
async fn values_are_those_of_the_table_s_columns_where_they_are_so_exactly() {
    let shop = Shop::new(&[]).await;
    let write = async |rows: Vec<Vec<(String, Param)>>| {
        shop.lake.write("silver.t", WriteData::rows(rows)?, &WriteOptions::default()).await.and_then(rat_core::RunReport::into_result)
    };
    let text = |text: &str| Param::Text(text.to_owned());
    let at = |text: &str| Param::TimestampTz(text.parse().unwrap());
    for nothing in [Param::Null, Param::List(Vec::new())] {
        let unknown = write(vec![row(&[("id", Param::Integer(0)), ("note", nothing)])]).await.unwrap_err();
        let told = "`note` has no value in any row, which says nothing of its type";
        assert_eq!((unknown.code(), unknown.message()), (Code::InvalidArgument, told));
    }
    write(vec![row(&[
        ("id", Param::Integer(1)),
        ("day", Param::Date("2024-02-29".into())),
        ("price", exact("12.50")),
        ("seen", Param::Timestamp("2024-02-29 10:00:00".into())),
        ("sent", at("2024-02-29T10:00:00Z")),
        ("clock", Param::Time("10:00:00".into())),
        ("tags", Param::List(vec![text("a")])),
    ])])
    .await
    .unwrap();
    write(vec![
        row(&[
            ("ID", Param::Integer(2)),
            ("day", text("2024-03-01")),
            ("price", text("2.5")),
            ("seen", text("2024-03-01T10:00:00.25")),
            ("sent", text("2024-03-01T10:00:00+02:00")),
            ("clock", text("11:00:00")),
            ("tags", Param::List(Vec::new())),
        ]),
        row(&[("ID", Param::Integer(3)), ("day", text("2024-03-02")), ("price", text("0.500"))]),
    ])
    .await
    .unwrap();
    write(vec![row(&[
        ("id", Param::Integer(4)),
        ("day", at("2024-03-03T00:00:00Z")),
        ("price", Param::Number(0.1)),
        ("seen", at("2024-03-03T10:00:00Z")),
        ("tags", Param::Null),
    ])])
    .await
    .unwrap();
    let all = "select id, day, price, seen, sent, clock, tags from silver.t order by id";
    let expected = [
        "1|2024-02-29|12.50|2024-02-29T10:00:00|2024-02-29T10:00:00Z|10:00:00|[a]",
        "2|2024-03-01|2.50|2024-03-01T10:00:00.250|2024-03-01T08:00:00Z|11:00:00|[]",
        "3|2024-03-02|0.50||||",
        "4|2024-03-03|0.10|2024-03-03T10:00:00|||",
    ];
    assert_eq!(shop.rows(all).await, expected);
    // What is not exactly a value of the column is not bent to one.
    for (column, value) in [
        ("price", text("2.505")),
        ("price", text("100.00")),
        ("day", at("2024-03-03T10:00:00Z")),
        ("day", text("the third")),
        ("clock", text("10:00:00.0000001")),
        ("tags", text("a")),
    ] {
        let refused = write(vec![row(&[("id", Param::Integer(5)), (column, value.clone())])]).await.unwrap_err();
        assert_eq!(refused.code(), Code::SchemaChanged, "{column}: {value:?}");
    }
    let rounded = write(vec![row(&[("id", Param::Integer(5)), ("price", Param::Number(0.125))])]).await.unwrap_err();
    assert_eq!(rounded.code(), Code::CastFailed);
    assert_eq!(shop.rows(all).await, expected);
}
