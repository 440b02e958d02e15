//! The options of the read functions: one table, from which calls are read and `docs/reference/landing.md` is made.

use std::ops::Range;

use crate::dialect::{OptionValue, Problem, ReadCall, ReadFunction};
use crate::error::{Code, nearest};

/// What an option does and who takes it.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// The name, as DuckDB has it.
    pub name: &'static str,
    /// Other names for the same option.
    pub aliases: &'static [&'static str],
    /// The functions that take it: `csv`, `json`, `parquet`.
    pub functions: &'static [&'static str],
    /// What it takes, in words.
    pub takes: &'static str,
    /// The default, in words.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

const fn option(
    name: &'static str,
    aliases: &'static [&'static str],
    functions: &'static [&'static str],
    takes: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> OptionSpec {
    OptionSpec { name, aliases, functions, takes, default, meaning }
}

const CSV: &[&str] = &["csv"];
const JSON: &[&str] = &["json"];
const TEXT: &[&str] = &["csv", "json"];
const PARQUET: &[&str] = &["parquet"];
const ALL: &[&str] = &["csv", "json", "parquet"];

/// Every option that rat reads.
pub const OPTIONS: &[OptionSpec] = &[
    option("filename", &[], ALL, "true, false or a column name", "false", "adds a column with the file's path in the lake"),
    option(
        "union_by_name",
        &[],
        ALL,
        "true or false",
        "false",
        "the columns are those of all files, by name; a file without one has NULL there",
    ),
    option("hive_partitioning", &[], ALL, "true or false", "false", "adds a column for every `key=value` folder in the file's path"),
    option(
        "compression",
        &[],
        TEXT,
        "'auto', 'none', 'gzip' or 'zstd'",
        "'auto'",
        "how the files are packed; 'auto' looks at their first bytes",
    ),
    option("columns", &[], TEXT, "{'name': 'TYPE'}", "sniffed", "the columns and their types; nothing is sniffed then"),
    option("auto_detect", &[], TEXT, "true or false", "true", "whether what is not set is found out from a sample"),
    option(
        "sample_size",
        &[],
        TEXT,
        "a number, or -1",
        "20480",
        "how many rows of a file the sample has at most; it never exceeds 1 MiB of a file",
    ),
    option("ignore_errors", &[], TEXT, "true or false", "false", "leaves out rows that cannot be read, and counts them"),
    option("dateformat", &["date_format"], TEXT, "a format such as '%d/%m/%Y'", "sniffed", "how dates are written"),
    option("timestampformat", &["timestamp_format"], TEXT, "a format such as '%d/%m/%Y %H:%M'", "sniffed", "how timestamps are written"),
    option("header", &[], CSV, "true or false", "sniffed", "whether the first line holds the names of the columns"),
    option("delim", &["sep", "delimiter"], CSV, "1 to 4 bytes", "sniffed among , | ; and tab", "what stands between two values"),
    option("quote", &[], CSV, "one character, or ''", "sniffed among double and single quotes", "what stands around a value"),
    option("escape", &[], CSV, "one character, or ''", "sniffed: the quote, or a backslash", "what stands before a quote inside quotes"),
    option("comment", &[], CSV, "one character, or ''", "''", "what begins a comment, which goes to the end of the line"),
    option("skip", &[], CSV, "a number", "0", "how many lines at the top of each file are left out"),
    option("names", &["column_names"], CSV, "['name', ...]", "the header", "the names of the first columns"),
    option("types", &["dtypes", "column_types"], CSV, "{'name': 'TYPE'} or ['TYPE', ...]", "sniffed", "the types of some columns"),
    option("all_varchar", &[], CSV, "true or false", "false", "every column is text"),
    option("nullstr", &["null"], CSV, "'text' or ['text', ...]", "''", "what stands for NULL"),
    option("allow_quoted_nulls", &[], CSV, "true or false", "true", "whether a value in quotes can be NULL"),
    option("decimal_separator", &[], CSV, "'.' or ','", "'.'", "what stands before the decimals of a number"),
    option("thousands", &[], CSV, "one character", "none", "what groups the digits of a number"),
    option("null_padding", &[], CSV, "true or false", "false", "a row with too few values has NULL in the rest"),
    option(
        "strict_mode",
        &[],
        CSV,
        "true or false",
        "true",
        "whether text after a closing quote is an error; if not, it belongs to the value",
    ),
    option("max_line_size", &["maximum_line_size"], CSV, "a number of bytes", "2000000", "the longest row"),
    option("normalize_names", &[], CSV, "true or false", "false", "names in lower case, with `_` for what is not a letter or digit"),
    option("encoding", &[], CSV, "'utf-8'", "'utf-8'", "how text is written; rat reads UTF-8 only"),
    option("format", &[], JSON, "'auto', 'newline_delimited', 'array' or 'unstructured'", "'auto'", "how records follow each other"),
    option("maximum_depth", &[], JSON, "a number, or -1", "-1", "how deep types are sniffed; what is below is JSON text"),
    option("maximum_object_size", &[], JSON, "a number of bytes", "16777216", "the longest record"),
    option("binary_as_string", &[], PARQUET, "true or false", "false", "reads binary columns as text"),
];

