//! The two columns that say when a version is valid, which the query may leave to the strategy.

use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};

use super::super::columns::{Columns, position};
use crate::config::{Config, HardDeletes};
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::types::sql_type;

/// How versions of a key follow each other.
#[derive(Debug, Clone)]
pub struct Validity {
    /// The column where a version begins, as the table spells it.
    pub from: String,
    /// The column where a version ends, as the table spells it.
    pub to: String,
    /// Whether the query says when its versions begin. Else they begin now.
    pub own: bool,
    /// When the run began, in microseconds of 1970, UTC.
    pub now: i64,
    /// The columns whose change makes a new version, as the table spells them.
    pub compare: Vec<String>,
    /// What becomes of keys that are absent.
    pub hard_deletes: HardDeletes,
}

/// What both columns are: `timestamptz`.
fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))
}

/// Whether a column of the query is a moment, or a time or day that is one in UTC.
fn is_moment(data_type: &DataType) -> bool {
    use TimeUnit::{Microsecond, Millisecond, Second};
    matches!(data_type, DataType::Null | DataType::Date32 | DataType::Timestamp(Second | Millisecond | Microsecond, _))
}

impl Validity {
    /// What a pipeline's config says, of a table with these columns; `query` are the query's own.
    ///
    /// # Errors
    /// `UNKNOWN_COLUMN`.
    pub fn resolve(config: &Config, query: &Schema, columns: &Columns, now: i64) -> Result<Self> {
        let (from, to) = (columns.spelled(&config.scd_valid_from)?, columns.spelled(&config.scd_valid_to)?);
        let of_all = || {
            let left_out = |name: &str| {
                let key = config.unique_key.iter().chain(config.watermark_column.iter());
                name == from || name == to || key.into_iter().any(|column| column.to_lowercase() == name.to_lowercase())
            };
            columns.target().fields().iter().map(|field| field.name().clone()).filter(|name| !left_out(name)).collect()
        };
        let compare = match config.scd_compare.is_empty() {
            true => of_all(),
            false => config.scd_compare.iter().map(|name| columns.spelled(name)).collect::<Result<_>>()?,
        };
        let own = position(query, &config.scd_valid_from).is_some();
        Ok(Self { from, to, own, now, compare, hard_deletes: *config.scd_hard_deletes })
    }

    /// The columns that a query's rows have once they are versions.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE` when the query has a column of one of these names that is no moment, with the column in its context.
    pub fn columns(query: &Schema, config: &Config) -> Result<Schema> {
        let names = [config.scd_valid_from.as_str(), config.scd_valid_to.as_str()];
        let places = names.map(|name| position(query, name));
        let mut fields: Vec<FieldRef> = query.fields().iter().cloned().collect();
        for (name, place) in names.into_iter().zip(places) {
            let Some(place) = place else {
                fields.push(Field::new(name, moment(), true).into());
                continue;
            };
            let field = &mut fields[place];
            if !is_moment(field.data_type()) {
                let message = format!("column `{name}` is {}, and says when a version is valid", sql_type(field.data_type()));
                let help = format!("cast it: `CAST({name} AS TIMESTAMPTZ)`");
                return Err(Error::new(Code::UnsupportedType, message).with_help(help).with_context("column", field.name()));
            }
            *field = field.as_ref().clone().with_data_type(moment()).into();
        }
        Ok(Schema::new(fields))
    }

    /// The query with those columns; `width` of its columns are its own, and what is behind them stays behind.
    pub(super) fn added_to(&self, plan: LogicalPlan, width: usize) -> Result<LogicalPlan> {
        let all = plan.schema().columns();
        let moments = [&self.from, &self.to];
        let is = |name: &str, moment: &String| name.to_lowercase() == moment.to_lowercase();
        let own = all[..width].iter().map(|column| match moments.iter().any(|moment| is(&column.name, moment)) {
            true => cast(Expr::Column(column.clone()), moment()).alias(&column.name),
            false => Expr::Column(column.clone()),
        });
        let missing = |moment: &&String| !all[..width].iter().any(|column| is(&column.name, moment));
        let now = ScalarValue::TimestampMicrosecond(Some(self.now), Some("+00:00".into()));
        let values = [now, ScalarValue::TimestampMicrosecond(None, Some("+00:00".into()))];
        let added = moments.into_iter().zip(values).filter(|(moment, _)| missing(moment)).map(|(moment, value)| lit(value).alias(moment));
        let behind = all[width..].iter().cloned().map(Expr::Column);
        let columns: Vec<Expr> = own.chain(added).chain(behind).collect();
        LogicalPlanBuilder::from(plan).project(columns).and_then(LogicalPlanBuilder::build).map_err(execute::error)
    }
}
