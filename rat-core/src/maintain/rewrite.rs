//! Files written again: the same rows in fewer files, in the table's order, as one `replace` snapshot.

use datafusion::common::Column;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr};
use futures::StreamExt;

use super::MaintainContext;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::name::Name;
use crate::tables::{
    Change, Direction, Evolution, PublishError, Remove, Rewrite, RowOrder, SortColumn, Table, Target, Writer, WriterOptions, WrittenFile,
};

/// Tries until a table whose rows others delete all the time is left for the next maintenance.
const ATTEMPTS: usize = 3;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rewritten {
    pub(super) files: u64,
    pub(super) written: u64,
    pub(super) bytes: u64,
}

pub(super) async fn rewrite(context: &MaintainContext, name: &Name, dry_run: bool) -> Result<Rewritten> {
    let mut conflict = None;
    for _ in 0..ATTEMPTS {
        let table = context.tables.get(name).await?;
        let rewrite = table.rewrite(context.target_file_bytes).await?;
        if rewrite.is_empty() || dry_run {
            return Ok(Rewritten { files: rewrite.files(), written: 0, bytes: rewrite.bytes });
        }
        let change = change(context, &table, &rewrite).await?;
        let written = change.carry.len() as u64;
        let staged = context.tables.stage(change).await?;
        match context.tables.publish(vec![staged]).await {
            Ok(_) => return Ok(Rewritten { files: rewrite.files(), written, bytes: rewrite.bytes }),
            Err(PublishError::Conflict { error, staged }) => {
                for staged in staged {
                    staged.discard().await;
                }
                conflict = Some(error);
            }
            Err(other) => return Err(other.into_error()),
        }
    }
    Err(conflict.unwrap_or_else(|| Error::new(Code::CommitConflict, format!("`{name}` changed while its files were written again"))))
}

async fn change(context: &MaintainContext, table: &Table, rewrite: &Rewrite) -> Result<Change> {
    let target = context.tables.evolve(table, Evolution::default())?;
    let mut carry: Vec<WrittenFile> = Vec::new();
    for group in &rewrite.groups {
        match again(context, table, &target, group).await {
            Ok(files) => carry.extend(files),
            Err(error) => {
                context.tables.discard(&carry).await;
                return Err(error);
            }
        }
    }
    let mut change = Change::new(target);
    change.carry = carry;
    change.keeps_rows = true;
    if !rewrite.groups.is_empty() {
        change.remove = Remove::Paths(rewrite.groups.iter().flatten().chain(&rewrite.deletes).cloned().collect());
    }
    Ok(change)
}

async fn again(context: &MaintainContext, table: &Table, target: &Target, paths: &[String]) -> Result<Vec<WrittenFile>> {
    let order = table.sort_columns().unwrap_or_default();
    let provider = table.scan()?.only(paths.iter().cloned())?.provider();
    let plan = LogicalPlanBuilder::scan("rows", provider_as_source(provider), None)
        .and_then(|rows| sorted(rows, &order))
        .map_err(execute::error)?;
    let options = WriterOptions {
        target_file_bytes: Some(context.target_file_bytes),
        order: if order.is_empty() { RowOrder::Unknown } else { RowOrder::Table },
        ..WriterOptions::default()
    };
    let mut rows = execute::stream(&context.session, plan).await?;
    let mut writer = Writer::open(&context.tables, target, &options)?;
    while let Some(batch) = rows.next().await {
        let written = match batch {
            Ok(batch) => writer.write(&batch).await,
            Err(error) => Err(execute::error(error)),
        };
        if let Err(error) = written {
            writer.abort().await;
            return Err(error);
        }
    }
    writer.close().await
}

fn sorted(rows: LogicalPlanBuilder, order: &[SortColumn]) -> datafusion::common::Result<LogicalPlan> {
    if order.is_empty() {
        return rows.build();
    }
    let by = order.iter().map(|by| {
        let ascending = by.direction == Direction::Ascending;
        SortExpr::new(Expr::Column(Column::new(Some("rows"), &by.column)), ascending, ascending)
    });
    rows.sort(by.collect::<Vec<_>>())?.build()
}
