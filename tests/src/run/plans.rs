//! What a run would do, told before it runs: what the run then does lies within it.

use std::collections::BTreeMap;

use rat_core::error::{Code, Diagnostic, Severity};
use rat_core::interop::run::{Refresh, RunOptions, RunReport, RunStatus, SchemaChangeKind, WritePlan, plan, run};
use rat_core::interop::tables::Relation;
use rat_core::{Amount, RunFilter};

use super::harness::{Lake, full_refresh, name, with_rows};

const QUERY: &str = "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, at, v)";

fn lake(config: &str) -> Lake {
    Lake::new(&[("silver/t/pipeline.sql", &format!("{config}\n{QUERY}"))])
}

impl Lake {
    pub(super) async fn plan(&self, options: &RunOptions) -> WritePlan {
        plan(&self.context, &name("silver.t"), options).await.unwrap()
    }

    /// Plans, runs, and holds the run against the plan.
    pub(super) async fn planned_run(&self, options: &RunOptions) -> (WritePlan, RunReport) {
        let plan = self.plan(options).await;
        assert!(plan.is_ok(), "{:?}", plan.diagnostics);
        let before = self.live_files().await;
        let report = run(&self.context, &name("silver.t"), options).await.unwrap();
        assert_eq!(report.status, RunStatus::Success, "{:?}", report.error);
        within(&plan, &report);
        let after = self.live_files().await;
        let stayed = before.iter().filter(|(path, deletes)| after.get(*path) == Some(deletes)).count() as u64;
        assert_eq!(plan.files_before, before.len() as u64);
        assert!(stayed >= plan.files_pruned, "{stayed} files stayed as they were, and {} were to: {plan:#?}", plan.files_pruned);
        let gone = before.keys().filter(|path| !after.contains_key(*path)).count() as u64;
        let most = plan.files_dropped.most().zip(plan.files_rewritten.most()).map(|(a, b)| a + b);
        assert!(most.is_none_or(|most| gone <= most), "{gone} files went: {plan:#?}");
        let changed = before.iter().filter(|(path, deletes)| after.get(*path).is_some_and(|now| now != *deletes)).count() as u64;
        assert!(plan.files_deleted_from.allows(changed) || plan.files_deleted_from.most().is_some_and(|most| changed <= most), "{plan:#?}");
        (plan, report)
    }

    /// The data files of the table, each with its delete files.
    async fn live_files(&self) -> BTreeMap<String, Vec<String>> {
        let Some(Relation::Table(table)) = self.context.tables.find(&name("silver.t")).await.unwrap() else { return BTreeMap::new() };
        let files = table.scan().unwrap().files().await.unwrap();
        let of = |file: &rat_core::interop::tables::ScanFile| file.position_deletes().map(|delete| delete.file_path().to_owned()).collect();
        files.iter().map(|file| (file.path().to_owned(), of(file))).collect()
    }
}

