//! How partition fields are called. Engines find a partition by its field's name among the columns: a name is of one field in all specs of a
//! table, and where it is a column's too, the field is that column itself.

use iceberg::spec::{PartitionField, Schema, TableMetadata, Transform as IcebergTransform, UnboundPartitionField, UnboundPartitionSpec};

use crate::error::{Code, Error, Result};

use super::target::{Partition, Transform, field_id, unusable};

/// How a table is to be partitioned, with names that are nobody else's.
pub(super) fn partition_spec(schema: &Schema, parts: &[Partition], base: &TableMetadata) -> Result<UnboundPartitionSpec> {
    let mut fields: Vec<UnboundPartitionField> = Vec::with_capacity(parts.len());
    for part in parts {
        let source_id = field_id(schema, &part.column)?;
        let (transform, suffix) = match part.transform {
            Transform::Identity => (IcebergTransform::Identity, ""),
            Transform::Year => (IcebergTransform::Year, "_year"),
            Transform::Month => (IcebergTransform::Month, "_month"),
            Transform::Day => (IcebergTransform::Day, "_day"),
            Transform::Hour => (IcebergTransform::Hour, "_hour"),
            Transform::Bucket(n) => (IcebergTransform::Bucket(n), "_bucket"),
            Transform::Truncate(n) => (IcebergTransform::Truncate(n), "_trunc"),
        };
        let column = schema.field_by_id(source_id).map_or(part.column.as_str(), |field| field.name.as_str());
        // The same column in the same way keeps its id across specs, so that readers see one partition field.
        let known = base
            .partition_specs_iter()
            .flat_map(|spec| spec.fields())
            .find(|field| field.source_id == source_id && field.transform == transform);
        let known = known.map(|field| field.field_id);
        let taken = |name: &str| {
            fields.iter().any(|field| field.name.eq_ignore_ascii_case(name))
                || of_another_column(schema, name, source_id, transform)
                || names(base).any(|(id, held)| Some(id) != known && held.eq_ignore_ascii_case(name))
        };
        let name = free(format!("{column}{suffix}"), taken);
        fields.push(UnboundPartitionField { source_id, field_id: known, name, transform });
    }
    let spec = UnboundPartitionSpec::builder().add_partition_fields(fields).map_err(|e| unusable("partition_by", e))?.build();
    spec.clone().bind(schema.clone()).map_err(|e| unusable("partition_by", e))?;
    Ok(spec)
}

/// Whether new files are partitioned like this already.
pub(super) fn is_default(parts: &UnboundPartitionSpec, base: &TableMetadata) -> bool {
    let now = base.default_partition_spec().fields();
    let same = |(part, field): (&UnboundPartitionField, &PartitionField)| {
        part.source_id == field.source_id && part.transform == field.transform && part.name == field.name
    };
    parts.fields().len() == now.len() && parts.fields().iter().zip(now).all(same)
}

/// The metadata with other names for the partition fields, of all specs, whose name is another column's in this schema; `None` where there is
/// no such. Spark refuses a table where one is. A field is its id in every file: a spec that files are of can call it otherwise.
pub(super) fn named_apart(base: &TableMetadata, schema: &Schema) -> Result<Option<TableMetadata>> {
    let fields = base.partition_specs_iter().flat_map(|spec| spec.fields());
    let mut clashing: Vec<&PartitionField> =
        fields.filter(|field| of_another_column(schema, &field.name, field.source_id, field.transform)).collect();
    if clashing.is_empty() {
        return Ok(None);
    }
    // One after the other in the order of their ids: the same table is named the same, whenever.
    clashing.sort_by(|a, b| (a.field_id, &a.name).cmp(&(b.field_id, &b.name)));
    let mut others: Vec<(i32, String, String)> = Vec::new();
    for field in clashing {
        if others.iter().any(|(id, old, _)| *id == field.field_id && *old == field.name) {
            continue;
        }
        let taken = |name: &str| {
            schema.field_by_name_case_insensitive(name).is_some()
                || names(base).any(|(_, held)| held.eq_ignore_ascii_case(name))
                || others.iter().any(|(_, _, new)| new.eq_ignore_ascii_case(name))
        };
        let new = free(field.name.clone(), taken);
        others.push((field.field_id, field.name.clone(), new));
    }
    let defect = |e| Error::new(Code::Internal, "partition fields could not be renamed").with_source(e);
    let mut stored = serde_json::to_value(base).map_err(defect)?;
    let specs = stored["partition-specs"].as_array_mut().into_iter().flatten();
    for field in specs.flat_map(|spec| spec["fields"].as_array_mut().into_iter().flatten()) {
        let new = others.iter().find(|(id, old, _)| field["field-id"] == *id && field["name"] == old.as_str());
        if let Some((_, _, new)) = new {
            field["name"] = new.as_str().into();
        }
    }
    serde_json::from_value(stored).map(Some).map_err(defect)
}

/// Whether a partition field of this name would stand beside a column that it is not.
fn of_another_column(schema: &Schema, name: &str, source_id: i32, transform: IcebergTransform) -> bool {
    // What is void was the column itself once.
    let itself = |column: i32| matches!(transform, IcebergTransform::Identity | IcebergTransform::Void) && column == source_id;
    schema.field_by_name_case_insensitive(name).is_some_and(|column| !itself(column.id))
}

/// The ids and names of the partition fields of all specs.
fn names(base: &TableMetadata) -> impl Iterator<Item = (i32, &str)> {
    base.partition_specs_iter().flat_map(|spec| spec.fields()).map(|field| (field.field_id, field.name.as_str()))
}

fn free(mut name: String, taken: impl Fn(&str) -> bool) -> String {
    while taken(&name) {
        name.push('_');
    }
    name
}