/// Options DuckDB has that rat does not, each with the way out.
pub(super) const UNSUPPORTED: &[(&[&str], &str, &str)] = &[
    (CSV, "buffer_size", "remove it: rat reads in pieces of its own"),
    (CSV, "parallel", "remove it: rat reads files in parallel by itself"),
    (CSV, "new_line", "remove it: every kind of line end is read"),
    (CSV, "rejects_table", "set `ignore_errors = true`: the run report counts the refused rows"),
    (CSV, "rejects_scan", "set `ignore_errors = true`: the run report counts the refused rows"),
    (CSV, "rejects_limit", "set `ignore_errors = true`: the run report counts the refused rows"),
    (CSV, "store_rejects", "set `ignore_errors = true`: the run report counts the refused rows"),
    (CSV, "force_not_null", "use coalesce(column, '') in the query"),
    (CSV, "auto_type_candidates", "set `types` for the columns that need it"),
    (CSV, "files_to_sniff", "remove it: the first 10 files are sniffed, or all with `union_by_name`"),
    (JSON, "records", "remove it: objects are records, anything else is one column"),
    (JSON, "convert_strings_to_integers", "cast in the query"),
    (JSON, "field_appearance_threshold", "set `columns`"),
    (JSON, "map_inference_threshold", "set `columns`"),
    (JSON, "maximum_sample_files", "remove it: the first 10 files are sniffed, or all with `union_by_name`"),
    (PARQUET, "schema", "remove it: columns match by name"),
    (PARQUET, "encryption_config", "decrypt the files before they are landed"),
    (PARQUET, "debug_use_openssl", "remove it"),
    (PARQUET, "explicit_cardinality", "remove it"),
    (PARQUET, "file_row_number", "number the rows in the query"),
    (PARQUET, "can_have_nan", "remove it"),
    (PARQUET, "compression", "remove it: Parquet files say themselves how they are packed"),
    (ALL, "hive_types", "cast in the query"),
    (ALL, "hive_types_autocast", "cast in the query"),
    (ALL, "allow_moved_paths", "remove it"),
];

/// The word by which the table names a function.
pub(super) fn kind_of(function: ReadFunction) -> &'static str {
    match function {
        ReadFunction::Csv => "csv",
        ReadFunction::Json | ReadFunction::Ndjson => "json",
        ReadFunction::Parquet => "parquet",
    }
}

/// The function as users write it.
pub(super) fn name_of(function: ReadFunction) -> &'static str {
    match function {
        ReadFunction::Csv => "read_csv",
        ReadFunction::Json => "read_json",
        ReadFunction::Ndjson => "read_ndjson",
        ReadFunction::Parquet => "read_parquet",
    }
}

/// How files are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Packing {
    #[default]
    Auto,
    None,
    Gzip,
    Zstd,
}

/// How JSON records follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum JsonFormat {
    #[default]
    Auto,
    Newline,
    Array,
    Unstructured,
}

/// The types of some columns, by name or by place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Types {
    Named(Vec<(String, String)>),
    Placed(Vec<String>),
}

/// The options of one call, read and checked. What is `None` was not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Options {
    pub filename: Option<String>,
    pub union_by_name: bool,
    pub hive_partitioning: bool,
    pub compression: Packing,
    pub columns: Option<Vec<(String, String)>>,
    pub auto_detect: Option<bool>,
    pub sample_rows: Option<usize>,
    pub ignore_errors: bool,
    pub date_format: Option<String>,
    pub timestamp_format: Option<String>,
    pub header: Option<bool>,
    pub delim: Option<Vec<u8>>,
    pub quote: Option<Option<u8>>,
    pub escape: Option<Option<u8>>,
    pub comment: Option<u8>,
    pub skip: Option<usize>,
    pub names: Vec<String>,
    pub types: Option<Types>,
    pub all_varchar: bool,
    pub null_texts: Option<Vec<String>>,
    pub quoted_values_are_not_null: bool,
    pub decimal_comma: bool,
    pub thousands: Option<u8>,
    pub null_padding: bool,
    pub lenient: bool,
    pub max_line_bytes: Option<usize>,
    pub normalize_names: bool,
    pub format: JsonFormat,
    pub maximum_depth: Option<usize>,
    pub max_object_bytes: Option<usize>,
    pub binary_as_string: bool,
    /// Where an option was written, for problems found later.
    pub places: Vec<(&'static str, Range<usize>)>,
}