fn within(plan: &WritePlan, report: &RunReport) {
    assert_eq!(plan.base_snapshot_id, report.base_snapshot_id);
    assert_eq!(plan.inputs, report.inputs);
    let tests: Vec<_> = report.tests.iter().map(|test| (&test.name, test.severity.to_string())).collect();
    assert_eq!(plan.tests.iter().map(|test| (&test.name, test.severity.clone())).collect::<Vec<_>>(), tests);
    for (what, told, done) in [
        ("rows_written", plan.rows_written, report.rows_written),
        ("files_added", plan.files_added, report.files_added),
        ("files_removed", plan.files_removed, report.files_removed),
        ("bytes_written", plan.bytes_written, report.bytes_written),
        ("rows_total", plan.rows_total, report.rows_total.unwrap_or(0)),
    ] {
        assert!(told.allows(done), "{what}: {done} is not {told}: {plan:#?}\n{report:#?}");
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    /// Rows whose keys are close together, so that some files have none of them.
    fn rows(&mut self) -> String {
        let first = self.below(60);
        let row = |dice: &mut Self, index: u64| {
            // A column of NULLs alone has no type.
            let id = if index > 0 && dice.below(12) == 0 { "NULL".to_owned() } else { (first + dice.below(6)).to_string() };
            format!("({id}, {}, 'v{}')", dice.below(9), dice.below(3))
        };
        let count = 1 + self.below(5);
        (0..count).map(|index| row(self, index)).collect::<Vec<_>>().join(", ")
    }
}

#[tokio::test]
async fn a_run_does_what_its_plan_allows_whatever_the_strategy() {
    let strategies = [
        "full_refresh",
        "append_only",
        "incremental\n-- @unique_key: id\n-- @null_keys: match",
        "incremental\n-- @unique_key: id\n-- @null_keys: match\n-- @watermark_column: at\n-- @keep_newer: true",
        "incremental\n-- @unique_key: id, v\n-- @null_keys: match\n-- @write_mode: merge_on_read",
        "delete_insert\n-- @unique_key: id\n-- @null_keys: match",
        "delete_insert\n-- @unique_key: id\n-- @null_keys: match\n-- @write_mode: copy_on_write",
        "scd2\n-- @unique_key: id\n-- @null_keys: match",
        "scd2\n-- @unique_key: id\n-- @null_keys: match\n-- @scd_hard_deletes: close",
        "snapshot\n-- @partition_column: id",
        "snapshot\n-- @partition_column: at\n-- @partition_by: bucket(3, id)",
    ];
    let mut pruned = 0;
    let texts = strategies.map(|strategy| (strategy, QUERY.to_owned()));
    let numbers = strategies.map(|strategy| (strategy, QUERY.replace('*', "id, at, CAST(substr(v, 2) AS INTEGER) AS v")));
    for (number, (strategy, query)) in texts.into_iter().chain(numbers).enumerate() {
        let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: {strategy}\n{query}"))]);
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1));
        for _ in 0..14 {
            lake.clock.advance(std::time::Duration::from_secs(1));
            let (plan, _) = lake.planned_run(&with_rows(&dice.rows())).await;
            pruned += plan.files_pruned;
            assert_eq!(
                plan.bytes_written == Amount::Unknown,
                query == QUERY,
                "what texts take is not told by how many they are: {plan:#?}"
            );
        }
    }
    assert!(pruned > 100, "plans that leave no file out say nothing: {pruned}");
}

const SOURCE: &str = "-- @merge_strategy: append_only\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id, at, v)";

#[tokio::test]
async fn a_filter_on_an_input_bounds_the_files_of_the_table() {
    let lake = Lake::new(&[
        ("bronze/s/pipeline.sql", SOURCE),
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: at\n\
             SELECT id, at, v FROM {{ ref('bronze.s') }} {% if watermark_value %} WHERE at > {{ watermark_value }} {% endif %}",
        ),
    ]);
    for batch in 0..6 {
        let rows: Vec<String> = (0..4).map(|row| format!("({}, {batch}, 'a')", batch * 10 + row)).collect();
        run(&lake.context, &name("bronze.s"), &with_rows(&rows.join(", "))).await.unwrap().into_result().unwrap();
        let (plan, report) = lake.planned_run(&RunOptions::default()).await;
        assert_eq!((plan.files_before, plan.files_pruned), (batch, batch), "new keys are beyond all of the stored");
        assert_eq!((plan.files_removed, plan.files_deleted_from), (Amount::Exact(0), Amount::Exact(0)));
        assert_eq!(plan.rows_written, Amount::AtMost(4), "of the input's files one is later than the watermark");
        assert_eq!((report.rows_written, plan.watermark.clone()), (4, (batch > 0).then(|| (batch - 1).to_string())));
    }
    // A late correction of the third batch's rows: of the table's files one can hold them.
    run(&lake.context, &name("bronze.s"), &with_rows("(21, 9, 'b')")).await.unwrap().into_result().unwrap();
    let (plan, report) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.files_pruned, plan.files_deleted_from, plan.files_dropped), (5, Amount::AtMost(1), Amount::AtMost(1)));
    assert_eq!(report.rows_updated, 1);
    // Nothing new: nothing at all.
    let (plan, _) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.rows_written, plan.files_added, plan.rows_total), (Amount::Exact(0), Amount::Exact(0), Amount::Exact(24)));
}

