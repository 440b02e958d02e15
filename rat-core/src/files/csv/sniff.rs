//! What a CSV file looks like: what separates and quotes, whether there is a header, which types the columns have.
//!
//! The model is DuckDB's sniffer. One departure: the first record decides how many columns there are. DuckDB may drop the header and the
//! rows before a ragged one, or read the whole line as one column; here the ragged row is a `MALFORMED_FILE` at its place.

use arrow::datatypes::DataType;

use super::tokens::{Dialect, Field, Step, end_of_line, line_end};
use super::{CsvColumn, CsvShape, Match, column_names};
use crate::error::counted;
use crate::files::guess::{Formats, Guess};
use crate::files::moments::Format;
use crate::files::numbers::Notation;
use crate::files::options::{Options, Types};

const DELIMS: [&[u8]; 4] = [b",", b"|", b";", b"\t"];
/// Quotes and escapes, in the order they are preferred.
const QUOTES: [(Option<u8>, Option<u8>); 5] =
    [(Some(b'"'), Some(b'"')), (Some(b'"'), Some(b'\\')), (Some(b'\''), Some(b'\'')), (Some(b'\''), Some(b'\\')), (None, None)];
/// Records looked at to find the delimiter; more would not change the answer, only the time.
const DIALECT_RECORDS: usize = 1000;
const SAMPLE_ROWS: usize = 20_480;
const MAX_LINE_BYTES: usize = 2_000_000;

/// A type problem: which option, and what to say.
pub(in crate::files) struct Refused {
    pub option: &'static str,
    pub message: String,
    pub help: Option<String>,
}

/// The type of a column by the options or the contract, if they set one.
pub(in crate::files) trait Typed {
    /// By name and place.
    fn data_type(&self, name: &str, place: usize) -> Option<DataType>;
}

/// Finds out what the files look like. `samples` are their heads, unpacked, without a byte-order mark, each with whether it is the whole
/// file; `declared` are the columns when the call lists them. `None`: there is nothing to find it out from.
pub(in crate::files) fn sniff(
    options: &Options,
    declared: Option<Vec<(String, DataType)>>,
    typed: &dyn Typed,
    samples: &[(Vec<u8>, bool)],
) -> Result<Option<CsvShape>, Refused> {
    let notation = Notation { decimal_comma: options.decimal_comma, thousands: options.thousands };
    let formats = Formats {
        date: options.date_format.as_deref().and_then(Format::new),
        timestamp: options.timestamp_format.as_deref().and_then(Format::new),
    };
    let nulls =
        options.null_texts.as_ref().map_or_else(|| vec![Vec::new()], |texts| texts.iter().map(|t| t.clone().into_bytes()).collect());
    let asked = options.skip.unwrap_or(0);
    let filled: Vec<(&[u8], bool)> = samples
        .iter()
        .map(|(bytes, whole)| (&bytes[skip_lines(bytes, asked)..], *whole))
        .filter(|(bytes, _)| bytes.iter().any(|b| !b.is_ascii_whitespace()))
        .collect();
    let guessing = options.auto_detect != Some(false);
    let (dialect, titles) = match filled.first() {
        Some((bytes, whole)) if guessing => dialect(options, bytes, *whole, notation, &formats),
        _ => (fixed(options, b",", (Some(b'"'), Some(b'"'))), 0),
    };
    let rows = options.sample_rows.unwrap_or(SAMPLE_ROWS);
    let files: Vec<Table<'_>> = filled
        .iter()
        .map(|(bytes, whole)| Table::read(&dialect, &bytes[skip_lines(bytes, titles)..], *whole, rows))
        .filter(|table| table.records() > 0)
        .collect();
    let shape = |header, columns, match_by| {
        Some(CsvShape {
            dialect: dialect.clone(),
            skip: asked + titles,
            header,
            columns,
            match_by,
            names: options.names.clone(),
            normalize_names: options.normalize_names,
            nulls: nulls.clone(),
            quoted_values_are_not_null: options.quoted_values_are_not_null,
            notation,
            null_padding: options.null_padding,
            ignore_errors: options.ignore_errors,
            max_line_bytes: options.max_line_bytes.unwrap_or(MAX_LINE_BYTES),
        })
    };
    let reader = Values { dialect: &dialect, nulls: &nulls, quoted_values_are_not_null: options.quoted_values_are_not_null, notation };
    let header = options
        .header
        .unwrap_or_else(|| guessing && files.first().is_some_and(|first| is_header(first, &reader, &formats, declared.as_deref())));
    let named = |table: &Table<'_>| {
        let width = if options.null_padding { table.width() } else { table.fields(0).len() };
        let names = (0..width).map(|i| if header { table.fields(0).get(i).and_then(|f| reader.name(table, *f)) } else { None }).collect();
        column_names(names, &options.names, options.normalize_names)
    };
    let by_name = match (header, options.union_by_name) {
        (false, _) => Match::Place,
        (true, true) => Match::NameOrNull,
        (true, false) if declared.is_some() => Match::NameElsePlace,
        (true, false) => Match::Name,
    };

    // The columns by name, with what their values say of their types.
    let mut columns: Vec<(String, Guess)> = match &declared {
        Some(columns) => columns.iter().map(|(name, _)| (name.clone(), Guess::new(&formats))).collect(),
        None => Vec::new(),
    };
    for (i, table) in files.iter().enumerate() {
        let names = named(table);
        if declared.is_none() && (i == 0 || options.union_by_name) {
            for name in &names {
                if !columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    columns.push((name.clone(), Guess::new(&formats)));
                }
            }
        }
        let known = |name: &String| columns.iter().position(|(column, _)| column.eq_ignore_ascii_case(name));
        let mut places: Vec<Option<usize>> = names.iter().map(known).collect();
        if declared.is_some() && places.iter().flatten().count() < columns.len() {
            places = (0..names.len()).map(|i| (i < columns.len()).then_some(i)).collect();
        }
        for record in usize::from(header)..table.records() {
            for (field, place) in table.fields(record).iter().zip(&places) {
                if let Some(place) = place {
                    reader.add(table, *field, &mut columns[*place].1);
                }
            }
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    if let Some(refused) = unknown_types(options, &columns) {
        return Err(refused);
    }
    let columns = columns
        .into_iter()
        .enumerate()
        .map(|(place, (name, guess))| {
            let set = declared.as_ref().map(|columns| columns[place].1.clone()).or_else(|| typed.data_type(&name, place));
            let data_type = match set {
                Some(data_type) => data_type,
                None if options.all_varchar || !guessing => DataType::Utf8,
                None => guess.data_type(),
            };
            CsvColumn { format: guess.format(&data_type), name, data_type }
        })
        .collect();
    Ok(shape(header, columns, by_name))
}

