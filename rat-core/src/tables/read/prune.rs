//! Which manifests and files a filter leaves, by partition values and column bounds: DataFusion's pruning over what manifests know.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int32Array, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column as ColumnName, ScalarValue};
use datafusion::physical_optimizer::pruning::PruningPredicate;
use datafusion::physical_plan::PhysicalExpr;
use iceberg::spec::{Datum, Literal, ManifestFile, PartitionSpec, PrimitiveLiteral, PrimitiveType, TableMetadata, Transform};
use iceberg::transform::create_transform_function;

use super::super::files::FileEntry;
use super::bounds::{self, Bounds, Column};

/// A filter, ready to be asked about manifests and files.
pub(super) struct Pruner {
    predicate: PruningPredicate,
    columns: HashMap<String, Column>,
}

impl Pruner {
    /// `None` when the filter says nothing that bounds could refute.
    pub fn new(filter: Arc<dyn PhysicalExpr>, schema: SchemaRef, columns: &[Column]) -> Option<Self> {
        let predicate = PruningPredicate::try_new(filter, schema).ok().filter(|predicate| !predicate.always_true())?;
        Some(Self { predicate, columns: columns.iter().map(|column| (column.name.clone(), column.clone())).collect() })
    }

    /// For each file, whether it may hold a row that passes.
    pub fn files(&self, entries: &[&FileEntry], metadata: &TableMetadata) -> Vec<bool> {
        self.keep(&Files { columns: &self.columns, entries, metadata }, entries.len())
    }

    /// For each manifest, whether one of its files may hold a row that passes.
    pub fn manifests(&self, manifests: &[&ManifestFile], metadata: &TableMetadata) -> Vec<bool> {
        self.keep(&Manifests { columns: &self.columns, manifests, metadata }, manifests.len())
    }

    // A filter that cannot be evaluated over bounds, such as one that overflows on them, prunes nothing.
    fn keep(&self, statistics: &dyn PruningStatistics, count: usize) -> Vec<bool> {
        if count == 0 {
            return Vec::new();
        }
        self.predicate.prune(statistics).ok().filter(|kept| kept.len() == count).unwrap_or_else(|| vec![true; count])
    }
}

struct Files<'a> {
    columns: &'a HashMap<String, Column>,
    entries: &'a [&'a FileEntry],
    metadata: &'a TableMetadata,
}

impl Files<'_> {
    fn bounds(&self, column: &ColumnName) -> Option<(&Column, Vec<Bounds>)> {
        let column = self.columns.get(&column.name)?;
        let bounds = self.entries.iter().map(|entry| {
            let spec = self.metadata.partition_spec_by_id(entry.spec_id);
            bounds::of_file(entry, column, spec.map(AsRef::as_ref))
        });
        Some((column, bounds.collect()))
    }
}

impl PruningStatistics for Files<'_> {
    fn min_values(&self, column: &ColumnName) -> Option<ArrayRef> {
        let (column, bounds) = self.bounds(column)?;
        array(column, bounds.into_iter().map(|bounds| bounds.min))
    }
    fn max_values(&self, column: &ColumnName) -> Option<ArrayRef> {
        let (column, bounds) = self.bounds(column)?;
        array(column, bounds.into_iter().map(|bounds| bounds.max))
    }
    fn num_containers(&self) -> usize {
        self.entries.len()
    }
    fn null_counts(&self, column: &ColumnName) -> Option<ArrayRef> {
        let (_, bounds) = self.bounds(column)?;
        Some(Arc::new(bounds.into_iter().map(|bounds| bounds.nulls).collect::<UInt64Array>()))
    }
    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.entries.iter().map(|entry| Some(entry.file.record_count())).collect::<UInt64Array>()))
    }
    #[allow(clippy::mutable_key_type, reason = "DataFusion's own signature")]
    fn contained(&self, column: &ColumnName, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let column = self.columns.get(&column.name)?;
        let mut hashed: HashMap<u32, Option<HashSet<i32>>> = HashMap::new();
        let answers: BooleanArray = self
            .entries
            .iter()
            .map(|entry| {
                let spec = self.metadata.partition_spec_by_id(entry.spec_id)?;
                let elsewhere = spec.fields().iter().zip(entry.file.partition().iter()).any(|(field, value)| {
                    let (Transform::Bucket(count), Some(Literal::Primitive(PrimitiveLiteral::Int(bucket)))) = (field.transform, value)
                    else {
                        return false;
                    };
                    field.source_id == column.id
                        && hashed
                            .entry(count)
                            .or_insert_with(|| buckets(values, count, column))
                            .as_ref()
                            .is_some_and(|some| !some.contains(bucket))
                });
                elsewhere.then_some(false)
            })
            .collect();
        (answers.null_count() < answers.len()).then_some(answers)
    }
}

