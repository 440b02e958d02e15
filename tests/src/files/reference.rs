//! `docs/reference/landing.md` is written from the table that reads the options.

use rat_core::error::Code;
use rat_core::interop::dialect::ReadFunction;
use rat_core::interop::files::{OPTIONS, reference, sniff};
use serde_json::json;

use crate::snapshot::{assert_file, root};

#[test]
fn the_reference_page_says_what_the_code_does() {
    assert_file(&root().join("docs/reference/landing.md"), &reference());
}

fn refused(function: ReadFunction, options: serde_json::Value) -> Vec<(Code, String, Option<String>, std::ops::Range<usize>)> {
    let problems = sniff(&super::call(function, &options), &[], &[]).unwrap_err();
    problems.into_iter().map(|p| (p.code, p.message, p.help, p.range)).collect()
}

/// A name in the table that the reader does not know would panic here.
#[test]
fn every_option_is_read() {
    for option in OPTIONS {
        for function in option.functions {
            let function = match *function {
                "csv" => ReadFunction::Csv,
                "json" => ReadFunction::Json,
                _ => ReadFunction::Parquet,
            };
            for name in std::iter::once(&option.name).chain(option.aliases) {
                let found = refused(function, json!({ (*name): null }));
                assert_eq!(found[0].0, Code::InvalidOption, "{name}");
                assert!(found[0].1.ends_with("found NULL"), "{name}: {}", found[0].1);
            }
        }
    }
}

#[test]
fn an_unknown_option_is_refused_with_the_near_name_and_all_problems_come_at_once() {
    let found = refused(ReadFunction::Csv, json!({ "heeder": true, "delim": 5, "rejects_table": "x", "sep": ",", "delimiter": ";" }));
    let shown: Vec<(&str, Option<&str>)> = found.iter().map(|(_, message, help, _)| (message.as_str(), help.as_deref())).collect();
    assert_eq!(
        shown,
        [
            ("`read_csv` has no option `heeder`", Some("did you mean `header`?")),
            ("option `delim` takes 1 to 4 bytes, found `5`", None),
            (
                "option `rejects_table` of `read_csv` is not supported",
                Some("set `ignore_errors = true`: the run report counts the refused rows")
            ),
            ("option `sep` is given twice", Some("remove one of the two")),
            ("option `delimiter` is given twice", Some("remove one of the two")),
        ]
    );
    assert_eq!(found[1].3, 10..20, "the problem is at the option");
    assert!(found.iter().all(|(code, ..)| *code == Code::InvalidOption));
}

#[test]
fn values_that_an_option_does_not_take_are_refused() {
    for (option, value) in [
        ("encoding", json!("latin-1")),
        ("compression", json!("lzma")),
        ("delim", json!("")),
        ("delim", json!("abcde")),
        ("quote", json!("ab")),
        ("skip", json!(-3)),
        ("max_line_size", json!(0)),
        ("dateformat", json!("%Q")),
        ("columns", json!({})),
        ("columns", json!({ "a": "INTEGR" })),
        ("columns", json!({ "a": "INTEGER", "A": "INTEGER" })),
        ("columns", json!({ "a": "DECIMAL(50, 2)" })),
        ("columns", json!({ "a": "BLOB" })),
        ("nullstr", json!(["a", 1])),
        ("decimal_separator", json!(";")),
        ("header", json!("maybe")),
    ] {
        let found = refused(ReadFunction::Csv, json!({ option: value }));
        assert_eq!(found[0].0, Code::InvalidOption, "{option}: {value}");
    }
    let near = refused(ReadFunction::Csv, json!({ "columns": { "a": "INTEGR" } }));
    assert_eq!(near[0].2.as_deref(), Some("did you mean `INTEGER`?"));
    assert_eq!(refused(ReadFunction::Json, json!({ "header": true }))[0].1, "`read_json` has no option `header`");
}