impl Options {
    /// Reads the options of a call; all problems at once.
    pub fn read(call: &ReadCall) -> Result<Self, Vec<Problem>> {
        let mut options = Options::default();
        let mut problems = Vec::new();
        for (name, value, range) in &call.options {
            let outcome = find(call.function, name).and_then(|spec| {
                if options.places.iter().any(|(seen, _)| *seen == spec.name) {
                    return Err((format!("option `{name}` is given twice"), Some("remove one of the two".to_owned())));
                }
                options.places.push((spec.name, range.clone()));
                options.set(spec, value).map_err(|found| (format!("option `{name}` takes {}, found {found}", spec.takes), None))
            });
            if let Err((message, help)) = outcome {
                problems.push(Problem { code: Code::InvalidOption, message, help, range: range.clone() });
            }
        }
        if problems.is_empty() { Ok(options) } else { Err(problems) }
    }

    /// The place where an option was written, or the whole call.
    pub fn place(&self, name: &str, call: &ReadCall) -> Range<usize> {
        self.places.iter().find(|(seen, _)| *seen == name).map_or_else(|| call.range.clone(), |(_, range)| range.clone())
    }

    fn set(&mut self, spec: &OptionSpec, value: &OptionValue) -> Result<(), String> {
        match spec.name {
            "filename" => {
                self.filename = match value {
                    OptionValue::Text(name) if !name.is_empty() => Some(name.clone()),
                    other => flag(other)?.then(|| "filename".to_owned()),
                }
            }
            "union_by_name" => self.union_by_name = flag(value)?,
            "hive_partitioning" => self.hive_partitioning = flag(value)?,
            "compression" => {
                self.compression = match text(value)?.to_ascii_lowercase().as_str() {
                    "auto" | "auto_detect" => Packing::Auto,
                    "none" | "uncompressed" => Packing::None,
                    "gzip" | "gz" => Packing::Gzip,
                    "zstd" | "zst" => Packing::Zstd,
                    other => return Err(format!("`{other}`")),
                }
            }
            "columns" => self.columns = Some(named(value)?),
            "auto_detect" => self.auto_detect = Some(flag(value)?),
            "sample_size" => self.sample_rows = count(value)?,
            "ignore_errors" => self.ignore_errors = flag(value)?,
            "dateformat" => self.date_format = format(value)?,
            "timestampformat" => self.timestamp_format = format(value)?,
            "header" => self.header = Some(flag(value)?),
            "delim" => {
                let delim = text(value)?.replace("\\t", "\t").into_bytes();
                if !(1..=4).contains(&delim.len()) || delim.iter().any(|b| matches!(b, b'\n' | b'\r')) {
                    return Err(show(value));
                }
                self.delim = Some(delim);
            }
            "quote" => self.quote = Some(byte(value)?),
            "escape" => self.escape = Some(byte(value)?),
            "comment" => self.comment = byte(value)?,
            "skip" => self.skip = Some(count(value)?.ok_or_else(|| show(value))?),
            "names" => self.names = texts(value)?,
            "types" => {
                self.types = Some(match value {
                    OptionValue::List(_) => Types::Placed(texts(value)?),
                    other => Types::Named(named(other)?),
                })
            }
            "all_varchar" => self.all_varchar = flag(value)?,
            "nullstr" => {
                self.null_texts = Some(match value {
                    OptionValue::Text(one) => vec![one.clone()],
                    other => texts(other)?,
                })
            }
            "allow_quoted_nulls" => self.quoted_values_are_not_null = !flag(value)?,
            "decimal_separator" => {
                self.decimal_comma = match text(value)? {
                    "." => false,
                    "," => true,
                    _ => return Err(show(value)),
                }
            }
            "thousands" => self.thousands = byte(value)?,
            "null_padding" => self.null_padding = flag(value)?,
            "strict_mode" => self.lenient = !flag(value)?,
            "max_line_size" => self.max_line_bytes = Some(count(value)?.filter(|n| *n > 0).ok_or_else(|| show(value))?),
            "normalize_names" => self.normalize_names = flag(value)?,
            "encoding" => {
                if !matches!(text(value)?.to_ascii_lowercase().as_str(), "utf-8" | "utf8") {
                    return Err(show(value));
                }
            }
            "format" => {
                self.format = match text(value)?.to_ascii_lowercase().as_str() {
                    "auto" => JsonFormat::Auto,
                    "newline_delimited" | "nd" => JsonFormat::Newline,
                    "array" => JsonFormat::Array,
                    "unstructured" => JsonFormat::Unstructured,
                    other => return Err(format!("`{other}`")),
                }
            }
            "maximum_depth" => self.maximum_depth = count(value)?,
            "maximum_object_size" => self.max_object_bytes = Some(count(value)?.filter(|n| *n > 0).ok_or_else(|| show(value))?),
            "binary_as_string" => self.binary_as_string = flag(value)?,
            other => unreachable!("`{other}` is in the table of options and is not read"),
        }
        Ok(())
    }
}

