//! `DESCRIBE` and `SUMMARIZE`: a line for each column of a query.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::Column;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::functions_aggregate::expr_fn::{approx_distinct, avg, count, max, min, stddev};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use futures::TryStreamExt;

use crate::dialect;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::plan::Planned;
use crate::session::Session;
use crate::types::sql_type;

/// The query inside `SUMMARIZE …`, at the same bytes; `None` for every other text. The parser does not know the word.
pub(super) fn summarized(sql: &str) -> Option<String> {
    let tokens = Tokenizer::new(&DuckDbDialect {}, sql).tokenize_with_location().ok()?;
    let mut words = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let is = |token: &Token, words: &[&str]| matches!(token, Token::Word(word) if words.iter().any(|w| word.value.eq_ignore_ascii_case(w)));
    let first = words.next().filter(|token| is(&token.token, &["SUMMARIZE"]))?;
    let start = crate::dialect::byte_range(sql, first.span).start;
    let second = &words.next()?.token;
    let is_query = is(second, &["SELECT", "WITH", "FROM", "VALUES"]) || matches!(second, Token::LParen);
    let instead = if is_query { "         " } else { "FROM     " };
    Some(format!("{}{instead}{}", &sql[..start], &sql[start + instead.len()..]))
}

/// `column_name`, `column_type`, `null` of each column.
pub(super) fn columns(planned: &Planned) -> Result<LogicalPlan> {
    let fields = planned.schema.fields();
    table(vec![
        ("column_name", Arc::new(fields.iter().map(|f| Some(f.name().as_str())).collect::<StringArray>())),
        ("column_type", Arc::new(fields.iter().map(|f| Some(sql_type(f.data_type()))).collect::<StringArray>())),
        ("null", Arc::new(fields.iter().map(|f| Some(if f.is_nullable() { "YES" } else { "NO" })).collect::<StringArray>())),
    ])
}

/// Statistics of each column, from one pass over the rows.
pub(super) async fn summary(session: &Session, planned: Planned) -> Result<LogicalPlan> {
    let schema = planned.schema;
    let lines = LogicalPlanBuilder::from(planned.plan).aggregate(Vec::<Expr>::new(), measures(&schema)).and_then(LogicalPlanBuilder::build);
    let stream = execute::stream(session, lines.map_err(execute::error)?).await?;
    let found = stream.schema();
    let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(execute::error)?;
    let row = concat_batches(&found, &batches).map_err(|cause| execute::error(cause.into()))?;

    let number = |name: String| -> Option<f64> {
        let column = cast(row.column_by_name(&name)?, &DataType::Float64).ok()?;
        let column = column.as_any().downcast_ref::<Float64Array>()?.clone();
        (!datafusion::arrow::array::Array::is_null(&column, 0)).then(|| column.value(0))
    };
    let text = |name: String| -> Option<String> {
        let column = row.column_by_name(&name)?;
        (!column.is_null(0)).then(|| array_value_to_string(column, 0).ok()).flatten()
    };
    let columns = 0..schema.fields().len();
    let total = number("rows".to_owned()).unwrap_or_default();
    let texts = |kind: &str| -> ArrayRef { Arc::new(columns.clone().map(|i| text(format!("{kind}{i}"))).collect::<StringArray>()) };
    let numbers = |kind: &str| -> ArrayRef { Arc::new(columns.clone().map(|i| number(format!("{kind}{i}"))).collect::<Float64Array>()) };
    #[expect(clippy::cast_possible_truncation, reason = "counts of rows are whole numbers, and lie far below 2^53")]
    let whole = |value: f64| value as i64;
    table(vec![
        ("column_name", Arc::new(schema.fields().iter().map(|f| Some(f.name().as_str())).collect::<StringArray>())),
        ("column_type", Arc::new(schema.fields().iter().map(|f| Some(sql_type(f.data_type()))).collect::<StringArray>())),
        ("min", texts("min")),
        ("max", texts("max")),
        ("approx_unique", Arc::new(columns.clone().map(|i| number(format!("unique{i}")).map(whole)).collect::<Int64Array>())),
        ("avg", numbers("avg")),
        ("std", numbers("std")),
        ("count", Arc::new(columns.clone().map(|_| Some(whole(total))).collect::<Int64Array>())),
        (
            "null_percentage",
            Arc::new(
                columns
                    .clone()
                    .map(|i| number(format!("count{i}")).filter(|_| total > 0.0).map(|n| 100.0 * (total - n) / total))
                    .collect::<Float64Array>(),
            ),
        ),
    ])
}

fn measures(schema: &SchemaRef) -> Vec<Expr> {
    let mut measures = vec![count(lit(1_i64)).alias("rows")];
    for (i, field) in schema.fields().iter().enumerate() {
        let column = || Expr::Column(Column::from_name(field.name()));
        measures.push(count(column()).alias(format!("count{i}")));
        if field.data_type().is_nested() {
            continue;
        }
        measures.push(min(column()).alias(format!("min{i}")));
        measures.push(max(column()).alias(format!("max{i}")));
        let counted = datafusion::logical_expr::cast(column(), dialect::countable(field.data_type()));
        measures.push(approx_distinct(counted).alias(format!("unique{i}")));
        if field.data_type().is_numeric() {
            let value = || datafusion::logical_expr::cast(column(), DataType::Float64);
            measures.push(avg(value()).alias(format!("avg{i}")));
            measures.push(stddev(value()).alias(format!("std{i}")));
        }
    }
    measures
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<LogicalPlan> {
    let internal =
        |cause: datafusion::common::DataFusionError| Error::new(Code::Internal, "the columns cannot be listed").with_source(cause);
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .map_err(|cause| internal(cause.into()))?;
    let source = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(internal)?;
    LogicalPlanBuilder::scan("columns", provider_as_source(Arc::new(source)), None).and_then(LogicalPlanBuilder::build).map_err(internal)
}
