//! Equality deletes, which other engines write: an anti-join where NULL equals NULL, and a delete only reaches older files.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::{JoinSide, JoinType, NullEquality, Result, ScalarValue, Statistics};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use iceberg::arrow::type_to_arrow_type;
use iceberg::spec::Struct;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::error::{Code, Error};

use super::super::files::{FileEntry, corrupt};
use super::super::promoted::partition_of;
use super::ScanFile;
use super::provider::{Read, Reading, defect, external};
use super::scan::Inner;

const SEQUENCE: &str = "__rat_sequence";
const PARTITION: &str = "__rat_partition";

/// The columns two rows are compared by, and whether partitions are too.
type Group = (Vec<i32>, Reach);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Partition,
    Table,
}

/// Files with equality deletes, read without the rows that match. One join for each set of columns that deletes compare by, however many
/// delete files there are: each row of either side carries its sequence number and a number for its partition.
pub(super) async fn without_deleted(
    reading: &Reading<'_>,
    files: &[ScanFile],
    projection: Option<&Vec<usize>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let inner = reading.inner;
    let mut partitions = Partitions::default();
    for file in files {
        partitions.number(&file.data);
    }
    let mut groups: BTreeMap<Group, BTreeMap<&str, &Arc<FileEntry>>> = BTreeMap::new();
    for delete in files.iter().flat_map(|file| &file.equality) {
        let mut ids = delete.file.equality_ids().unwrap_or_default();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Err(external(corrupt(delete.file.file_path(), "the equality delete file names no columns")));
        }
        let everywhere = inner.table.metadata().partition_spec_by_id(delete.spec_id).is_none_or(|spec| spec.is_unpartitioned());
        let reach = if everywhere { Reach::Table } else { Reach::Partition };
        groups.entry((ids, reach)).or_default().insert(delete.file.file_path(), delete);
    }

    let wanted: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..inner.schema.fields().len()).collect());
    let mut fields: Vec<FieldRef> = inner.schema.fields().to_vec();
    let mut keys: HashMap<i32, FieldRef> = HashMap::new();
    for id in groups.keys().flat_map(|(ids, _)| ids) {
        let field = key_field(inner, *id).map_err(external)?;
        if !fields.iter().any(|known| known.name() == field.name()) {
            fields.push(Arc::clone(&field));
        }
        keys.insert(*id, field);
    }
    let width = fields.len();
    let data_schema = TableSchema::new(Arc::new(Schema::new(fields)), constants());
    let all = Arc::clone(data_schema.table_schema());
    let mut read = wanted.clone();
    let needed = keys.values().map(|field| field.name().as_str()).chain([SEQUENCE, PARTITION]);
    for name in needed {
        let index = all.index_of(name)?;
        if !read.contains(&index) {
            read.push(index);
        }
    }
    let (partitioned, deleted) = reading.partitioned(files, width, |file| partitions.constants(&file.data)).await?;
    let entries: Vec<&FileEntry> = files.iter().map(|file| &*file.data).collect();
    let data = Read {
        files: partitioned,
        schema: data_schema,
        entries: &entries,
        statistics: Statistics::new_unknown(&all),
        selects_rows: deleted.is_some(),
    };
    let mut plan = reading.exec(data, Some(&read), None)?;
    for ((ids, reach), deletes) in groups {
        let deletes: Vec<&FileEntry> = deletes.into_values().map(AsRef::as_ref).collect();
        let key: Vec<FieldRef> = ids.iter().filter_map(|id| keys.get(id)).cloned().collect();
        let deleted = delete_rows(reading, &deletes, key.clone(), &partitions)?;
        plan = anti_join(deleted, plan, &key, reach)?;
    }
    let project = wanted.iter().enumerate().map(|(position, index)| {
        let name = all.field(*index).name();
        ProjectionExpr { expr: Arc::new(Column::new(name, position)), alias: name.clone() }
    });
    Ok(Arc::new(ProjectionExec::try_new(project.collect::<Vec<_>>(), plan)?))
}

fn constants() -> Vec<FieldRef> {
    vec![Arc::new(Field::new(SEQUENCE, DataType::Int64, false)), Arc::new(Field::new(PARTITION, DataType::Int32, false))]
}

