//! What is refused, with which code, and where.

use rat_core::error::Code;
use rat_core::interop::dialect::{OptionValue, ReadFunction, Reads, parse};

#[track_caller]
fn refused(sql: &str, reads: Reads, code: Code, at: &str) {
    let problems = parse(sql, reads).unwrap_err();
    assert_eq!((problems[0].code, &sql[problems[0].range.clone()]), (code, at), "{problems:?}");
}

#[test]
fn a_refusal_names_its_place() {
    refused("SELECT id FROM a ASOF JOIN b ON a.x >= b.x", Reads::Unknown, Code::UnsupportedSql, "ASOF");
    refused("SELECT approx_quantile(x, 0.5) FROM t", Reads::Unknown, Code::UnsupportedSql, "approx_quantile");
    refused("SELECT list_transform(l, x -> x + 1) FROM t", Reads::Unknown, Code::UnsupportedSql, "list_transform");
    refused("SELECT list_filter(l, lambda x, i: i > 1) FROM t", Reads::Unknown, Code::UnsupportedSql, "i");
    refused("SELECT apply(l, lambda x: (SELECT max(x) FROM u)) FROM t", Reads::Unknown, Code::UnsupportedSql, "SELECT max(x) FROM u");
    refused("SELECT max_by(x) FROM t", Reads::Unknown, Code::TypeMismatch, "max_by");
    refused("SELECT 1 2", Reads::Unknown, Code::SqlSyntax, "2");
    refused("SELECT * FROM read_csv('landing://default/a')", Reads::Unknown, Code::UnknownFunction, "read_csv");
    refused("SELECT * FROM read_csv('/etc/passwd')", Reads::Allowed, Code::NotALandingZone, "'/etc/passwd'");
    refused("SELECT 'a.csv' AS f\nFROM 'a.csv'", Reads::Allowed, Code::NotALandingZone, "'a.csv'");
    let problem = parse("SELECT 'a.csv' AS f\nFROM 'a.csv'", Reads::Allowed).unwrap_err().remove(0);
    assert_eq!(problem.range, 25..32, "the table, not the text before it");
}

#[test]
fn a_read_function_becomes_a_table_and_a_call() {
    let sql = "SELECT * FROM read_csv_auto('landing://default/orders', header = true, columns = {'id': 'INTEGER'})";
    let parsed = parse(sql, Reads::Allowed).unwrap();
    let [call] = parsed.reads.as_slice() else { panic!("{parsed:?}") };
    assert_eq!((call.function, call.zone_url.as_str()), (ReadFunction::Csv, "landing://default/orders"));
    assert_eq!(call.options[0].1, OptionValue::Bool(true));
    assert_eq!(call.options[1].1, OptionValue::Struct(vec![("id".to_owned(), OptionValue::Text("INTEGER".to_owned()))]));
    assert_eq!(&sql[call.options[0].2.clone()], "header = true");
    assert!(parsed.statement.to_string().contains(&call.alias_table));
}

#[test]
fn no_text_overflows_the_stack() {
    let many = |unit: &str| format!("SELECT 1{}", unit.repeat(30_000));
    for sql in [many(" + 1"), many("::INT"), many(" OR true"), many(" UNION ALL SELECT 1"), format!("SELECT 1::INT{}", "[]".repeat(40_000))]
    {
        assert_eq!(parse(&sql, Reads::Unknown).unwrap_err()[0].code, Code::QueryTooDeep);
    }
    let nested = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert_eq!(parse(&nested, Reads::Unknown).unwrap_err()[0].code, Code::QueryTooDeep);
}

#[track_caller]
fn slip(sql: &str, at: &str, help: &str) {
    let problems = parse(sql, Reads::Unknown).unwrap_err();
    assert_eq!((problems.len(), problems[0].code, &sql[problems[0].range.clone()]), (1, Code::SqlSyntax, at), "{problems:?}");
    assert_eq!(problems[0].help.as_deref(), Some(help), "{problems:?}");
}

#[test]
fn a_misspelt_keyword_is_told_where_it_stands() {
    slip("selct id FROM t", "selct", "did you mean `SELECT`?");
    slip("-- é\n  ;WTIH a AS (SELECT 1) SELECT * FROM a", "WTIH", "did you mean `WITH`?");
    slip("EXPLIAN SELECT 1", "EXPLIAN", "did you mean `EXPLAIN`?");
    // Read as an alias, and what follows is the error.
    slip("SELECT id form t", "form", "did you mean `FROM`?");
    slip("SELECT g FROM t gruop by g", "gruop", "did you mean `GROUP`?");
    slip("SELECT g FROM t wehre g = 1", "wehre", "did you mean `WHERE`?");
    slip("SELECT g FROM t jion u ON t.a = u.a", "jion", "did you mean `JOIN`?");
    slip("SELECT g FROM (SELECT g FROM t\nodrer by g)", "odrer", "did you mean `ORDER`?");
    slip("SELECT g FROM t WHERE g = 1 limt 2", "limt", "did you mean `LIMIT`?");
    slip("SELECT g FROM t WHERE g betwen 1 AND 2", "betwen", "did you mean `BETWEEN`?");
    // The first of several; the next is told when this one is mended.
    slip("selct id form t", "selct", "did you mean `SELECT`?");
}

#[test]
fn what_a_keyword_would_not_mend_is_no_slip() {
    // `orders` is near to ORDER, `lift` to LEFT; with either the statement gets no further.
    for (sql, at) in [("SELECT id FROM orders x y", "y"), ("SELECT a lift b FROM t", "b"), ("SELECT \"form\" \"form\" t", "t")] {
        let problems = parse(sql, Reads::Unknown).unwrap_err();
        assert_eq!((problems[0].code, &sql[problems[0].range.clone()], &problems[0].help), (Code::SqlSyntax, at, &None), "{problems:?}");
    }
}
