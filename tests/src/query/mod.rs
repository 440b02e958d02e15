//! Queries: what may run, within which limits, over which names.

mod attacks;
mod busy;
mod forms;
mod joins;
mod laterals;
mod limits;
mod names;
mod ordered;
mod subqueries;

use std::collections::BTreeMap;
use std::sync::Arc;

use rat_core::clock::{Clock, ManualClock};
use rat_core::error::{Code, Error};
use rat_core::ids::SequentialIds;
use rat_core::interop::query::{NoProject, QueryContext, QueryOptions, QueryResult, Queue, query};
use rat_core::interop::session::{Options, Session};
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::Tables;

/// An empty lake in memory.
struct Lake {
    tables: Tables,
    session: Session,
    queue: Queue,
}

impl Lake {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let storage = Storage::open("memory://", &BTreeMap::new()).unwrap();
        let tables = Tables::embedded(storage, Arc::clone(&clock), Arc::new(SequentialIds::default())).unwrap();
        Self {
            tables,
            session: Session::open(clock, &Options { partitions: Some(2), ..Options::default() }).unwrap(),
            queue: Queue::new(32),
        }
    }

    fn context(&self) -> QueryContext<'_> {
        QueryContext { tables: &self.tables, session: &self.session, queue: &self.queue, project: &NoProject }
    }

    async fn query_with(&self, sql: &str, options: &QueryOptions) -> Result<QueryResult, Error> {
        query(&self.context(), sql, options).await
    }

    async fn query(&self, sql: &str) -> Result<QueryResult, Error> {
        self.query_with(sql, &QueryOptions::default()).await
    }

    async fn fails(&self, sql: &str) -> (Code, String) {
        match self.query(sql).await {
            Ok(result) => panic!("`{}` gave {} rows", &sql[..sql.len().min(80)], result.num_rows()),
            Err(error) => (error.code(), error.message().to_owned()),
        }
    }
}

/// The rows as text, one line each.
fn rows(result: &QueryResult) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|c| arrow::util::display::array_value_to_string(c, row).unwrap());
            lines.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    lines
}
