//! The forms of a query: SELECT and what is short for it.

use rat_core::error::Code;
use rat_core::interop::query::{Param, Params, QueryOptions};

use super::{Lake, rows};

#[tokio::test]
async fn queries_of_every_form_run() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT 1 AS a", vec!["1"]),
        ("VALUES (1), (2)", vec!["1", "2"]),
        ("WITH t AS (SELECT 2 AS a) SELECT a FROM T", vec!["2"]),
        ("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY a DESC", vec!["2", "1"]),
        ("FROM (SELECT 3 AS a)", vec!["3"]),
        ("SELECT a FROM (VALUES (1), (NULL), (3)) t(a) ORDER BY a DESC", vec!["3", "1", ""]),
        ("SHOW TABLES", vec![]),
    ] {
        assert_eq!(rows(&lake.query(sql).await.unwrap()), expected, "{sql}");
    }
    for sql in ["EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1"] {
        assert!(!rows(&lake.query(sql).await.unwrap()).is_empty(), "{sql}");
    }
}

#[tokio::test]
async fn describe_lists_columns_with_sql_types() {
    let lake = Lake::new();
    let result = lake.query("DESCRIBE SELECT 1 AS a, 'x' AS b, DATE '2024-01-01' AS c").await.unwrap();
    assert_eq!(rows(&result), ["a|BIGINT|NO", "b|VARCHAR|NO", "c|DATE|NO"]);
    let lambdas = "DESCRIBE SELECT list_transform([1], lambda x: x || '!') AS a, list_transform([1], lambda x: x / 2), apply(['a'], lambda X: {'l': len(x)}) AS c";
    let types = ["a|VARCHAR[]|YES", "list_transform(list_value(1), (lambda x: (x / 2)))|DOUBLE[]|YES", "c|STRUCT(l BIGINT)[]|YES"];
    let described = rows(&lake.query(lambdas).await.unwrap());
    let without_null = |line: &str| line.rsplit_once('|').unwrap().0.to_owned();
    assert_eq!(described.iter().map(|line| without_null(line)).collect::<Vec<_>>(), types.map(without_null));
    assert_eq!(lake.fails("DESCRIBE silver.nothing").await.0, Code::UnknownTable);
}

#[tokio::test]
async fn summarize_gives_a_line_for_each_column() {
    let lake = Lake::new();
    let result = lake.query("SUMMARIZE SELECT * FROM (VALUES (1, 'b'), (3, NULL)) t(n, s)").await.unwrap();
    let lines = rows(&result);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("n|BIGINT|1|3|2|2.0|"), "{lines:?}");
    assert!(lines[1].starts_with("s|VARCHAR|b|b|1|||2|50.0"), "{lines:?}");
    let every_type = "SELECT true AS a, 1::TINYINT AS b, 2.5 AS c, 2.5::DOUBLE AS d, 1.5::FLOAT AS e, DATE '2026-01-02' AS f,
        TIME '01:02:03' AS g, TIMESTAMP '2026-01-02 03:04:05' AS h, TIMESTAMPTZ '2026-01-02 03:04:05Z' AS i, INTERVAL 1 DAY AS k,
        NULL AS l, 1::UBIGINT AS m, [1, 2] AS n, {'x': 1} AS o";
    let lines = rows(&lake.query(&format!("SUMMARIZE {every_type}")).await.unwrap());
    let unique: Vec<String> = lines.iter().map(|line| line.split('|').nth(4).unwrap().to_owned()).collect();
    assert_eq!(unique.concat(), "111111111101", "nested columns have no count: {lines:#?}");
    let sql = "SELECT approx_count_distinct(x), approx_count_distinct(x::DECIMAL(9, 2)), approx_count_distinct(x > 1) FROM (VALUES (1.5::DOUBLE), (2.5), (2.5)) t(x)";
    assert_eq!(rows(&lake.query(sql).await.unwrap()), ["2|2|1"]);
    assert_eq!(lake.fails("SUMMARIZE INSERT INTO t VALUES (1)").await.0, Code::SqlSyntax);
}

