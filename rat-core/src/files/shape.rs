//! What the files of one call look like, found out from samples.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::csv::{self, CsvShape, Refused, Typed};
use super::guess::{Formats, Guess};
use super::json::{self, JsonShape};
use super::numbers::Notation;
use super::options::{Options, Packing, Types, name_of};
use super::parquet::{self, ParquetShape};
use super::{LandedFile, Sample, types, unpack};
use crate::config::{ColumnContract, Setting};
use crate::dialect::{Problem, ReadCall, ReadFunction};
use crate::error::{Code, Error, Result};
use crate::storage::Storage;

/// The head of a file that is looked at.
pub(super) const SAMPLE_BYTES: u64 = 1 << 20;
/// What the heads of all files together may have, when all are looked at.
const ALL_SAMPLES_BYTES: u64 = 64 << 20;
const SMALLEST_SAMPLE_BYTES: u64 = 64 << 10;
const SAMPLE_FILES: usize = 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// What the files of one call look like: the same for all of them, at check and in the run.
#[derive(Debug, Clone)]
pub struct Shape(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub format: Format,
    pub packing: Packing,
    /// The columns that files hold.
    pub file_schema: SchemaRef,
    /// Those, and the columns of the path.
    pub schema: SchemaRef,
    /// Keys of folders, `key=value`, which follow the columns of the files.
    pub folders: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Format {
    Csv(Arc<CsvShape>),
    Json(Arc<JsonShape>),
    Parquet(Arc<ParquetShape>),
}

impl Shape {
    /// The columns, in order: those of the files, of their folders, and the file name.
    pub fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }
}

/// Reads what [`sniff`] needs of the files: the heads of the first 10 (of all with `union_by_name`), at most 1 MiB each and 64 MiB
/// together, or the footers of Parquet files.
///
/// # Errors
/// `PATH_NOT_FOUND`, `STORAGE_UNAVAILABLE`, and `MALFORMED_FILE` for a Parquet file without a footer.
pub async fn samples(call: &ReadCall, storage: &Storage, files: &[LandedFile]) -> Result<Vec<Sample>> {
    // A problem with the options is told by `sniff`, with its place.
    let options = Options::read(call).unwrap_or_default();
    let files = if options.union_by_name { files } else { &files[..files.len().min(SAMPLE_FILES)] };
    let most = (ALL_SAMPLES_BYTES / files.len().max(1) as u64).clamp(SMALLEST_SAMPLE_BYTES, SAMPLE_BYTES);
    let mut samples = Vec::with_capacity(files.len());
    for file in files {
        let bytes = match call.function {
            ReadFunction::Parquet if file.size > 0 => match parquet::footer(storage, &file.path, file.size).await {
                // What is no Parquet file is told by `sniff`, at the call.
                Err(error) if error.code() == Code::MalformedFile => storage.read_range(&file.path, 0..file.size.min(most)).await?,
                footer => footer?,
            },
            _ if file.size == 0 => bytes::Bytes::new(),
            _ => storage.read_range(&file.path, 0..file.size.min(most)).await?,
        };
        samples.push(Sample { whole: bytes.len() as u64 == file.size, path: file.path.clone(), bytes });
    }
    Ok(samples)
}