#[tokio::test]
async fn what_is_rebuilt_or_appended_is_told_exactly() {
    let lake = lake("-- @merge_strategy: append_only");
    let (first, _) = lake.planned_run(&with_rows("(1, 1, 'a'), (2, 1, 'b')")).await;
    assert!(first.is_first_run && !first.is_rebuild && first.base_snapshot_id.is_none());
    assert_eq!((first.rows_written, first.rows_total), (Amount::Exact(2), Amount::Exact(2)));
    let (second, _) = lake.planned_run(&with_rows("(3, 1, 'c')")).await;
    assert_eq!((second.rows_total, second.files_removed, second.files_pruned), (Amount::Exact(3), Amount::Exact(0), 1));
    let (rebuilt, report) = lake.planned_run(&full_refresh("(4, 1, 'd')")).await;
    assert!(rebuilt.is_rebuild && !rebuilt.is_first_run);
    assert_eq!((rebuilt.rows_total, rebuilt.files_dropped, rebuilt.files_removed), (Amount::Exact(1), Amount::Exact(2), Amount::Exact(2)));
    assert_eq!(report.files_removed, 2);
}

#[tokio::test]
async fn a_file_of_one_value_is_dropped_or_left_never_opened() {
    let lake = lake("-- @merge_strategy: snapshot\n-- @partition_column: at");
    lake.run_rows("silver.t", "(1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')").await;
    let (plan, report) = lake.planned_run(&with_rows("(4, 2, 'B')")).await;
    assert_eq!((plan.files_pruned, plan.files_dropped), (2, Amount::AtMost(1)));
    assert_eq!((plan.files_rewritten, plan.files_deleted_from), (Amount::Exact(0), Amount::Exact(0)));
    assert_eq!(report.files_removed, 1);
}

#[tokio::test]
async fn the_write_mode_says_what_can_become_of_a_file() {
    for (mode, rewritten, deleted_from) in [
        ("copy_on_write", Amount::AtMost(1), Amount::Exact(0)),
        ("merge_on_read", Amount::Exact(0), Amount::AtMost(1)),
        ("auto", Amount::AtMost(1), Amount::AtMost(1)),
    ] {
        let lake = lake(&format!("-- @merge_strategy: incremental\n-- @unique_key: id\n-- @write_mode: {mode}"));
        lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c')").await;
        let (plan, _) = lake.planned_run(&with_rows("(2, 2, 'B')")).await;
        assert_eq!((plan.files_rewritten, plan.files_deleted_from), (rewritten, deleted_from), "{mode}");
    }
}

