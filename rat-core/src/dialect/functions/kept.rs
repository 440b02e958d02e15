//! The engine's functions that are kept, under DuckDB's names; what is not listed is not there. Each was compared with DuckDB's answers.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use super::mended::mended;
use super::mode::mode;
use super::sum::sum;

/// DuckDB's names for each of the engine's.
const SCALAR: &[(&str, &[&str])] = &[
    ("abs", &["abs"]),
    ("acos", &["acos"]),
    ("asin", &["asin"]),
    ("atan", &["atan"]),
    ("array_append", &["array_append", "list_append"]),
    ("array_concat", &["array_concat", "array_cat", "list_concat", "list_cat"]),
    ("array_element", &["array_extract", "list_extract", "list_element"]),
    ("array_has", &["array_contains", "array_has", "list_contains", "list_has"]),
    ("array_has_all", &["array_has_all", "list_has_all"]),
    ("array_has_any", &["array_has_any", "list_has_any"]),
    ("array_length", &["array_length"]),
    ("array_position", &["array_position", "array_indexof", "list_position", "list_indexof"]),
    ("array_prepend", &["array_prepend", "list_prepend"]),
    ("array_reverse", &["array_reverse", "list_reverse"]),
    ("array_slice", &["array_slice", "list_slice"]),
    ("array_sort", &["array_sort", "list_sort"]),
    ("array_to_string", &["array_to_string"]),
    ("ascii", &["ascii"]),
    ("bit_length", &["bit_length"]),
    ("btrim", &["trim", "btrim"]),
    ("cbrt", &["cbrt"]),
    ("ceil", &["ceil", "ceiling"]),
    ("chr", &["chr"]),
    ("coalesce", &["coalesce"]),
    ("concat", &["concat"]),
    ("concat_ws", &["concat_ws"]),
    ("contains", &["contains"]),
    ("cos", &["cos"]),
    ("cot", &["cot"]),
    ("current_date", &["current_date", "today"]),
    ("degrees", &["degrees"]),
    ("exp", &["exp"]),
    ("factorial", &["factorial"]),
    ("flatten", &["flatten"]),
    ("floor", &["floor"]),
    ("gcd", &["gcd", "greatest_common_divisor"]),
    ("get_field", &["struct_extract"]),
    ("greatest", &["greatest"]),
    ("lcm", &["lcm", "least_common_multiple"]),
    ("least", &["least"]),
    ("ln", &["ln"]),
    ("log10", &["log10"]),
    ("log2", &["log2"]),
    ("ltrim", &["ltrim"]),
    ("make_array", &["list_value", "list_pack"]),
    ("map_keys", &["map_keys"]),
    ("map_values", &["map_values"]),
    ("md5", &["md5"]),
    ("nullif", &["nullif"]),
    ("nvl", &["ifnull"]),
    ("pi", &["pi"]),
    ("radians", &["radians"]),
    ("range", &["range"]),
    ("generate_series", &["generate_series"]),
    ("repeat", &["repeat"]),
    ("reverse", &["reverse"]),
    ("round", &["round"]),
    ("rtrim", &["rtrim"]),
    ("sin", &["sin"]),
    ("split_part", &["split_part"]),
    ("sqrt", &["sqrt"]),
    ("strpos", &["strpos", "instr", "position"]),
    ("tan", &["tan"]),
    ("translate", &["translate"]),
];

/// Kept as they are: a function under another name loses its fast paths, so DuckDB's other names are rewritten to these.
const AGGREGATE: &[&str] = &[
    "approx_distinct",
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "covar_pop",
    "covar_samp",
    "first_value",
    "grouping",
    "last_value",
    "max",
    "median",
    "min",
    "percentile_cont",
    "stddev",
    "stddev_pop",
    "string_agg",
    "sum",
    "var",
    "var_pop",
];

/// DuckDB's names of the kept functions of one row.
pub(super) fn duckdb_names() -> impl Iterator<Item = &'static str> {
    SCALAR.iter().flat_map(|(_, names)| names.iter().copied())
}

pub(super) fn engine_names() -> impl Iterator<Item = &'static str> {
    SCALAR.iter().map(|(name, _)| *name)
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let all: HashMap<String, Arc<ScalarUDF>> =
        SessionStateDefaults::default_scalar_functions().into_iter().map(|function| (function.name().to_owned(), function)).collect();
    SCALAR
        .iter()
        .filter_map(|(name, aliases)| Some(Arc::new(all.get(*name)?.as_ref().clone().with_aliases(aliases.iter().copied()))))
        .collect()
}

pub(super) fn aggregate() -> Vec<Arc<AggregateUDF>> {
    let mut all = SessionStateDefaults::default_aggregate_functions();
    all.retain(|function| AGGREGATE.contains(&function.name()));
    all.into_iter().map(|function| if function.name() == "sum" { sum() } else { mended(function) }).chain([mode()]).collect()
}