#[tokio::test]
async fn parameters_are_values_never_sql() {
    let lake = Lake::new();
    let run = async |sql: &str, params: Params| {
        let options = QueryOptions { params, ..QueryOptions::default() };
        lake.query_with(sql, &options).await.map(|result| rows(&result))
    };
    let text = Param::Text("x'; DROP TABLE t; --".to_owned());
    assert_eq!(run("SELECT $1 AS a", Params::positional([text])).await.unwrap(), ["x'; DROP TABLE t; --"]);
    assert_eq!(run("SELECT $1 + $2 AS a", Params::positional([Param::Integer(-1), Param::Integer(5)])).await.unwrap(), ["4"]);
    assert_eq!(
        run("SELECT $day + INTERVAL 1 DAY AS a", Params::named([("day".to_owned(), Param::Date("2024-02-28".to_owned()))])).await.unwrap(),
        ["2024-02-29T00:00:00"],
        "a date moved by an interval is a timestamp"
    );
    assert_eq!(run("SELECT $1 AS a", Params::default()).await.unwrap_err().code(), Code::InvalidQuery);
}

#[tokio::test]
async fn errors_are_at_the_users_line_and_column() {
    let lake = Lake::new();
    let error = lake.query("SELECT a,\n       bb\nFROM (SELECT 1 AS a, 2 AS b)").await.unwrap_err();
    assert_eq!(error.code(), Code::UnknownColumn);
    assert_eq!(error.diagnostics()[0].start(), Some((2, 8)));
    assert_eq!(error.help(), "did you mean `b`?");
}

#[tokio::test]
async fn information_schema_is_a_schema_of_tables() {
    let lake = Lake::new();
    assert!(rows(&lake.query("SELECT table_name FROM information_schema.tables").await.unwrap()).is_empty());
    assert!(rows(&lake.query("SELECT column_name, data_type FROM INFORMATION_SCHEMA.Columns").await.unwrap()).is_empty());
}

#[test]
fn parameters_from_plain_data() {
    use serde_json::json;
    let named = Params::from_json(&json!({"a": 1, "b": "x", "c": null})).unwrap();
    assert_eq!(named.0["a"], Param::Integer(1));
    assert_eq!((&named.0["b"], &named.0["c"]), (&Param::Text("x".to_owned()), &Param::Null));
    let placed = Params::from_json(&json!([true, 2.5])).unwrap();
    assert_eq!((&placed.0["1"], &placed.0["2"]), (&Param::Bool(true), &Param::Number(2.5)));
    assert_eq!(Params::from_json(&json!(null)).unwrap(), Params::default());
    assert_eq!(Params::from_json(&json!([[1, "x"]])).unwrap().0["1"], Param::List(vec![Param::Integer(1), Param::Text("x".to_owned())]));
    for wrong in [json!([[{}]]), json!({"a": {"b": 1}}), json!([18_446_744_073_709_551_615_u64]), json!("x"), json!(1)] {
        assert_eq!(Params::from_json(&wrong).unwrap_err().code(), Code::InvalidArgument, "{wrong}");
    }
}

#[test]
fn exact_numbers_are_read_from_their_digits() {
    for (text, read) in [
        ("12.50", Some((1250, 2))),
        ("-0.05", Some((-5, 2))),
        ("+7", Some((7, 0))),
        (".5", Some((5, 1))),
        ("5.", Some((5, 0))),
        ("1E+3", Some((1000, 0))),
        ("-1.5e-2", Some((-15, 3))),
        ("0E-38", Some((0, 38))),
        ("99999999999999999999999999999999999999", Some((10_i128.pow(38) - 1, 0))),
        ("100000000000000000000000000000000000000", None),
        ("1e-39", None),
        ("1e38", None),
        ("1e2147483648", None),
        ("1e-2147483648", None),
        ("", None),
        (".", None),
        ("-", None),
        ("--1", None),
        ("1.-5", None),
        ("NaN", None),
        ("Infinity", None),
        ("1_000", None),
        ("0'; drop", None),
    ] {
        assert_eq!(Param::decimal(text), read.map(|(digits, after)| Param::Decimal(digits, after)), "{text}");
    }
}

