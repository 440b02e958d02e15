//! What refuses a run before it reads a row, each found without the others, so that a plan tells all of it at once.

use std::collections::BTreeSet;

use super::planned::{MERGE_STRATEGY, UNIQUE_KEY};
use super::{Asked, Refresh};
use crate::config::{Config, MergeStrategy, Origin, RefreshPolicy};
use crate::error::{Code, Diagnostic, Error, Kind};
use crate::merge::Columns;
use crate::tables::Table;

/// Whether an error is about what the pipeline is or asks for, and not about the lake's state of health.
pub(super) fn is_of_the_pipeline(error: &Error) -> bool {
    matches!(error.kind(), Kind::Invalid | Kind::NotFound | Kind::Rejected | Kind::Denied)
}

/// Whether the rows of a table can go on as this pipeline's: versions by `scd2` alone.
pub(super) fn goes_on(base: &Table, config: &Config) -> bool {
    let scd2 = MergeStrategy::Scd2;
    strategy_of(base).is_none_or(|before| (before == scd2.as_str()) == (*config.merge_strategy == scd2))
}

/// What a run of rat made the table by.
fn strategy_of(base: &Table) -> Option<&str> {
    fact_of(base, MERGE_STRATEGY)
}

fn fact_of<'a>(base: &'a Table, key: &str) -> Option<&'a str> {
    base.properties().get(key).map(String::as_str).filter(|value| !value.is_empty())
}

/// Settings that the stored rows cannot follow, and rebuilding that is not allowed.
pub(super) fn refused_by_settings(asked: &Asked<'_>, base: Option<&Table>) -> Vec<Error> {
    let (name, refresh, config) = (asked.pipeline.name.short(), asked.options.refresh, asked.config.as_ref());
    let Some(base) = base else { return Vec::new() };
    let (before, now) = (strategy_of(base), *config.merge_strategy);
    let was_scd2 = before == Some(MergeStrategy::Scd2.as_str());
    let strategy = &config.merge_strategy.origin;
    let mut refused = Vec::new();
    if refresh.is_full() {
        if *config.full_refresh == RefreshPolicy::Never {
            let never = Diagnostic::error(Code::RefreshLosesData, format!("`{name}` says `full_refresh: never`"));
            refused.push(at(never.help("run it without full_refresh, or change the setting"), &config.full_refresh.origin));
        }
        if was_scd2 && refresh == Refresh::Full && base.row_count() != Some(0) {
            let message = format!("`{name}` holds history, and a rebuild would begin it anew with what the query gives now");
            refused.push(at(Diagnostic::error(Code::RefreshLosesData, message), strategy));
        }
        return refused;
    }
    let mut changed =
        |message: String, help: &str, origin| refused.push(at(Diagnostic::error(Code::StrategyChanged, message).help(help), origin));
    if was_scd2 && now != MergeStrategy::Scd2 {
        let message = format!("`{name}` holds history, which `{now}` would not keep");
        changed(message, "give the pipeline another name, or run once with full_refresh and `allow_data_loss`", strategy);
    }
    if let Some(before) = before.filter(|_| !was_scd2 && now == MergeStrategy::Scd2) {
        let message = format!("`{name}` was made by `{before}` and has no history for `scd2` to go on from");
        let help = "run once with full_refresh: its rows become the first versions; or give the pipeline another name";
        changed(message, help, strategy);
    }
    let had_key = before.and_then(MergeStrategy::from_text).is_some_and(MergeStrategy::has_key);
    if let Some(before) = fact_of(base, UNIQUE_KEY).filter(|key| had_key && now.has_key() && !is_key(key, config)) {
        let message = format!("the key of `{name}` was `{before}` and is `{}` now", config.unique_key.join(", "));
        changed(message, "run once with full_refresh, or set the key back", &config.unique_key.origin);
    }
    refused
}

/// The error of a diagnostic, at the place where a setting was written.
fn at(mut diagnostic: Diagnostic, origin: &Origin) -> Error {
    diagnostic.labels.extend(origin.label().cloned());
    let plain = Error::new(diagnostic.code, diagnostic.message.clone());
    Error::from_diagnostics(vec![diagnostic]).unwrap_or(plain)
}

/// A table of versions knows their validity by the columns that it has: in another one all of them would be open again.
pub(super) fn refused_validity(base: &Table, config: &Config, columns: &Columns) -> Vec<Error> {
    let was_scd2 = strategy_of(base) == Some(MergeStrategy::Scd2.as_str());
    let named = [("scd_valid_from", &config.scd_valid_from), ("scd_valid_to", &config.scd_valid_to)];
    let missing = named.into_iter().filter(|(_, name)| was_scd2 && !columns.is_stored(name));
    let refused = missing.map(|(key, name)| {
        let message = format!("`{}` holds history, and no column `{}`, which `{key}` names", base.name().short(), name.value);
        let refused = Diagnostic::error(Code::StrategyChanged, message).help("set the name back, or rename the column with `renamed_from`");
        at(refused, &name.origin)
    });
    refused.collect()
}

/// Whether the key so far is the one of now, by its columns' names of now or of before they were renamed.
fn is_key(before: &str, config: &Config) -> bool {
    let now: BTreeSet<String> = config.unique_key.iter().map(|column| column.to_lowercase()).collect();
    let renamed = |column: String| match config.renamed_from.iter().find(|(_, old)| old.to_lowercase() == column) {
        Some((new, _)) => new.to_lowercase(),
        None => column,
    };
    columns_of(before) == now || columns_of(before).into_iter().map(renamed).collect::<BTreeSet<_>>() == now
}

/// The columns of a key; their order and case say nothing.
fn columns_of(key: &str) -> BTreeSet<String> {
    key.split(", ").map(str::to_lowercase).collect()
}

/// The refusal of a rebuild that would lose the rows of landing files that are gone.
pub(super) fn lost_with(asked: &Asked<'_>, gone: u64) -> Option<Error> {
    let files = if gone == 1 { "1 consumed landing file is".to_owned() } else { format!("{gone} consumed landing files are") };
    let lost = Error::new(Code::RefreshLosesData, format!("{files} not there any more, and a rebuild would lose the rows"));
    Some(lost).filter(|_| asked.options.refresh == Refresh::Full && gone > 0)
}