type Refusal = (String, Option<String>);

fn find(function: ReadFunction, name: &str) -> Result<&'static OptionSpec, Refusal> {
    let kind = kind_of(function);
    let taken = || OPTIONS.iter().filter(|spec| spec.functions.contains(&kind));
    let same = |spec: &&OptionSpec| spec.name.eq_ignore_ascii_case(name) || spec.aliases.iter().any(|a| a.eq_ignore_ascii_case(name));
    if let Some(spec) = taken().find(same) {
        return Ok(spec);
    }
    let function = name_of(function);
    if let Some((_, _, way_out)) = UNSUPPORTED.iter().find(|(kinds, known, _)| kinds.contains(&kind) && known.eq_ignore_ascii_case(name)) {
        return Err((format!("option `{name}` of `{function}` is not supported"), Some((*way_out).to_owned())));
    }
    let names = taken().flat_map(|spec| std::iter::once(spec.name).chain(spec.aliases.iter().copied()));
    let help = match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of {}", taken().map(|spec| format!("`{}`", spec.name)).collect::<Vec<_>>().join(", ")),
    };
    Err((format!("`{function}` has no option `{name}`"), Some(help)))
}

fn show(value: &OptionValue) -> String {
    match value {
        OptionValue::Null => "NULL".to_owned(),
        OptionValue::Bool(b) => format!("`{b}`"),
        OptionValue::Integer(n) => format!("`{n}`"),
        OptionValue::Number(n) => format!("`{n}`"),
        OptionValue::Text(text) => format!("'{text}'"),
        OptionValue::List(_) => "a list".to_owned(),
        OptionValue::Struct(_) => "a struct".to_owned(),
    }
}

fn flag(value: &OptionValue) -> Result<bool, String> {
    match value {
        OptionValue::Bool(b) => Ok(*b),
        OptionValue::Integer(n @ (0 | 1)) => Ok(*n == 1),
        OptionValue::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        OptionValue::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(show(other)),
    }
}

fn text(value: &OptionValue) -> Result<&str, String> {
    match value {
        OptionValue::Text(text) => Ok(text),
        other => Err(show(other)),
    }
}

/// A number; -1, "no limit", is `None`.
fn count(value: &OptionValue) -> Result<Option<usize>, String> {
    match value {
        OptionValue::Integer(-1) => Ok(None),
        OptionValue::Integer(n) => usize::try_from(*n).map(Some).map_err(|_| show(value)),
        other => Err(show(other)),
    }
}

fn byte(value: &OptionValue) -> Result<Option<u8>, String> {
    match text(value)?.as_bytes() {
        [] => Ok(None),
        [one] if one.is_ascii() && !matches!(one, b'\n' | b'\r') => Ok(Some(*one)),
        _ => Err(show(value)),
    }
}

fn format(value: &OptionValue) -> Result<Option<String>, String> {
    let format = text(value)?;
    if format.is_empty() || format.eq_ignore_ascii_case("iso") || format.eq_ignore_ascii_case("auto") {
        return Ok(None);
    }
    if super::moments::is_format(format) { Ok(Some(format.to_owned())) } else { Err(show(value)) }
}

fn texts(value: &OptionValue) -> Result<Vec<String>, String> {
    match value {
        OptionValue::List(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        other => Err(show(other)),
    }
}

fn named(value: &OptionValue) -> Result<Vec<(String, String)>, String> {
    match value {
        OptionValue::Struct(fields) if !fields.is_empty() => {
            fields.iter().map(|(name, of)| text(of).map(|of| (name.clone(), of.to_owned()))).collect()
        }
        OptionValue::Struct(_) => Err("an empty struct".to_owned()),
        other => Err(show(other)),
    }
}
