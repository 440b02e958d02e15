//! What a query may read: the caller's answer to every name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::{LogicalPlan, TableSource, TableType};

use crate::dialect::{Problem, ReadCall};
use crate::error::Code;
use crate::name::Name;

/// The tables, views and landed files a query may read.
pub trait Relations: Sync {
    /// The relation of a full name; `None` when there is none. Names arrive in lower case.
    fn relation(&self, name: &Name) -> Option<Relation>;

    /// The relation of a name that is not a table of the lake, in lower case with dots: `new_rows`, `information_schema.tables`.
    fn special(&self, _name: &str) -> Option<Relation> {
        None
    }

    /// Why there is no relation of a name that is none the less known; `None` for a name that means nothing.
    fn absent(&self, _name: &Name) -> Option<Absent> {
        None
    }

    /// The relation a read function stands for.
    ///
    /// # Errors
    /// What is wrong with the call or its files, at ranges of the SQL.
    fn read(&self, call: &ReadCall) -> Result<Relation, Vec<Problem>>;

    /// Every name that may be read, for near misses.
    fn names(&self) -> Vec<Name>;

    /// The current namespace: the one `layer.name` is in.
    fn namespace(&self) -> &str;
}

/// What is known of a relation.
#[derive(Clone)]
pub enum Relation {
    /// Its columns are known.
    Known(Arc<dyn TableSource>),
    /// It is there, and its columns cannot be told because of an error reported elsewhere: a query over it is not planned, silently.
    Unknown,
}

/// Why a name that means something stands for no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Its pipeline has made nothing yet.
    NotBuilt,
    /// Its pipeline is ephemeral: there is nothing to read but where another pipeline reads it.
    Ephemeral,
}

impl Absent {
    /// What to say of it where `namespace` is the current one: a code, a message and the way out.
    pub fn told(self, name: &Name, namespace: &str) -> (Code, String, String) {
        let name = name.within(namespace);
        match self {
            Absent::NotBuilt => {
                (Code::NotBuilt, format!("`{name}` has not been built yet"), format!("build it with what it reads: `rat build +{name}`"))
            }
            Absent::Ephemeral => (
                Code::UnknownTable,
                format!("`{name}` is ephemeral: it has no table, and is expanded where a pipeline reads it"),
                format!("make `{name}` a view: `materialized: view`"),
            ),
        }
    }
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Relation::Known(source) => write!(f, "Known({:?})", source.schema()),
            Relation::Unknown => f.write_str("Unknown"),
        }
    }
}

/// A table with columns and no rows behind them: enough to plan against, not to execute.
pub fn empty_table(schema: SchemaRef) -> Relation {
    Relation::Known(Arc::new(Columns(schema)))
}

/// A relation that is another query, as a view or an ephemeral pipeline is: its plan stands in for its name.
pub fn expanded(plan: LogicalPlan) -> Relation {
    Relation::Known(Arc::new(Expanded::new(plan)))
}

struct Columns(SchemaRef);

impl TableSource for Columns {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }
}

pub(super) struct Expanded {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl Expanded {
    pub(super) fn new(plan: LogicalPlan) -> Self {
        let schema = Arc::clone(plan.schema().inner());
        Self { plan, schema }
    }
}

impl TableSource for Expanded {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }
}