fn unknown_types(options: &Options, columns: &[(String, Guess)]) -> Option<Refused> {
    let refused = |message, help| Some(Refused { option: "types", message, help });
    match options.types.as_ref()? {
        Types::Placed(types) if types.len() > columns.len() => {
            refused(format!("`types` has {}, and the files have {}", counted(types.len(), "type"), counted(columns.len(), "column")), None)
        }
        Types::Placed(_) => None,
        Types::Named(types) => {
            let (missing, _) = types.iter().find(|(name, _)| !columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name)))?;
            let near = crate::error::nearest(missing, columns.iter().map(|(column, _)| column.as_str()));
            refused(
                format!("`types` names the column `{missing}`, which the files do not have"),
                near.map(|n| format!("did you mean `{n}`?")),
            )
        }
    }
}

/// Where the bytes begin after some lines.
pub(in crate::files) fn skip_lines(bytes: &[u8], lines: usize) -> usize {
    let mut at = 0;
    for _ in 0..lines {
        match end_of_line(bytes, at, true).and_then(|end| line_end(bytes, end, true)) {
            Some(next) => at = next,
            None => return bytes.len(),
        }
    }
    at
}

/// A sample in records.
struct Table<'a> {
    bytes: &'a [u8],
    fields: Vec<Field>,
    ends: Vec<usize>,
    /// Records that could not be read.
    broken: usize,
    quoted: bool,
}

impl<'a> Table<'a> {
    fn read(dialect: &Dialect, bytes: &'a [u8], whole: bool, most: usize) -> Self {
        let mut table = Table { bytes, fields: Vec::new(), ends: Vec::new(), broken: 0, quoted: false };
        let (mut at, mut record) = (0, Vec::new());
        while table.ends.len() < most && at < bytes.len() {
            match dialect.step(bytes, at, whole, &mut record) {
                Step::Record(next) => {
                    table.quoted |= record.iter().any(|f| f.quoted);
                    table.fields.append(&mut record);
                    table.ends.push(table.fields.len());
                    at = next;
                }
                Step::Blank(next) | Step::Comment(next) => at = next,
                Step::Broken { next, .. } => {
                    table.broken += 1;
                    at = next;
                }
                Step::More => break,
            }
        }
        table
    }

