//! The page of the documentation that lists what a query can call.

use std::collections::BTreeSet;

use super::{functions, kept};
use crate::dialect::rewrite;

/// What rewriting and the engine call by names that DuckDB does not have.
const INNER: &[&str] =
    &["approx_distinct", "at_utc", "covar", "percentile_cont", "text_slice", "var", "var_population", "var_sample", "written_cast"];

/// What rewriting makes another expression of.
const REWRITTEN_SCALAR: &[&str] = &["mod", "struct_pack"];
const REWRITTEN_AGGREGATE: &[&str] = &["any_value", "arg_max", "arg_min", "argmax", "argmin", "count_if", "countif", "max_by", "min_by"];

/// `docs/reference/functions.md`.
pub fn functions_page() -> String {
    let all = functions();
    let engine: BTreeSet<&str> = kept::engine_names().collect();
    let own = all.scalar.iter().filter(|function| !engine.contains(function.name()));
    let mut scalar = names(own.map(|function| (function.name(), function.aliases())));
    scalar.extend(kept::duckdb_names().chain(REWRITTEN_SCALAR.iter().copied()).map(str::to_owned));
    let mut lambda = names(all.higher_order.iter().map(|function| (function.name(), function.aliases())));
    let mut aggregate = names(all.aggregate.iter().map(|function| (function.name(), function.aliases())));
    aggregate.extend(REWRITTEN_AGGREGATE.iter().map(|&name| name.to_owned()));
    for (duckdb, of) in rewrite::renamed() {
        let section = if lambda.contains(of) { &mut lambda } else { &mut aggregate };
        section.insert(duckdb.to_owned());
    }
    let window = names(all.window.iter().map(|function| (function.name(), function.aliases())));
    let table: BTreeSet<String> = all.table.iter().map(|function| function.name().to_owned()).chain(["unnest".to_owned()]).collect();
    let missing: BTreeSet<String> = rewrite::missing().map(str::to_owned).collect();

    let mut page = String::from(
        "# Functions\n\nWhat a query can call, by DuckDB's names; each answers as DuckDB's of that name does, but where [SQL](dialect.md) says \
         otherwise.\nThe [types](types.md) of casts have a page of their own. Another name is `UNKNOWN_FUNCTION`, with the nearest that is there.\n",
    );
    for (title, names) in [
        ("Of a row", &scalar),
        ("Of a list and a lambda", &lambda),
        ("Of a group of rows, or of a window", &aggregate),
        ("Of a window", &window),
        ("Of rows, in `FROM`", &table),
        ("DuckDB's that are not there: `UNSUPPORTED_SQL`", &missing),
    ] {
        let names: Vec<String> = names.iter().filter(|name| !INNER.contains(&name.as_str())).map(|name| format!("`{name}`")).collect();
        page.push_str(&format!("\n## {title}\n\n{}\n", names.join(" ")));
    }
    page
}

fn names<'a>(functions: impl Iterator<Item = (&'a str, &'a [String])>) -> BTreeSet<String> {
    functions.flat_map(|(name, aliases)| [name.to_owned()].into_iter().chain(aliases.iter().cloned())).collect()
}