/// Finds out what the files look like. `contract` types the columns of the same name, unless the call does.
///
/// # Errors
/// `INVALID_OPTION` for each option that cannot be used, `EMPTY_ZONE` when there is nothing to find the columns from and the call does not
/// list them, `MALFORMED_FILE` when a sample cannot be unpacked or is no Parquet. All point at the call, or the option in it.
pub fn sniff(call: &ReadCall, contract: &[Setting<ColumnContract>], samples: &[Sample]) -> Result<Shape, Vec<Problem>> {
    let options = Options::read(call)?;
    let declared = match &options.columns {
        Some(columns) => Some(typed_columns(columns, "columns", &options, call)?),
        None => None,
    };
    let by_call = match &options.types {
        Some(Types::Named(columns)) => typed_columns(columns, "types", &options, call)?.into_iter().map(|(n, t)| (Some(n), t)).collect(),
        Some(Types::Placed(listed)) => {
            let columns: Vec<(String, String)> = listed.iter().map(|t| (String::new(), t.clone())).collect();
            typed_columns(&columns, "types", &options, call)?.into_iter().map(|(_, t)| (None, t)).collect()
        }
        None => Vec::new(),
    };
    let by_contract = if options.all_varchar { Vec::new() } else { contract_types(contract) };
    let typed = KnownTypes { by_call, by_contract };
    // Without a file, what the contract promises is what the files will hold.
    let declared = declared.or_else(|| (samples.is_empty() && !typed.by_contract.is_empty()).then(|| typed.by_contract.clone()));

    let problem = |code, message: String, help: Option<String>, range| vec![Problem { code, message, help, range }];
    let of_file = |e: Error| problem(e.code(), e.message().to_owned(), Some(e.help().to_owned()), call.range.clone());
    let format = if call.function == ReadFunction::Parquet {
        parquet::sniff(options.union_by_name, options.binary_as_string, samples)
            .map_err(of_file)?
            .map(|shape| Format::Parquet(Arc::new(shape)))
    } else {
        let heads = heads(&options, samples).map_err(of_file)?;
        match call.function {
            ReadFunction::Csv => csv::sniff(&options, declared, &typed, &heads)
                .map_err(|Refused { option, message, help }| problem(Code::InvalidOption, message, help, options.place(option, call)))?
                .map(|shape| Format::Csv(Arc::new(shape))),
            _ => json::sniff(call.function, &options, declared, &typed, &heads)
                .map_err(|json::Flaw { sample, line, what }| {
                    let path = samples.get(sample).map_or("", |sample| sample.path.as_str());
                    of_file(super::refusal::unreadable(path, format!("line {line}: {what}"), super::refusal::HELP_RECORD))
                })?
                .map(|shape| Format::Json(Arc::new(shape))),
        }
    };
    let Some(format) = format else {
        let what = if samples.is_empty() { "has no file" } else { "has no file with a row" };
        let message = format!("`{}` {what}, so the columns of `{}` are not known", call.zone_url, name_of(call.function));
        let help = match call.function {
            ReadFunction::Parquet => "land a file",
            _ => "land a file, or declare `columns = {'name': 'TYPE'}`",
        };
        return Err(problem(Code::EmptyZone, message, Some(help.to_owned()), call.range.clone()));
    };
    let file_schema = match &format {
        Format::Csv(shape) => {
            Arc::new(Schema::new(shape.columns.iter().map(|c| Field::new(&c.name, c.data_type.clone(), true)).collect::<Vec<_>>()))
        }
        Format::Json(shape) => {
            Arc::new(Schema::new(shape.columns.iter().map(|c| Field::new(&c.name, c.kind.data_type(), true)).collect::<Vec<_>>()))
        }
        Format::Parquet(shape) => Arc::clone(&shape.schema),
    };
    let mut fields: Vec<Field> = file_schema.fields().iter().map(|f| f.as_ref().clone()).collect();
    let mut folders = Vec::new();
    if options.hive_partitioning {
        for (key, data_type) in folder_columns(samples) {
            if !fields.iter().any(|f| f.name().eq_ignore_ascii_case(&key)) {
                fields.push(Field::new(&key, data_type, true));
                folders.push(key);
            }
        }
    }
    if let Some(name) = &options.filename {
        if fields.iter().any(|f| f.name().eq_ignore_ascii_case(name)) {
            let message = format!("the files have a column `{name}` already");
            return Err(problem(
                Code::InvalidOption,
                message,
                Some("write another name, `filename = 'path'`".to_owned()),
                options.place("filename", call),
            ));
        }
        fields.push(Field::new(name, DataType::Utf8, false));
    }
    Ok(Shape(Arc::new(Inner { format, packing: options.compression, file_schema, schema: Arc::new(Schema::new(fields)), folders })))
}

/// The columns that a call gives, as [`sniff`] finds them.
///
/// # Errors
/// As [`sniff`].
pub fn schema(call: &ReadCall, contract: &[Setting<ColumnContract>], samples: &[Sample]) -> Result<SchemaRef, Vec<Problem>> {
    sniff(call, contract, samples).map(|shape| Arc::clone(shape.schema()))
}

