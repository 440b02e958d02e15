//! What manifests say of a file's columns: sizes, counts and bounds, so that readers can leave the file out.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type};
use iceberg::spec::{DataFileBuilder, Datum, PrimitiveType, Schema, TableMetadata};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

const DEFAULT_LENGTH: usize = 16;

/// How much is kept of a column, as `write.metadata.metrics.*` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    None,
    Counts,
    Truncate(usize),
    Full,
}

impl Mode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Mode::None),
            "counts" => Some(Mode::Counts),
            "full" => Some(Mode::Full),
            other => other.strip_prefix("truncate(")?.strip_suffix(')')?.parse().ok().map(Mode::Truncate),
        }
    }
}

/// How much is kept of each column of a table.
#[derive(Debug)]
pub(super) struct Detail {
    default: Mode,
    columns: HashMap<i32, Mode>,
}

impl Detail {
    pub(super) fn of(metadata: &TableMetadata) -> Self {
        let properties = metadata.properties();
        let mode = |key: &str| properties.get(key).and_then(|text| Mode::parse(text));
        let schema = metadata.current_schema();
        let columns = properties.keys().filter_map(|key| {
            let column = key.strip_prefix("write.metadata.metrics.column.")?;
            Some((schema.field_id_by_name(column)?, mode(key)?))
        });
        Self { default: mode("write.metadata.metrics.default").unwrap_or(Mode::Truncate(DEFAULT_LENGTH)), columns: columns.collect() }
    }

    fn of_column(&self, id: i32) -> Mode {
        self.columns.get(&id).copied().unwrap_or(self.default)
    }
}

/// What only the rows themselves tell: Parquet's statistics know no NaN.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    nans: HashMap<i32, u64>,
}

impl Metrics {
    pub(super) fn count_nans(&mut self, batch: &RecordBatch) {
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            self.count_in(field, column);
        }
    }

    fn count_in(&mut self, field: &Field, column: &ArrayRef) {
        let nans = match field.data_type() {
            DataType::Float32 => column.as_primitive::<Float32Type>().iter().flatten().filter(|value| value.is_nan()).count(),
            DataType::Float64 => column.as_primitive::<Float64Type>().iter().flatten().filter(|value| value.is_nan()).count(),
            DataType::Struct(parts) => {
                let inner = column.as_struct();
                // Fields of a NULL struct do not count, and what stands in their place is not known to be no NaN.
                if inner.null_count() == 0 {
                    for (part, column) in parts.iter().zip(inner.columns()) {
                        self.count_in(part, column);
                    }
                }
                return;
            }
            _ => return,
        };
        if let Some(id) = field.metadata().get("PARQUET:field_id").and_then(|id| id.parse().ok()) {
            *self.nans.entry(id).or_default() += nans as u64;
        }
    }

    pub(super) fn describe(&self, metadata: &ParquetMetaData, schema: &Schema, detail: &Detail, file: &mut DataFileBuilder) {
        let descriptor = metadata.file_metadata().schema_descr();
        let mut sizes: HashMap<i32, u64> = HashMap::new();
        let (mut values, mut nulls) = (HashMap::<i32, u64>::new(), HashMap::<i32, Option<u64>>::new());
        let mut bounds: HashMap<i32, Option<Bounds>> = HashMap::new();
        for (at, column) in descriptor.columns().iter().enumerate() {
            let info = column.self_type().get_basic_info();
            if !info.has_id() || detail.of_column(info.id()) == Mode::None {
                continue;
            }
            let id = info.id();
            let signed = matches!(primitive_of(schema, id), Some(PrimitiveType::Decimal { .. }));
            for group in metadata.row_groups() {
                let chunk = group.column(at);
                *sizes.entry(id).or_default() += u64::try_from(chunk.compressed_size()).unwrap_or_default();
                *values.entry(id).or_default() += u64::try_from(chunk.num_values()).unwrap_or_default();
                let counted = chunk.statistics().and_then(Statistics::null_count_opt);
                let known = nulls.entry(id).or_insert(Some(0));
                *known = known.zip(counted).map(|(a, b)| a + b);
                // Bounds of what repeats say nothing of a row.
                if column.max_rep_level() > 0 {
                    continue;
                }
                let empty = counted == u64::try_from(chunk.num_values()).ok();
                let found = Bounds::of(chunk.statistics(), signed);
                match bounds.entry(id).or_insert(Some(Bounds::default())) {
                    Some(_) if empty => {}
                    Some(all) if found.is_some() => all.widen(found.unwrap_or_default()),
                    unknown => *unknown = None,
                }
            }
        }
        let (mut lower, mut upper) = (HashMap::new(), HashMap::new());
        for (id, found) in bounds {
            let Some(found) = found else { continue };
            let length = match detail.of_column(id) {
                Mode::Truncate(length) => Some(length),
                Mode::Full => None,
                Mode::None | Mode::Counts => continue,
            };
            let Some(primitive) = primitive_of(schema, id) else { continue };
            lower.extend(found.lower.and_then(|value| value.to_lower(primitive, length)).map(|datum| (id, datum)));
            upper.extend(found.upper.and_then(|value| value.to_upper(primitive, length)).map(|datum| (id, datum)));
        }
        file.column_sizes(sizes)
            .value_counts(values)
            .null_value_counts(nulls.into_iter().filter_map(|(id, count)| Some((id, count?))).collect())
            .nan_value_counts(
                self.nans.iter().filter(|(id, _)| detail.of_column(**id) != Mode::None).map(|(id, count)| (*id, *count)).collect(),
            )
            .lower_bounds(lower)
            .upper_bounds(upper);
    }
}

