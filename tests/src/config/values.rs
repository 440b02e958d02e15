//! Keys and the values they take, from every place they can be written in.

use rat_core::error::{Code, Diagnostic, Source};
use rat_core::interop::config::{
    BuiltinTest, Config, Defaults, Lookback, MergeStrategy, Overrides, PartitionField, Scalar, Transform, resolve,
};
use rat_core::interop::project::{Language, Pipeline};
use rat_core::name::Name;
use rat_core::settings::{ByteSize, format_duration, parse_duration, parse_size};
use serde_json::json;
use std::time::Duration;

pub fn pipeline(sql: &str, yaml: Option<&str>) -> Pipeline {
    Pipeline {
        name: Name::parse("silver.orders", "default").unwrap(),
        language: Language::Sql,
        source: Source::new("default/pipelines/silver/orders/pipeline.sql", sql),
        config: yaml.map(|text| Source::new("default/pipelines/silver/orders/config.yaml", text)),
        quality_tests: vec![],
        unit_tests: vec![],
        faults: vec![],
    }
}

fn from_yaml(yaml: &str) -> (Config, Vec<Diagnostic>) {
    resolve(&Defaults::default(), &pipeline("select 1", Some(yaml)), &Overrides::default())
}

/// The config of a YAML text that has nothing wrong.
fn good(yaml: &str) -> Config {
    let (config, diagnostics) = from_yaml(yaml);
    assert_eq!(diagnostics, [], "{yaml}");
    config
}

/// The codes, and the text each one points at.
fn bad(yaml: &str) -> Vec<(Code, String)> {
    let told = |d: &Diagnostic| (d.code, d.labels[0].source.text[d.labels[0].range.clone()].to_owned());
    from_yaml(yaml).1.iter().map(told).collect()
}

fn annotated(head: &str) -> Config {
    let (config, diagnostics) = resolve(&Defaults::default(), &pipeline(&format!("{head}\nselect 1"), None), &Overrides::default());
    assert_eq!(diagnostics, [], "{head}");
    config
}

fn field(column: &str, transform: Transform) -> PartitionField {
    PartitionField { column: column.to_owned(), transform }
}

#[test]
fn lists_are_lists_or_text_with_commas() {
    for yaml in ["unique_key: [a, b]", "unique_key: a, b", "unique_key:\n- a\n- b", "unique_key: 'a,b,'", "UNIQUE_KEY: [a, b]"] {
        assert_eq!(good(yaml).unique_key.value, ["a", "b"], "{yaml}");
    }
    assert_eq!(annotated("-- @unique_key: a, b").unique_key.value, ["a", "b"]);
    assert_eq!(annotated("-- @unique_key: [a, b]").unique_key.value, ["a", "b"]);
    // An annotation's text is whatever its key wants.
    assert_eq!(annotated("-- @tags: 2024, yes").tags.value, ["2024", "yes"]);
}

#[test]
fn booleans_are_yaml_s_old_and_new_words_and_no_text() {
    for yes in ["true", "True", "yes", "on"] {
        assert!(good(&format!("archive_landing_zones: {yes}")).archive_landing_zones.value);
        assert!(annotated(&format!("-- @archive_landing_zones: {yes}")).archive_landing_zones.value);
    }
    assert_eq!(bad("archive_landing_zones: 'true'"), [(Code::WrongType, "'true'".to_owned())]);
    assert_eq!(bad("archive_landing_zones: 1"), [(Code::WrongType, "1".to_owned())]);
}

#[test]
fn words_are_read_without_regard_to_case() {
    assert_eq!(good("merge_strategy: APPEND_ONLY").merge_strategy.value, MergeStrategy::AppendOnly);
    for strategy in MergeStrategy::ALL {
        assert_eq!(MergeStrategy::from_text(strategy.as_str()), Some(*strategy));
    }
    assert_eq!(bad("merge_strategy: upsert"), [(Code::InvalidValue, "upsert".to_owned())]);
}

#[test]
fn a_key_with_nothing_after_it_says_nothing() {
    assert_eq!(good("owner:\ntags: ~\nmerge_strategy: null\n"), Config::default());
    assert_eq!(good(""), Config::default());
    assert_eq!(good("# only a comment\n"), Config::default());
    assert_eq!(annotated("-- @owner:"), Config::default());
}