#[tokio::test]
async fn nothing_is_written_and_no_row_is_read() {
    let lake = Lake::new(&[
        ("bronze/s/pipeline.sql", SOURCE),
        ("silver/t/pipeline.sql", "-- @merge_strategy: incremental\n-- @unique_key: id\nSELECT id, v FROM {{ ref('bronze.s') }}"),
    ]);
    lake.run_rows("bronze.s", "(1, 1, 'a'), (2, 1, 'b')").await;
    lake.run("silver.t").await.into_result().unwrap();
    lake.run_rows("bronze.s", "(2, 2, 'B')").await;
    let everything = || {
        walkdir::WalkDir::new(lake.folder.path())
            .into_iter()
            .filter_map(Result::ok)
            .map(|entry| entry.path().to_owned())
            .collect::<Vec<_>>()
    };
    let (before, runs) = (everything(), lake.context.ledger.runs(&RunFilter::default()).unwrap().runs.len());
    let told = lake.plan(&RunOptions::default()).await;
    assert!(told.is_ok() && told.fresh.is_none());
    assert_eq!(everything(), before);
    assert_eq!(lake.context.ledger.runs(&RunFilter::default()).unwrap().runs.len(), runs);
    // The rows are not there to be read.
    for file in lake.data_files() {
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!(lake.plan(&RunOptions::default()).await.to_json(), told.to_json());
}

/// What refuses a run of this pipeline, and the first of which the run itself tells.
async fn refusals(lake: Lake, settings: &str, query: &str, options: &RunOptions) -> (Lake, Vec<Code>) {
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("{settings}\n{query}")), ("bronze/s/pipeline.sql", "SELECT 1 AS id")]);
    let plan = lake.plan(options).await;
    assert!(!plan.is_ok() && plan.files_added.is_none(), "{plan:#?}");
    let codes: Vec<Code> = plan.diagnostics.iter().filter(|told| told.severity == Severity::Error).map(|told| told.code).collect();
    let report = run(&lake.context, &name("silver.t"), options).await.unwrap();
    assert_eq!(report.error.map(|error| error.code()), codes.first().copied());
    (lake, codes)
}

#[tokio::test]
async fn all_that_would_stop_the_run_is_told_at_once() {
    let lake = lake("-- @merge_strategy: scd2\n-- @unique_key: id");
    lake.run_rows("silver.t", "(1, 1, 'a')").await;
    let (rows, nested) = (with_rows("(1, 1, 'a')"), QUERY.replace('*', "id, [at] AS at, v, at AS other"));
    let settings = "-- @merge_strategy: scd2\n-- @unique_key: other\n-- @partition_by: at";
    let (lake, codes) = refusals(lake, settings, &nested, &rows).await;
    assert_eq!(codes, [Code::StrategyChanged, Code::UnsupportedType, Code::SchemaChanged], "the key, the partition, and the column's type");
    let settings = "-- @merge_strategy: scd2\n-- @unique_key: v\n-- @scd_valid_to: until\n-- @watermark_column: on";
    let (lake, codes) = refusals(lake, settings, QUERY, &rows).await;
    assert_eq!(codes, [Code::StrategyChanged, Code::StrategyChanged, Code::UnknownColumn], "the key, the validity, and the watermark");
    // The columns of another strategy are not those of the table.
    let (lake, codes) = refusals(lake, "-- @merge_strategy: append_only\n-- @sort_by: at", &nested, &rows).await;
    assert_eq!(codes, [Code::StrategyChanged, Code::UnsupportedType]);
    let settings = "-- @merge_strategy: scd2\n-- @unique_key: id\n-- @full_refresh: never";
    let (_, codes) = refusals(lake, settings, "SELECT * FROM {{ ref('bronze.s') }}", &full_refresh("")).await;
    assert_eq!(codes, [Code::RefreshLosesData, Code::RefreshLosesData, Code::NotBuilt], "what is said twice, and what is not built");
}

#[tokio::test]
async fn columns_of_settings_that_are_not_there_are_told_once_at_their_setting() {
    let said = |key: &str, column: &str| format!("`{key}` names `{column}`, which the query does not give");
    for (settings, expected) in [
        ("-- @merge_strategy: snapshot\n-- @partition_column: nope", vec![((2, 23), said("partition_column", "nope"))]),
        (
            "-- @merge_strategy: incremental\n-- @unique_key: idd\n-- @partition_by: nope\n-- @sort_by: nope",
            vec![((2, 17), said("unique_key", "idd")), ((3, 19), said("partition_by", "nope")), ((4, 14), said("sort_by", "nope"))],
        ),
        ("-- @merge_strategy: append_only\n-- @watermark_column: nope", vec![((2, 23), said("watermark_column", "nope"))]),
        (
            "-- @merge_strategy: append_only\n-- @partition_by: l",
            vec![((2, 19), "`partition_by` has `l`, and `l` is of type BIGINT[]".to_owned())],
        ),
    ] {
        let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{settings}\nSELECT 1 AS id, [1] AS l"))]);
        let told = |told: &[Diagnostic]| -> Vec<_> { told.iter().map(|told| (told.start().unwrap(), told.message.clone())).collect() };
        assert_eq!(told(&lake.plan(&RunOptions::default()).await.diagnostics), expected, "{settings}");
        let error = lake.run("silver.t").await.error.unwrap();
        assert_eq!(told(error.diagnostics()), expected, "{settings}");
    }
}