    fn records(&self) -> usize {
        self.ends.len()
    }

    fn fields(&self, record: usize) -> &[Field] {
        let start = if record == 0 { 0 } else { self.ends[record - 1] };
        &self.fields[start..self.ends[record]]
    }

    fn width(&self) -> usize {
        (0..self.records()).map(|i| self.fields(i).len()).max().unwrap_or(0)
    }

    /// Whether a record has as many values as there are columns, give or take an empty one at the end.
    fn is_regular(&self, record: usize, width: usize) -> bool {
        let fields = self.fields(record);
        fields.len() == width || fields.len() == width + 1 && fields.last().is_some_and(|f| f.start == f.end)
    }
}

/// How values are told from NULLs.
struct Values<'a> {
    dialect: &'a Dialect,
    nulls: &'a [Vec<u8>],
    quoted_values_are_not_null: bool,
    notation: Notation,
}

impl Values<'_> {
    fn is_null(&self, text: &[u8], field: Field) -> bool {
        !(field.quoted && self.quoted_values_are_not_null) && self.nulls.iter().any(|null| null == text)
    }

    fn add(&self, table: &Table<'_>, field: Field, guess: &mut Guess) {
        let mut scratch = Vec::new();
        let text = self.dialect.text(table.bytes, field, &mut scratch);
        if !self.is_null(text, field) {
            guess.add(text, self.notation);
        }
    }

    fn name(&self, table: &Table<'_>, field: Field) -> Option<String> {
        let mut scratch = Vec::new();
        let text = self.dialect.text(table.bytes, field, &mut scratch);
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// The types of the columns from some record on.
    fn guesses(&self, table: &Table<'_>, from: usize, formats: &Formats) -> Vec<Guess> {
        let width = table.fields(0).len();
        let mut guesses = vec![Guess::new(formats); width];
        for record in from..table.records() {
            for (field, guess) in table.fields(record).iter().zip(&mut guesses) {
                self.add(table, *field, guess);
            }
        }
        guesses
    }
}

/// Whether the first record holds names: where it would not fit the types of the rest, or where all is text.
fn is_header(table: &Table<'_>, values: &Values<'_>, formats: &Formats, declared: Option<&[(String, DataType)]>) -> bool {
    let first: Vec<(Vec<u8>, Field)> = table
        .fields(0)
        .iter()
        .map(|field| {
            let mut scratch = Vec::new();
            (values.dialect.text(table.bytes, *field, &mut scratch).to_vec(), *field)
        })
        .collect();
    if let Some(declared) = declared {
        let named = |text: &[u8]| declared.iter().any(|(name, _)| name.as_bytes().eq_ignore_ascii_case(text.trim_ascii()));
        if first.iter().all(|(text, _)| named(text)) {
            return true;
        }
        return first.iter().zip(declared).any(|((text, field), (_, data_type))| {
            let mut column = crate::files::columns::TextColumn::new(data_type, None, values.notation);
            *data_type != DataType::Utf8 && !values.is_null(text, *field) && !column.append(text) && !looks_like(text, data_type, formats)
        });
    }
    let guesses = values.guesses(table, usize::from(table.records() > 1), formats);
    if guesses.iter().all(|guess| guess.data_type() == DataType::Utf8) {
        return first.iter().any(|(text, field)| !values.is_null(text, *field));
    }
    if table.records() == 1 {
        return false;
    }
    first.iter().zip(&guesses).any(|((text, field), guess)| {
        guess.data_type() != DataType::Utf8 && !values.is_null(text, *field) && !guess.fits(text, values.notation)
    })
}

/// Whether a text is of a type in one of the formats that are tried for it.
fn looks_like(text: &[u8], data_type: &DataType, formats: &Formats) -> bool {
    let mut guess = Guess::new(formats);
    guess.add(text, Notation::default());
    guess.data_type() == *data_type
}

fn fixed(options: &Options, delim: &[u8], (quote, escape): (Option<u8>, Option<u8>)) -> Dialect {
    let quote = options.quote.unwrap_or(quote);
    Dialect {
        delim: options.delim.clone().unwrap_or_else(|| delim.to_vec()),
        quote,
        escape: options.escape.unwrap_or(if quote.is_none() {
            None
        } else if options.quote.is_some() && escape != Some(b'\\') {
            quote
        } else {
            escape
        }),
        comment: options.comment,
        lenient: options.lenient,
    }
}