#[test]
fn partitioning_is_text_or_a_list() {
    let expected = [field("ts", Transform::Day), field("id", Transform::Bucket(16)), field("country", Transform::Identity)];
    assert_eq!(annotated("-- @partition_by: day(ts), bucket(16, id), country").partition_by.value, expected);
    for yaml in [
        "partition_by: day(ts), bucket(16, id), country",
        "partition_by: ['day(ts)', 'bucket(16, id)', country]",
        "partition_by:\n- {column: ts, transform: DAY}\n- {column: id, transform: 'bucket[16]'}\n- {column: country}",
    ] {
        assert_eq!(good(yaml).partition_by.value, expected, "{yaml}");
    }
    for (text, expected) in
        [("truncate(4, name)", Transform::Truncate(4)), ("hour(name)", Transform::Hour), ("identity(name)", Transform::Identity)]
    {
        assert_eq!(annotated(&format!("-- @partition_by: {text}")).partition_by.value, [field("name", expected)]);
    }
    for wrong in [
        "bucket(id)",
        "bucket(0, id)",
        "bucket(-1, id)",
        "day(",
        "day()",
        "week(ts)",
        "day(3, ts)",
        "day(ts), day(ts)",
        "bucket(9999999999, id)",
    ] {
        assert_eq!(
            bad(&format!("partition_by: {wrong}")).iter().map(|(code, _)| *code).collect::<Vec<_>>(),
            [Code::InvalidValue],
            "{wrong}"
        );
    }
}

#[test]
fn a_lookback_is_a_time_or_a_number() {
    let read = |text: &str| annotated(&format!("-- @watermark_column: ts\n-- @watermark_lookback: {text}")).watermark_lookback.value;
    assert_eq!(read("3d"), Some(Lookback::Time(Duration::from_secs(3 * 86_400))));
    assert_eq!(read("1000"), Some(Lookback::Number(1000)));
}

#[test]
fn the_built_in_tests_are_read_with_their_places() {
    let yaml = "tests:\n- not_null: [id]\n- unique: id, line\n- accepted_values: {column: state, values: [new, 1, 2.5, true, '1']}\n\
                - relationships: {column: c, to: silver.customers, field: id}\n- range: {column: day, min: 2024-01-01}\n- row_count: {max: 10}\n\
                - freshness: {column: ts, max_age: 1h30m}\n";
    let tests = good(yaml).tests.value;
    let text = |value: &str| Scalar::Text(value.to_owned());
    let expected = [
        BuiltinTest::NotNull { columns: vec!["id".to_owned()] },
        BuiltinTest::Unique { columns: vec!["id".to_owned(), "line".to_owned()] },
        BuiltinTest::AcceptedValues {
            column: "state".to_owned(),
            values: vec![text("new"), Scalar::Integer(1), Scalar::Float(2.5), Scalar::Bool(true), text("1")],
        },
        BuiltinTest::Relationships {
            column: "c".to_owned(),
            to: Name::parse("silver.customers", "default").unwrap(),
            field: "id".to_owned(),
        },
        BuiltinTest::Range { column: "day".to_owned(), min: Some(text("2024-01-01")), max: None },
        BuiltinTest::RowCount { min: None, max: Some(10) },
        BuiltinTest::Freshness { column: "ts".to_owned(), max_age: Duration::from_secs(5400) },
    ];
    assert_eq!(tests.iter().map(|test| test.value.clone()).collect::<Vec<_>>(), expected);
    let label = tests[5].origin.label().unwrap();
    assert_eq!(&label.source.text[label.range.clone()], "row_count: {max: 10}");
    assert_eq!(annotated("-- @tests: [not_null: [id]]").tests[0].value, expected[0]);
}

#[test]
fn a_contract_is_read_with_the_places_of_its_types() {
    let config = good("columns:\n- name: id\n  type: bigint\n  not_null: true\n- name: note\n");
    assert_eq!((config.columns[0].name.as_str(), config.columns[0].not_null), ("id", true));
    let label = config.columns[0].data_type.as_ref().unwrap().origin.label().unwrap();
    assert_eq!(&label.source.text[label.range.clone()], "bigint");
    assert_eq!(config.columns[1].data_type, None);
    assert_eq!(bad("columns: [{name: id}, {name: ID}]"), [(Code::InvalidValue, "{name: ID}".to_owned())]);
    assert_eq!(bad("columns: [{type: int}]"), [(Code::InvalidValue, "{type: int}".to_owned())]);
}

