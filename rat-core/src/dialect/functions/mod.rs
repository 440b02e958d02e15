//! Everything a query can call: the engine's functions that answer as DuckDB does, and ours in the place of the rest.

pub(super) mod arithmetic;
pub(super) mod cast;
pub(super) mod dates;
mod format;
pub(super) mod intervals;
pub(super) mod json;
mod kept;
mod letters;
pub(super) mod maps;
mod mended;
mod mode;
mod moments;
mod only;
mod page;
pub(super) mod regexp;
pub(super) mod scalar;
pub(super) mod strings;
mod sum;
mod text;

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::catalog::TableFunction;
use datafusion::common::config::ConfigOptions;
use datafusion::execution::SessionStateDefaults;
use datafusion::functions_nested::array_filter::array_filter_higher_order_function;
use datafusion::functions_nested::array_transform::array_transform_higher_order_function;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use datafusion::optimizer::AnalyzerRule;

pub use mended::countable;
pub(super) use only::only;
pub use page::functions_page;

use super::typed;
use crate::error::{self, Code, Error};
use crate::types::sql_type;

/// What a session registers so that its SQL means what DuckDB's does.
#[derive(Debug)]
pub struct Functions {
    /// Functions of one row.
    pub scalar: Vec<Arc<ScalarUDF>>,
    /// Functions that take a lambda.
    pub higher_order: Vec<Arc<HigherOrderUDF>>,
    /// Functions of a group.
    pub aggregate: Vec<Arc<AggregateUDF>>,
    /// Functions of a window.
    pub window: Vec<Arc<WindowUDF>>,
    /// Functions that make rows; none reads a file.
    pub table: Vec<Arc<TableFunction>>,
    /// What plans operators and literals, in the order they are asked.
    pub expr_planners: Vec<Arc<dyn ExprPlanner>>,
    /// Every rule of the analyzer, in order: the engine's own are among them.
    pub analyzer_rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>>,
}

/// Makes the registry: some hundred functions, so make it once.
pub fn functions() -> Functions {
    let mut expr_planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(typed::Operators)];
    expr_planners.extend(SessionStateDefaults::default_expr_planners());
    let mut scalar = kept::scalar();
    scalar.extend(arithmetic::all());
    scalar.extend(dates::all());
    scalar.extend(format::all());
    scalar.extend(intervals::all());
    scalar.extend([json::extract(), json::extract_string()]);
    scalar.extend(letters::all());
    scalar.push(maps::map());
    scalar.extend(moments::all());
    scalar.extend(regexp::all());
    scalar.extend(strings::all());
    scalar.push(typed::written_cast());
    Functions {
        scalar,
        higher_order: vec![array_filter_higher_order_function(), array_transform_higher_order_function()],
        aggregate: kept::aggregate(),
        window: SessionStateDefaults::default_window_functions(),
        table: SessionStateDefaults::default_table_functions(),
        expr_planners,
        analyzer_rules: typed::rules(),
    }
}

/// Values as SQL writes them: what a cast to VARCHAR gives, `1 month 2 days 00:00:03`, whatever their type. NULL stays NULL.
///
/// # Errors
/// `EXECUTION_FAILED` for a type that SQL has no text for; no table and no query has one.
pub fn texts(values: &ArrayRef) -> error::Result<StringArray> {
    let texts = text::write(values).map(|texts| texts.as_string::<i32>().clone());
    texts.map_err(|e| Error::new(Code::ExecutionFailed, format!("a {} has no text", sql_type(values.data_type()))).with_source(e))
}

/// Sets the engine's options that change what SQL means.
pub fn configure(options: &mut ConfigOptions) {
    // A number with a point is a DECIMAL: `0.1 + 0.2 = 0.3`.
    options.sql_parser.parse_float_as_decimal = true;
    // NULL comes last, ascending and descending.
    options.sql_parser.default_null_ordering = "nulls_last".to_owned();
}