#[tokio::test]
async fn a_parameter_of_every_type_is_a_value_of_that_type() {
    let lake = Lake::new();
    for (value, sql, shown) in [
        (Param::decimal("-12.50").unwrap(), "DECIMAL(4, 2)", "-12.50"),
        (Param::decimal("0.05").unwrap(), "DECIMAL(3, 2)", "0.05"),
        (
            Param::decimal("0.99999999999999999999999999999999999999").unwrap(),
            "DECIMAL(38, 38)",
            "0.99999999999999999999999999999999999999",
        ),
        (Param::Time("10:00:00.5".to_owned()), "TIME", "10:00:00.500"),
        (Param::Interval(-90_061_000_001), "INTERVAL", "-25 hours -1 mins -1.000001000 secs"),
        (Param::Bytes(b"a'\0\xff".to_vec()), "BLOB", "612700ff"),
        (Param::Bytes(Vec::new()), "BLOB", ""),
        (Param::List(vec![Param::Integer(-1), Param::Null]), "BIGINT[]", "[-1, ]"),
        (Param::List(vec![Param::List(vec![Param::Text("a'b".to_owned())])]), "VARCHAR[][]", "[[a'b]]"),
    ] {
        let options = QueryOptions { params: Params::positional([value.clone()]), ..QueryOptions::default() };
        let result = lake.query_with("SELECT $1 AS x", &options).await.unwrap();
        assert_eq!(rat_core::columns(&result.schema)[0].data_type, sql, "{value:?}");
        assert_eq!(rows(&result), [shown], "{value:?}");
    }
    let list = Param::List(vec![Param::Text("a".to_owned()), Param::Text("c".to_owned())]);
    let options = QueryOptions { params: Params::positional([list]), ..QueryOptions::default() };
    let found = lake.query_with("SELECT x FROM (VALUES ('a'), ('b'), ('c')) t(x) WHERE x = ANY($1) ORDER BY x", &options).await.unwrap();
    assert_eq!(rows(&found), ["a", "c"]);
}

#[tokio::test]
async fn a_misspelt_keyword_of_a_query_is_told() {
    let lake = Lake::new();
    for (sql, place, help) in [
        ("selct 1", (1, 1), "did you mean `SELECT`?"),
        ("SELECT x\n  form (SELECT 1 AS x)", (2, 3), "did you mean `FROM`?"),
        ("DESCRIBE SELECT x FROM (SELECT 1 AS x) gruop BY x", (1, 40), "did you mean `GROUP`?"),
    ] {
        let error = lake.query(sql).await.unwrap_err();
        let [told] = error.diagnostics() else { panic!("{error:?}") };
        assert_eq!((told.code, told.start(), told.help.as_deref()), (Code::SqlSyntax, Some(place), Some(help)), "{sql}");
    }
}

#[tokio::test]
async fn windows_and_aggregates_are_written_as_duckdb_lets_them() {
    let lake = Lake::new();
    let of = "(VALUES (1, NULL, DATE '2026-01-01'), (2, 'b', DATE '2026-01-03'), (3, 'c', DATE '2026-01-09')) t(x, s, d)";
    for (columns, expected) in [
        ("any_value(s) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)", ["b", "b", "b"]),
        ("sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL 3 DAYS PRECEDING AND CURRENT ROW)", ["1", "3", "3"]),
        ("sum(x) OVER (ORDER BY d RANGE BETWEEN CURRENT ROW AND INTERVAL '1' WEEK FOLLOWING)", ["3", "5", "3"]),
    ] {
        assert_eq!(rows(&lake.query(&format!("SELECT {columns} AS r FROM {of} ORDER BY x")).await.unwrap()), expected, "{columns}");
    }
    let sql = format!("SELECT string_agg(s), string_agg(s ORDER BY x DESC), argmax(s, x), argmin(x, d) FROM {of}");
    assert_eq!(rows(&lake.query(&sql).await.unwrap()), ["b,c|c,b|c|1"]);
    assert_eq!(lake.fails(&format!("SELECT mode(s ORDER BY x) FROM {of}")).await.0, Code::UnsupportedSql);
}