#[test]
fn renames_are_a_mapping() {
    let expected = [("new".to_owned(), "old".to_owned()), ("b".to_owned(), "a".to_owned())].into();
    assert_eq!(good("renamed_from: {new: old, b: a}").renamed_from.value, expected);
    assert_eq!(annotated("-- @renamed_from: new: old, b: a").renamed_from.value, expected);
    assert_eq!(annotated("-- @renamed_from: {new: old, b: a}").renamed_from.value, expected);
}

#[test]
fn places_are_right_behind_characters_of_many_bytes() {
    let yaml = "# größer — 日本\r\nowner: Zoë  # ü\r\ntags: [é, 1]\r\n";
    assert_eq!(bad(yaml), [(Code::WrongType, "1".to_owned())]);
    let (config, _) = from_yaml(yaml);
    let label = config.owner.origin.label().unwrap();
    assert_eq!(&label.source.text[label.range.clone()], "Zoë");
}

#[test]
fn yaml_cannot_hurt() {
    let deep = format!("tags: {}{}", "[".repeat(5000), "]".repeat(5000));
    for yaml in
        [deep.as_str(), "a: &a [*a]", "owner: !!int 1", "a: 1\n---\nb: 2", "[a, b]: 1", "? {a: 1}\n: 2", "a: b: c", "@", "%YAML 9\n---\na"]
    {
        let codes: Vec<Code> = from_yaml(yaml).1.iter().map(|d| d.code).collect();
        assert!(codes.contains(&Code::InvalidYaml) || codes.contains(&Code::WrongType), "{:?}: {codes:?}", &yaml[..yaml.len().min(40)]);
    }
}

#[test]
fn the_strategies_have_their_keys() {
    let codes = |yaml: &str| from_yaml(yaml).1.iter().map(|d| d.code).collect::<Vec<_>>();
    for strategy in ["incremental", "delete_insert", "scd2"] {
        assert_eq!(codes(&format!("merge_strategy: {strategy}")), [Code::MissingKey]);
        assert_eq!(codes(&format!("merge_strategy: {strategy}\nunique_key: id")), []);
        // A key that could not be read is told once, as what it is.
        assert_eq!(codes(&format!("merge_strategy: {strategy}\nunique_key: 1")), [Code::WrongType]);
    }
    assert_eq!(codes("merge_strategy: snapshot"), [Code::MissingKey]);
    assert_eq!(codes("merge_strategy: snapshot\nunique_key: id"), [Code::MissingKey]);
    assert_eq!(codes("merge_strategy: snapshot\npartition_column: day"), []);
}

#[test]
fn a_caller_s_slips_are_errors() {
    let read = |value: serde_json::Value| Overrides::from_json(value.as_object().unwrap(), "default");
    assert_eq!(read(json!({"merge_strategie": "append_only"})).unwrap_err().code(), Code::UnknownKey);
    assert_eq!(read(json!({"unique_key": [1]})).unwrap_err().code(), Code::WrongType);
    assert_eq!(read(json!({"merge_strategy": "upsert", "tags": 3})).unwrap_err().diagnostics().len(), 2);
    assert_eq!(read(json!({"unique_key": null})).unwrap(), Overrides::default());
}

#[test]
fn durations_and_sizes_are_humane() {
    for (text, seconds) in [("5s", 5), ("10m", 600), ("1h30m", 5400), ("1h 30m", 5400), ("3d", 259_200), ("2w", 1_209_600), ("0s", 0)] {
        assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
    }
    assert_eq!(parse_duration("1s250ms"), Some(Duration::from_millis(1250)));
    for text in ["", "5", "s", "5 s", "30m1h", "1h1h", "-5s", "1.5h", "5S", "99999999999999999w"] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
    for text in ["1h30m", "2w1d", "250ms", "0s"] {
        assert_eq!(format_duration(parse_duration(text).unwrap()), text);
    }
    for (text, bytes) in [("128MiB", 128 << 20), ("1GB", 1_000_000_000), ("512 kib", 512 << 10), ("17", 17), ("3B", 3)] {
        assert_eq!(parse_size(text), Some(ByteSize(bytes)), "{text}");
    }
    for text in ["", "MiB", "1.5GiB", "-1", "1XB", "99999999999TiB"] {
        assert_eq!(parse_size(text), None, "{text}");
    }
    assert_eq!(ByteSize(3 << 30).to_string(), "3GiB");
    assert_eq!(ByteSize(1000).to_string(), "1000B");
}