/// A number for each partition, so that partitions of any type compare as one column.
#[derive(Default)]
struct Partitions(HashMap<(i32, Struct), i32>);

impl Partitions {
    fn number(&mut self, entry: &FileEntry) {
        let next = i32::try_from(self.0.len()).unwrap_or(i32::MAX);
        self.0.entry(partition_of(entry)).or_insert(next);
    }

    fn constants(&self, entry: &FileEntry) -> Vec<ScalarValue> {
        // A delete file of a partition that no file of the scan is in has a number that no file has.
        let number = self.0.get(&partition_of(entry)).copied().unwrap_or(-1);
        vec![ScalarValue::Int64(Some(entry.sequence_number)), ScalarValue::Int32(Some(number))]
    }
}

// The column a delete compares by: the table's, or under a name of its own one that was dropped since.
pub(super) fn key_field(inner: &Inner, id: i32) -> crate::error::Result<FieldRef> {
    if let Some(position) = inner.columns.iter().position(|column| column.id == id) {
        return Ok(Arc::clone(&inner.schema.fields()[position]));
    }
    let dropped = inner.table.metadata().schemas_iter().find_map(|schema| schema.as_struct().field_by_id(id));
    let kind = dropped.filter(|field| field.field_type.is_primitive()).and_then(|field| type_to_arrow_type(&field.field_type).ok());
    let Some(kind) = kind else {
        return Err(Error::new(Code::UnsupportedFormat, "an equality delete compares by a nested column, which rat does not read"));
    };
    let id_of = [(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into();
    Ok(Arc::new(Field::new(format!("__rat_key_{id}"), kind, true).with_metadata(id_of)))
}

fn delete_rows(
    reading: &Reading<'_>,
    deletes: &[&FileEntry],
    key: Vec<FieldRef>,
    partitions: &Partitions,
) -> Result<Arc<dyn ExecutionPlan>> {
    let files = deletes.iter().map(|delete| reading.file(delete, partitions.constants(delete))).collect::<Result<Vec<_>>>()?;
    let key = key.into_iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true))).collect::<Vec<_>>();
    let schema = TableSchema::new(Arc::new(Schema::new(key)), constants());
    let statistics = Statistics::new_unknown(schema.table_schema());
    reading.exec(Read { files, schema, entries: deletes, statistics, selects_rows: false }, None, None)
}

fn anti_join(
    deleted: Arc<dyn ExecutionPlan>,
    data: Arc<dyn ExecutionPlan>,
    key: &[FieldRef],
    reach: Reach,
) -> Result<Arc<dyn ExecutionPlan>> {
    let (left, right) = (deleted.schema(), data.schema());
    let column = |schema: &Schema, name: &str| {
        Ok::<_, datafusion::common::DataFusionError>(Arc::new(Column::new_with_schema(name, schema)?) as Arc<dyn PhysicalExpr>)
    };
    let partition = (reach == Reach::Partition).then_some(PARTITION);
    let names = key.iter().map(|field| field.name().as_str()).chain(partition);
    let on = names.map(|name| Ok((column(&left, name)?, column(&right, name)?))).collect::<Result<Vec<_>>>()?;
    if on.is_empty() {
        return Err(defect("an anti-join without columns"));
    }
    let sides = vec![
        ColumnIndex { index: left.index_of(SEQUENCE)?, side: JoinSide::Left },
        ColumnIndex { index: right.index_of(SEQUENCE)?, side: JoinSide::Right },
    ];
    let both =
        Arc::new(Schema::new(vec![Field::new("deleted_at", DataType::Int64, false), Field::new("written_at", DataType::Int64, false)]));
    let later = BinaryExpr::new(Arc::new(Column::new("deleted_at", 0)), Operator::Gt, Arc::new(Column::new("written_at", 1)));
    let filter = JoinFilter::new(Arc::new(later), sides, both);
    let join = HashJoinExec::try_new(
        deleted,
        data,
        on,
        Some(filter),
        &JoinType::RightAnti,
        None,
        PartitionMode::CollectLeft,
        NullEquality::NullEqualsNull,
        false,
    )?;
    Ok(Arc::new(join))
}