#[tokio::test]
async fn a_map_has_the_keys_of_its_own_row() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT MAP {'a': x, 'b': x + 1} FROM range(1, 3) t(x)", vec!["{a: 1, b: 2}", "{a: 2, b: 3}"]),
        ("SELECT map(['a'], [x])['a'] FROM range(1, 3) t(x)", vec!["1", "2"]),
        ("SELECT map([x], ['a']) FROM range(1, 3) t(x)", vec!["{1: a}", "{2: a}"]),
        ("SELECT MAP {'a': 1}", vec!["{a: 1}"]),
    ] {
        assert_eq!(rows(&lake.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))), expected, "{sql}");
    }
    for (sql, said) in
        [("SELECT map([1])", "`map` takes keys and their values, 1 given"), ("SELECT sum(1, 2)", "`sum` takes one argument, 2 given")]
    {
        assert_eq!(lake.fails(sql).await, (Code::TypeMismatch, said.to_owned()));
    }
    assert_eq!(lake.fails("SELECT MAP {'a': 1, 'a': 2}").await.0, Code::ExecutionFailed);
}

#[tokio::test]
async fn what_maps_cannot_do_is_refused_in_words_of_sql() {
    let lake = Lake::new();
    let apart = "maps are not told from each other by `GROUP BY`, `DISTINCT` or a set operation: take `map_keys` and `map_values` of them";
    let maps = "(VALUES (MAP {'a': 1}), (MAP {'a': 2})) t(m)";
    for (sql, said) in [
        (format!("SELECT DISTINCT m FROM {maps}"), apart),
        (format!("SELECT m, count(*) FROM {maps} GROUP BY m"), apart),
        ("SELECT MAP {'a': 1} UNION SELECT MAP {'a': 1}".to_owned(), apart),
        ("SELECT MAP {'a': 1} EXCEPT SELECT MAP {'a': 1}".to_owned(), apart),
        (format!("SELECT max(m) FROM {maps}"), "there is no `min` or `max` of values of this type"),
    ] {
        assert_eq!(lake.fails(&sql).await, (Code::UnsupportedSql, said.to_owned()), "{sql}");
    }
    assert_eq!(lake.fails("SELECT CAST('x' || i AS BIGINT) FROM range(1) t(i)").await.1, "`x0` cannot be read as BIGINT");
}

#[tokio::test]
async fn columns_of_one_name_stand_in_all_selects_of_a_union() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT 1 AS k, 2 AS v UNION ALL SELECT 0, 0 ORDER BY k", vec!["0|0", "1|2"]),
        ("SELECT 1 AS k, 2 AS v UNION ALL SELECT NULL, NULL ORDER BY k", vec!["1|2", "|"]),
        ("SELECT k, v FROM (VALUES (1, 2)) t(k, v) UNION SELECT k, k FROM (VALUES (5, 6)) t(k, v) ORDER BY k", vec!["1|2", "5|5"]),
        ("SELECT 1 AS k, 2 AS v EXCEPT (SELECT 3, 3 UNION ALL SELECT 1, 1) ORDER BY k", vec!["1|2"]),
        (
            "SELECT 1 AS k, 2 AS v UNION ALL SELECT x, x FROM (VALUES (0), (1)) t(x) WHERE x > 0 UNION ALL SELECT 4, 4 ORDER BY k, v",
            vec!["1|1", "1|2", "4|4"],
        ),
        ("SELECT 0, 0 UNION ALL SELECT 1, 2 ORDER BY 2", vec!["0|0", "1|2"]),
    ] {
        assert_eq!(rows(&lake.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))), expected, "{sql}");
    }
}