struct KnownTypes {
    by_call: Vec<(Option<String>, DataType)>,
    by_contract: Vec<(String, DataType)>,
}

impl Typed for KnownTypes {
    fn data_type(&self, name: &str, place: usize) -> Option<DataType> {
        let by_call = self.by_call.iter().enumerate().find(|(i, (known, _))| match known {
            Some(known) => known.eq_ignore_ascii_case(name),
            None => *i == place,
        });
        let by_contract = || self.by_contract.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, t)| t.clone());
        by_call.map(|(_, (_, data_type))| data_type.clone()).or_else(by_contract)
    }
}

fn contract_types(contract: &[Setting<ColumnContract>]) -> Vec<(String, DataType)> {
    let typed = |column: &Setting<ColumnContract>| {
        let data_type = column.data_type.as_ref()?;
        // A type that files cannot have is the contract's affair, checked against the query's result.
        types::parse(data_type).ok().map(|data_type| (column.name.clone(), data_type))
    };
    contract.iter().filter_map(typed).collect()
}

fn typed_columns(
    columns: &[(String, String)],
    option: &'static str,
    options: &Options,
    call: &ReadCall,
) -> Result<Vec<(String, DataType)>, Vec<Problem>> {
    let mut typed = Vec::with_capacity(columns.len());
    let mut problems = Vec::new();
    for (name, written) in columns {
        match types::parse(written) {
            Ok(data_type) => typed.push((name.clone(), data_type)),
            Err((what, help)) => {
                let of = if name.is_empty() { String::new() } else { format!(", the type of `{name}`") };
                problems.push(Problem {
                    code: Code::InvalidOption,
                    message: format!("in `{option}`{of}: {what}"),
                    help,
                    range: options.place(option, call),
                });
            }
        }
    }
    for (i, (name, _)) in columns.iter().enumerate() {
        if !name.is_empty() && columns[..i].iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            let message = format!("`{option}` names the column `{name}` twice");
            problems.push(Problem { code: Code::InvalidOption, message, help: None, range: options.place(option, call) });
        }
    }
    if problems.is_empty() { Ok(typed) } else { Err(problems) }
}

fn heads(options: &Options, samples: &[Sample]) -> Result<Vec<(Vec<u8>, bool)>> {
    let most = usize::try_from(SAMPLE_BYTES).unwrap_or(usize::MAX);
    let mut heads = Vec::with_capacity(samples.len());
    for sample in samples {
        let packing = if options.compression == Packing::Auto { unpack::detect(&sample.bytes) } else { options.compression };
        let head = unpack::head(packing, &sample.bytes, most)
            .map_err(|e| super::refusal::unreadable(&sample.path, e.0, super::refusal::HELP_FILE))?;
        let whole = sample.whole && (packing == Packing::None || head.len() < most);
        let head = head.strip_prefix(BOM).map(<[u8]>::to_vec).unwrap_or(head);
        heads.push((head, whole));
    }
    Ok(heads)
}

/// Keys and values of the folders in a path.
pub(super) fn folders(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').filter_map(|part| part.split_once('=')).filter(|(key, _)| !key.is_empty())
}

/// Columns from folders, typed as DuckDB does: dates, timestamps and whole numbers, else text.
fn folder_columns(samples: &[Sample]) -> Vec<(String, DataType)> {
    let mut columns: Vec<(String, Guess)> = Vec::new();
    for sample in samples {
        for (key, value) in folders(&sample.path) {
            let place = columns.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
                columns.push((key.to_owned(), Guess::new(&Formats::default())));
                columns.len() - 1
            });
            columns[place].1.add(value.as_bytes(), Notation::default());
        }
    }
    let kept = |data_type: DataType| match data_type {
        DataType::Int64 | DataType::Date32 | DataType::Timestamp(_, None) => data_type,
        _ => DataType::Utf8,
    };
    columns.into_iter().map(|(key, guess)| (key, kept(guess.data_type()))).collect()
}