#[tokio::test]
async fn what_would_stop_the_run_is_in_the_plan_at_its_place() {
    let lake = lake("-- @merge_strategy: scd2\n-- @unique_key: id");
    lake.run_rows("silver.t", "(1, 1, 'a')").await;
    let files = lake.data_files();
    let refused = |plan: &WritePlan| {
        let [diagnostic] = plan.diagnostics.as_slice() else { panic!("{:?}", plan.diagnostics) };
        assert!(!plan.is_ok() && plan.files_added.is_none() && plan.rows_written.is_none());
        assert_eq!((plan.files_before, plan.files_pruned, plan.rows_total), (1, 1, Amount::Exact(1)), "the table is left as it is");
        (diagnostic.code, diagnostic.start())
    };
    assert_eq!(refused(&lake.plan(&full_refresh("(1, 1, 'a')")).await), (Code::RefreshLosesData, Some((1, 21))));
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: append_only\n{QUERY}"))]);
    assert_eq!(refused(&lake.plan(&with_rows("(1, 1, 'a')")).await), (Code::StrategyChanged, Some((1, 21))));
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: scd2\n-- @unique_key: v\n{QUERY}"))]);
    assert_eq!(refused(&lake.plan(&with_rows("(1, 1, 'a')")).await), (Code::StrategyChanged, Some((2, 17))));
    let lake = lake.with(&[("silver/t/pipeline.sql", "-- @full_refresh: never\nSELECT 1 AS id")]);
    let never = RunOptions { refresh: Refresh::FullWithLoss, ..RunOptions::default() };
    assert_eq!(refused(&lake.plan(&never).await), (Code::RefreshLosesData, Some((1, 19))));
    let lake = lake.with(&[
        ("silver/t/pipeline.sql", "-- @merge_strategy: scd2\n-- @unique_key: id\nSELECT * FROM {{ ref('bronze.s') }}"),
        ("bronze/s/pipeline.sql", "SELECT 1 AS id"),
    ]);
    assert_eq!(refused(&lake.plan(&RunOptions::default()).await).0, Code::NotBuilt);
    let lake = lake.with(&[("silver/t/pipeline.sql", "-- @merge_strategy: scd2\n-- @unique_key: id\nSELECT * FROM")]);
    assert_eq!(refused(&lake.plan(&RunOptions::default()).await).0, Code::SqlSyntax);
    let lake = lake.with(&[("silver/t/pipeline.py", "# @merge_strategy: append_only\ndef run(): ...")]);
    assert_eq!(refused(&lake.plan(&RunOptions::default()).await).0, Code::UnsupportedPipeline);
    assert_eq!(lake.data_files(), files);
    let missing = plan(&lake.context, &name("silver.missing"), &RunOptions::default()).await.unwrap_err();
    assert_eq!(missing.code(), Code::PipelineNotFound);
}