// The buckets that a set of values falls into; `None` when one of them cannot be hashed.
#[allow(clippy::mutable_key_type, reason = "DataFusion's own signature")]
fn buckets(values: &HashSet<ScalarValue>, count: u32, column: &Column) -> Option<HashSet<i32>> {
    let hash = create_transform_function(&Transform::Bucket(count)).ok()?;
    let plain = match &column.data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        other => other.clone(),
    };
    let array = ScalarValue::iter_to_array(values.iter().map(|value| value.cast_to(&plain)).collect::<Result<Vec<_>, _>>().ok()?).ok()?;
    let hashed = hash.transform(array).ok()?;
    let hashed = hashed.as_any().downcast_ref::<Int32Array>()?;
    hashed.iter().collect()
}

struct Manifests<'a> {
    columns: &'a HashMap<String, Column>,
    manifests: &'a [&'a ManifestFile],
    metadata: &'a TableMetadata,
}

impl Manifests<'_> {
    fn bounds(&self, column: &ColumnName) -> Option<(&Column, Vec<Bounds>)> {
        let column = self.columns.get(&column.name)?;
        let bounds = self.manifests.iter().map(|manifest| {
            let spec = self.metadata.partition_spec_by_id(manifest.partition_spec_id)?;
            of_summary(manifest, column, spec)
        });
        Some((column, bounds.map(Option::unwrap_or_default).collect()))
    }
}

impl PruningStatistics for Manifests<'_> {
    fn min_values(&self, column: &ColumnName) -> Option<ArrayRef> {
        let (column, bounds) = self.bounds(column)?;
        array(column, bounds.into_iter().map(|bounds| bounds.min))
    }
    fn max_values(&self, column: &ColumnName) -> Option<ArrayRef> {
        let (column, bounds) = self.bounds(column)?;
        array(column, bounds.into_iter().map(|bounds| bounds.max))
    }
    fn num_containers(&self) -> usize {
        self.manifests.len()
    }
    fn null_counts(&self, column: &ColumnName) -> Option<ArrayRef> {
        let (_, bounds) = self.bounds(column)?;
        Some(Arc::new(bounds.into_iter().map(|bounds| bounds.nulls).collect::<UInt64Array>()))
    }
    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }
    #[allow(clippy::mutable_key_type, reason = "DataFusion's own signature")]
    fn contained(&self, _: &ColumnName, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

fn of_summary(manifest: &ManifestFile, column: &Column, spec: &PartitionSpec) -> Option<Bounds> {
    let summaries = manifest.partitions.as_ref()?;
    let mut known = Bounds::default();
    for (field, summary) in spec.fields().iter().zip(summaries) {
        if field.source_id != column.id || matches!(field.transform, Transform::Void | Transform::Unknown) {
            continue;
        }
        if !summary.contains_null {
            known.nulls = Some(0);
        }
        let kind = partition_kind(field.transform, column.kind.as_ref()?);
        if matches!(kind, PrimitiveType::Float | PrimitiveType::Double) && summary.contains_nan != Some(false) {
            continue;
        }
        let end = |bytes: Option<&[u8]>| {
            let datum = Datum::try_from_bytes(bytes?, kind.clone()).ok()?;
            Some(bounds::source_range(field.transform, &Literal::Primitive(datum.literal().clone()), column))
        };
        known.min = end(summary.lower_bound.as_deref().map(|b| b.as_slice())).and_then(|range| range.min).or(known.min);
        known.max = end(summary.upper_bound.as_deref().map(|b| b.as_slice())).and_then(|range| range.max).or(known.max);
    }
    Some(known)
}

fn partition_kind(transform: Transform, source: &PrimitiveType) -> PrimitiveType {
    match transform {
        Transform::Identity | Transform::Truncate(_) => source.clone(),
        _ => PrimitiveType::Int,
    }
}

fn array(column: &Column, bounds: impl Iterator<Item = Option<bounds::Bound>>) -> Option<ArrayRef> {
    let unknown = ScalarValue::try_new_null(&column.data_type).ok()?;
    let mut known = false;
    let values: Vec<ScalarValue> = bounds
        .map(|bound| match bound {
            Some(bound) => {
                known = true;
                bound.value
            }
            None => unknown.clone(),
        })
        .collect();
    known.then(|| ScalarValue::iter_to_array(values).ok()).flatten()
}
