//! The one table of keys of a pipeline's config: name, type, default, meaning, reader. [`Config`], what one place says of it
//! ([`Partial`]), the reading of a key and the reference page all come from it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::read::{self, Reader};
use super::{
    BuiltinTest, ColumnContract, HardDeletes, Lookback, Materialized, MergeStrategy, NullKeys, OnActive, OnSchemaChange, Origin,
    PartitionField, RefreshPolicy, Setting, WriteMode, node::Node,
};
use crate::settings::format_duration;

/// A key of a pipeline's config, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds when nobody says anything.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// A value as data. Serde would write a duration as seconds and nanoseconds.
trait Shown {
    fn shown(&self) -> serde_json::Value;
}

impl Shown for Option<Duration> {
    fn shown(&self) -> serde_json::Value {
        self.map(format_duration).into()
    }
}

macro_rules! shown {
    ($($type:ty)+) => { $(impl Shown for $type {
        fn shown(&self) -> serde_json::Value {
            serde_json::to_value(self).expect("config values are text, numbers, lists and maps with text keys")
        }
    })+ };
}

shown!(bool u32 String Option<String> Option<Lookback> Vec<String> Vec<PartitionField> Vec<Setting<ColumnContract>> Vec<Setting<BuiltinTest>>);
shown!(BTreeMap<String, String> MergeStrategy Materialized NullKeys WriteMode OnSchemaChange RefreshPolicy HardDeletes OnActive);