#[tokio::test]
async fn the_columns_that_change_are_told() {
    let lake =
        Lake::new(&[("silver/t/pipeline.sql", "-- @merge_strategy: append_only\nSELECT 1::int AS id, 'a' AS old, 1.5::real AS price")]);
    lake.planned_run(&RunOptions::default()).await;
    let lake = lake.with(&[(
        "silver/t/pipeline.sql",
        "-- @merge_strategy: append_only\n-- @renamed_from: {new: old}\nSELECT 1::bigint AS id, 'b' AS new, 2.5::real AS price, true AS extra",
    )]);
    let (plan, _) = lake.planned_run(&RunOptions::default()).await;
    let told: Vec<_> = plan.schema_changes.iter().map(|c| (c.kind, c.column.as_str(), c.before.as_deref(), c.after.as_deref())).collect();
    assert_eq!(
        told,
        [
            (SchemaChangeKind::Rename, "new", Some("old"), Some("new")),
            (SchemaChangeKind::Retype, "id", Some("INTEGER"), Some("BIGINT")),
            (SchemaChangeKind::Add, "extra", None, Some("BOOLEAN")),
        ]
    );
    let lake = lake.with(&[("silver/t/pipeline.sql", "SELECT 1::bigint AS id, 'x' AS price")]);
    let (plan, _) = lake.planned_run(&RunOptions::default()).await;
    let told: Vec<_> = plan.schema_changes.iter().map(|c| (c.kind, c.column.as_str())).collect();
    assert_eq!(told, [(SchemaChangeKind::Drop, "new"), (SchemaChangeKind::Drop, "extra"), (SchemaChangeKind::Retype, "price")]);
}

#[tokio::test]
async fn a_pipeline_that_a_build_would_skip_says_so() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", "SELECT 1 AS id")]);
    assert_eq!(lake.plan(&RunOptions::default()).await.fresh, None);
    lake.run("silver.t").await.into_result().unwrap();
    let again = lake.plan(&RunOptions::default()).await;
    assert_eq!(again.fresh.as_deref(), Some("its code and its inputs have not changed since its last run"));
    assert_eq!(again.files_dropped, Amount::Exact(1), "a run that is asked for runs all the same");
    assert_eq!(lake.plan(&full_refresh("")).await.fresh, None);
}

#[tokio::test]
async fn views_and_ephemeral_pipelines_keep_no_file() {
    for kind in ["view", "ephemeral"] {
        let query = format!("-- @materialized: {kind}\nSELECT id FROM {{{{ ref('bronze.s') }}}}");
        let lake = Lake::new(&[
            ("bronze/s/pipeline.sql", SOURCE),
            ("silver/t/pipeline.sql", &query),
            ("silver/t/tests/quality/none.sql", "SELECT * FROM {{ this }} WHERE id < 0"),
        ]);
        lake.run_rows("bronze.s", "(1, 1, 'a')").await;
        let plan = lake.plan(&RunOptions::default()).await;
        assert!(plan.is_ok(), "{:?}", plan.diagnostics);
        assert_eq!((plan.strategy.as_str(), plan.files_added, plan.inputs.len()), (kind, Amount::Exact(0), 1));
        let report = lake.run("silver.t").await.into_result().unwrap();
        assert_eq!(
            (report.files_added, plan.tests.len(), plan.tests[0].name.as_str()),
            (0, report.tests.len(), report.tests[0].name.as_str())
        );
    }
}

#[tokio::test]
async fn a_watermark_that_only_the_rows_tell_is_not_guessed() {
    let config = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: at";
    let query = "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, at, v) {% if watermark_value %} WHERE at > {{ watermark_value }} - 100 {% endif %}";
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{config}\n{query}"))]);
    lake.run_rows("silver.t", "(1, 1, 'a'), (2, 9, 'b')").await;
    // The row that was furthest gives way to an older one, and the file that had it keeps the other.
    let (plan, _) = lake.planned_run(&with_rows("(2, 3, 'B')")).await;
    assert_eq!(plan.watermark.as_deref(), Some("9"));
    let plan = lake.plan(&with_rows("(2, 4, 'B')")).await;
    assert_eq!(plan.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::WatermarkUnknown]);
    assert_eq!((plan.watermark.clone(), plan.rows_written, plan.is_ok()), (None, Amount::Unknown, true));
    let report = run(&lake.context, &name("silver.t"), &with_rows("(2, 4, 'B')")).await.unwrap();
    within(&plan, &report);
}