/// The dialect, and how many lines at the top are titles.
fn dialect(options: &Options, bytes: &[u8], whole: bool, notation: Notation, formats: &Formats) -> (Dialect, usize) {
    let mut best: Option<(Score, Dialect, usize)> = None;
    for delim in DELIMS {
        for quotes in QUOTES {
            let candidate = fixed(options, delim, quotes);
            if best.as_ref().is_some_and(|(_, known, _)| *known == candidate) {
                continue;
            }
            let (score, titles) = score(&candidate, options, bytes, whole, notation, formats);
            if best.as_ref().is_none_or(|(known, _, _)| score > *known) {
                best = Some((score, candidate, titles));
            }
        }
    }
    best.map_or_else(|| (fixed(options, b",", QUOTES[0]), 0), |(_, dialect, titles)| (dialect, titles))
}

/// How well a dialect explains a sample; greater is better, field by field.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Score {
    /// At most a tenth of the records is broken: one bad quote among many good ones is an error to report, not a reason to read on
    /// without quotes.
    readable: bool,
    /// More than one column, in at least half of the records.
    divides: bool,
    /// The share of records with the same number of values.
    regular: f64,
    columns: usize,
    /// No record is broken.
    sound: bool,
    /// Its quotes occur.
    quotes: bool,
}

fn score(dialect: &Dialect, options: &Options, bytes: &[u8], whole: bool, notation: Notation, formats: &Formats) -> (Score, usize) {
    let table = Table::read(dialect, bytes, whole, DIALECT_RECORDS);
    let mut score = Score {
        readable: table.broken * 10 <= table.records(),
        divides: false,
        regular: 0.0,
        columns: 0,
        sound: table.broken == 0,
        quotes: table.quoted,
    };
    if table.records() == 0 {
        return (score, 0);
    }
    let (titles, table) = match titles(&table, dialect, options, notation, formats) {
        0 => (0, table),
        lines => (lines, Table::read(dialect, &bytes[skip_lines(bytes, lines)..], whole, DIALECT_RECORDS)),
    };
    if table.records() == 0 {
        return (score, 0);
    }
    let width = table.fields(0).len();
    let regular = (0..table.records()).filter(|i| table.is_regular(*i, width)).count();
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand records")]
    let share = regular as f64 / table.records() as f64;
    score.regular = if options.null_padding { 1.0 } else { share };
    score.columns = if options.null_padding { table.width() } else { width };
    score.divides = score.columns > 1 && (options.null_padding || share >= 0.5);
    if !score.divides {
        // One column: every record is one, whatever else is in it.
        score.regular = if width == 1 { share } else { 0.0 };
    }
    (score, titles)
}

/// Lines above the table: they do not divide, all records below do and alike, and either they are marked with `#` or the table below has a
/// header that its types tell from a row. Without that, a list of `Smith, John` under the heading `name` would lose its heading.
fn titles(table: &Table<'_>, dialect: &Dialect, options: &Options, notation: Notation, formats: &Formats) -> usize {
    if options.skip.is_some() || options.header == Some(false) || options.null_padding || table.broken > 0 || table.records() == 0 {
        return 0;
    }
    let last = table.records() - 1;
    let width = table.fields(last).len();
    let Some(start) = (0..=last).rev().take_while(|i| table.is_regular(*i, width)).last() else { return 0 };
    if start == 0 || width < 2 || last - start < 1 || start > 20 || (0..start).any(|i| table.fields(i).len() >= width) {
        return 0;
    }
    let marked = (0..start).all(|i| table.fields(i).first().is_some_and(|f| table.bytes[f.start..].starts_with(b"#")));
    let from = table.fields(start)[0].start - usize::from(table.fields(start)[0].quoted);
    let below = Table::read(dialect, &table.bytes[from..], true, table.records());
    let nulls = [Vec::new()];
    let values = Values { dialect, nulls: &nulls, quoted_values_are_not_null: false, notation };
    let telling = below.records() > 1
        && values.guesses(&below, 1, formats).iter().any(|guess| guess.data_type() != DataType::Utf8)
        && is_header(&below, &values, formats, None);
    if marked || telling { usize::try_from(super::tokens::count_lines(&table.bytes[..from])).unwrap_or(0) } else { 0 }
}