fn primitive_of(schema: &Schema, id: i32) -> Option<&PrimitiveType> {
    schema.field_by_id(id).and_then(|field| field.field_type.as_primitive_type())
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Bool(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
}

/// The least and greatest value so far.
#[derive(Debug, Clone, Default, PartialEq)]
struct Bounds {
    lower: Option<Value>,
    upper: Option<Value>,
    signed: bool,
}

impl Bounds {
    fn of(statistics: Option<&Statistics>, signed: bool) -> Option<Self> {
        macro_rules! pair {
            ($found:expr, $value:expr) => {{
                let value = $value;
                (value($found.min_opt()?), value($found.max_opt()?))
            }};
        }
        let (lower, upper) = match statistics? {
            Statistics::Boolean(found) => pair!(found, |v: &bool| Value::Bool(*v)),
            Statistics::Int32(found) => pair!(found, |v: &i32| Value::Int(*v)),
            Statistics::Int64(found) => pair!(found, |v: &i64| Value::Long(*v)),
            Statistics::Float(found) => pair!(found, |v: &f32| Value::Float(*v)),
            Statistics::Double(found) => pair!(found, |v: &f64| Value::Double(*v)),
            Statistics::ByteArray(found) => pair!(found, |v: &ByteArray| Value::Bytes(v.data().to_vec())),
            Statistics::FixedLenByteArray(found) => pair!(found, |v: &FixedLenByteArray| Value::Bytes(v.data().to_vec())),
            Statistics::Int96(_) => return None,
        };
        Some(Self { lower: Some(lower), upper: Some(upper), signed })
    }

    fn widen(&mut self, other: Self) {
        let signed = other.signed;
        let less = |a: &Value, b: &Value| match (a, b) {
            (Value::Bool(a), Value::Bool(b)) => a < b,
            (Value::Int(a), Value::Int(b)) => a < b,
            (Value::Long(a), Value::Long(b)) => a < b,
            (Value::Float(a), Value::Float(b)) => a < b,
            (Value::Double(a), Value::Double(b)) => a < b,
            // Two's complement of one width differs from the order of bytes in the first bit alone.
            (Value::Bytes(a), Value::Bytes(b)) if signed => flipped(a) < flipped(b),
            (Value::Bytes(a), Value::Bytes(b)) => a < b,
            _ => false,
        };
        self.signed = signed;
        if let Some(lower) = other.lower
            && self.lower.as_ref().is_none_or(|now| less(&lower, now))
        {
            self.lower = Some(lower);
        }
        if let Some(upper) = other.upper
            && self.upper.as_ref().is_none_or(|now| less(now, &upper))
        {
            self.upper = Some(upper);
        }
    }
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(first) = bytes.first_mut() {
        *first ^= 0x80;
    }
    bytes
}

impl Value {
    fn to_lower(&self, primitive: &PrimitiveType, length: Option<usize>) -> Option<Datum> {
        match (self, primitive, length) {
            (Value::Bytes(bytes), PrimitiveType::String, length) => {
                let text = valid_prefix(bytes);
                Some(Datum::string(length.map_or(text, |length| prefix(text, length))))
            }
            (Value::Bytes(bytes), PrimitiveType::Binary, Some(length)) => {
                Some(Datum::binary(bytes[..length.min(bytes.len())].iter().copied()))
            }
            _ => self.exact(primitive),
        }
    }

    fn to_upper(&self, primitive: &PrimitiveType, length: Option<usize>) -> Option<Datum> {
        match (self, primitive, length) {
            // Parquet has cut long texts and raised the last character itself; where it could not, there is no bound here either.
            (Value::Bytes(bytes), PrimitiveType::String, length) => {
                let text = std::str::from_utf8(bytes).ok()?;
                match length {
                    Some(length) if prefix(text, length).len() < text.len() => raised_text(prefix(text, length)).map(Datum::string),
                    _ => Some(Datum::string(text)),
                }
            }
            (Value::Bytes(bytes), PrimitiveType::Binary, Some(length)) if bytes.len() > length => {
                raised_bytes(&bytes[..length]).map(Datum::binary)
            }
            _ => self.exact(primitive),
        }
    }

    fn exact(&self, primitive: &PrimitiveType) -> Option<Datum> {
        let bytes = match self {
            Value::Bool(value) => vec![u8::from(*value)],
            // Decimals are big-endian in Iceberg, and integers in Parquet when they are short.
            Value::Int(value) if matches!(primitive, PrimitiveType::Decimal { .. }) => value.to_be_bytes().to_vec(),
            Value::Long(value) if matches!(primitive, PrimitiveType::Decimal { .. }) => value.to_be_bytes().to_vec(),
            Value::Int(value) => value.to_le_bytes().to_vec(),
            Value::Long(value) => value.to_le_bytes().to_vec(),
            Value::Float(value) => value.to_le_bytes().to_vec(),
            Value::Double(value) => value.to_le_bytes().to_vec(),
            Value::Bytes(bytes) => bytes.clone(),
        };
        Datum::try_from_bytes(&bytes, primitive.clone()).ok()
    }
}

fn valid_prefix(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default(),
    }
}

fn prefix(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

// The least text that is greater than every text with this beginning.
fn raised_text(text: &str) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn raised_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    let last = bytes.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut raised = bytes[..=last].to_vec();
    raised[last] += 1;
    Some(raised)
}