macro_rules! keys {
    ($($(#[doc = $meaning:literal])+ $field:ident: $type:ty = $default:expr, $read:expr, $takes:literal, $shown:literal;)+) => {
        /// A pipeline's settings, resolved: every key has a value and an origin.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $($(#[doc = $meaning])+ pub $field: Setting<$type>,)+
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($field: Setting::default_value($default),)+ }
            }
        }

        impl Config {
            /// Takes over what `partial` says, field by field.
            pub fn overlay(&mut self, partial: &Partial) {
                $(if let Some(setting) = &partial.$field { self.$field = setting.clone(); })+
            }

            /// Key, value and origin of every setting, in the order of the reference page.
            pub fn entries(&self) -> Vec<(&'static str, serde_json::Value, &Origin)> {
                vec![$((
                    stringify!($field),
                    self.$field.value.shown(),
                    &self.$field.origin,
                ),)+]
            }
        }

        /// What one place says: `[defaults]`, a `config.yaml`, the annotations, or a call.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Partial {
            $($(#[doc = $meaning])+ pub $field: Option<Setting<$type>>,)+
        }

        impl Partial {
            /// Reads one key; whether there is such a key.
            pub(super) fn read(&mut self, key: &str, node: &Node, reader: &mut Reader<'_>) -> bool {
                match key {
                    $(stringify!($field) => {
                        let read: fn(&mut Reader<'_>, &str, &Node) -> Option<$type> = $read;
                        if let Some(value) = read(reader, key, node) {
                            self.$field = Some(Setting { value, origin: reader.origin(node) });
                        }
                    })+
                    _ => return false,
                }
                true
            }
        }

        /// Every key, in the order of the reference page.
        pub const KEYS: &[Key] = &[
            $(Key { name: stringify!($field), takes: $takes, default: $shown, meaning: concat!($($meaning),+) },)+
        ];
    };
}

keys! {
    /// What the pipeline makes, in a sentence.
    description: Option<String> = None, |r, k, n| read::text(r, k, n).map(Some), "text", "none";
    /// Who answers for it.
    owner: Option<String> = None, |r, k, n| read::text(r, k, n).map(Some), "text", "none";
    /// Words to select pipelines by: `tag:finance`.
    tags: Vec<String> = Vec::new(), read::names, "list, or comma text", "none";
    /// A contract: checked at compile time, enforced when written; types a landing file too. Each item has `name`, and may have `type`,
    /// `description` and `not_null`.
    columns: Vec<Setting<ColumnContract>> = Vec::new(), read::contract, "list of columns", "none";
    /// Built-in quality tests: `not_null: [a]`, `unique: [a, b]`, `accepted_values: {column, values}`, `relationships: {column, to, field}`,
    /// `range: {column, min, max}`, `row_count: {min, max}`, `freshness: {column, max_age}`.
    tests: Vec<Setting<BuiltinTest>> = Vec::new(), read::tests, "list of tests", "none";
    /// What a run does with the rows that are there and the rows that are new: `full_refresh`, `append_only`, `incremental`, `delete_insert`,
    /// `scd2`, `snapshot`.
    merge_strategy: MergeStrategy = MergeStrategy::FullRefresh, read::word, "word", "full_refresh";
    /// `table`; `view` is stored as SQL and expanded where it is ref()'d; `ephemeral` is only expanded.
    materialized: Materialized = Materialized::Table, read::word, "word", "table";
    /// The key of `incremental`, `delete_insert` and `scd2`, which need it.
    unique_key: Vec<String> = Vec::new(), read::names, "list, or comma text", "none";
    /// A row whose whole key is NULL: `fail` refuses the run, `match` lets NULL equal NULL.
    null_keys: NullKeys = NullKeys::Fail, read::word, "word", "fail";
    /// The column that says how far the table is; `watermark_value` is its greatest value.
    watermark_column: Option<String> = None, |r, k, n| read::name(r, k, n).map(Some), "column", "none";
    /// `watermark_value` is that much earlier, so late rows are seen again: `"3d"` for times, a number for numbers.
    watermark_lookback: Option<Lookback> = None, |r, k, n| read::lookback(r, k, n).map(Some), "duration, or number", "none";
    /// `incremental`: an incoming row older, by watermark, than the stored one does not replace it. Needs `watermark_column`.
    keep_newer: bool = false, read::boolean, "boolean", "false";
    /// `snapshot` replaces whole values of this column, and needs it.
    partition_column: Option<String> = None, |r, k, n| read::name(r, k, n).map(Some), "column", "none";
    /// How the table is partitioned: `day(ts), bucket(16, id)`, or items with `column` and `transform`. Transforms are `identity`, `year`,
    /// `month`, `day`, `hour`, `bucket(n)`, `truncate(n)`.
    partition_by: Vec<PartitionField> = Vec::new(), read::partition_by, "list, or comma text", "none";
    /// The table's sort order; rows are written in it.
    sort_by: Vec<String> = Vec::new(), read::names, "list, or comma text", "none";
    /// How changed rows leave their files: `auto`, `copy_on_write`, `merge_on_read`.
    write_mode: WriteMode = WriteMode::Auto, read::word, "word", "auto";
    /// What happens when the query's columns are not the table's: `append` adds and widens, `fail` refuses, `sync` also drops, `ignore`
    /// writes the common columns.
    on_schema_change: OnSchemaChange = OnSchemaChange::Append, read::word, "word", "append";
    /// Columns that had another name, `new: old`; a rename without a rewrite.
    renamed_from: BTreeMap<String, String> = BTreeMap::new(), read::renames, "mapping", "none";
    /// Whether the table may be rebuilt from nothing: `allow`, `never`.
    full_refresh: RefreshPolicy = RefreshPolicy::Allow, read::word, "word", "allow";
    /// `scd2`: the column where a version begins.
    scd_valid_from: String = "valid_from".to_owned(), read::name, "column", "valid_from";
    /// `scd2`: the column where a version ends, NULL for the open one.
    scd_valid_to: String = "valid_to".to_owned(), read::name, "column", "valid_to";
    /// `scd2`: the columns whose change makes a new version. Without it, all but key, validity and watermark.
    scd_compare: Vec<String> = Vec::new(), read::names, "list, or comma text", "all others";
    /// `scd2`: a key that is absent from the new rows keeps its open row (`ignore`), or has it ended (`close`).
    scd_hard_deletes: HardDeletes = HardDeletes::Ignore, read::word, "word", "ignore";
    /// Consume only new files of landing zones, and move them to `_processed/` after they are published.
    archive_landing_zones: bool = false, read::boolean, "boolean", "false";
    /// What a run does when another run of this table is active in this process: `queue`, `skip`, `fail`.
    on_active: OnActive = OnActive::Queue, read::word, "word", "queue";
    /// How often a run is tried again after a transient error.
    max_retries: u32 = 0, read::count, "whole number", "0";
    /// How long to wait before the first retry; it doubles each time, with jitter.
    retry_delay_seconds: u32 = 30, read::count, "whole number", "30";
    /// How long a run may take, such as `"10m"`.
    timeout: Option<Duration> = None, |r, k, n| read::duration(r, k, n).map(Some), "duration", "none";
}
