//! CSV bytes to record batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

use super::tokens::{Field, Step, count_lines, end_of_line, line_end};
use super::{CsvShape, Match, column_names};
use crate::error::{Code, Error, Result, counted, nearest};
use crate::files::columns::TextColumn;
use crate::files::refusal::{Counts, HELP_SHAPE, HELP_TYPE, Refusal, column_of, shown};
use crate::types::sql_type;

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// A batch ends when its text has this many bytes, however few its rows.
const BATCH_BYTES: usize = 16 << 20;

/// Reads one file: bytes go into [`room`](Self::room), batches come out of [`next`](Self::next).
pub(in crate::files) struct Decoder {
    shape: Arc<CsvShape>,
    path: Arc<str>,
    counts: Arc<Counts>,
    schema: SchemaRef,
    batch_rows: usize,
    /// Which columns of the shape are read.
    wanted: Vec<usize>,
    columns: Vec<TextColumn>,
    keep: Vec<bool>,
    dropped: bool,
    /// Where in a record each wanted column is.
    places: Vec<Option<usize>>,
    /// How many values a record has.
    width: usize,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    /// The buffer is UTF-8 up to here.
    checked: usize,
    stage: Stage,
    fields: Vec<Field>,
    scratch: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Skip(usize),
    Header,
    Rows,
}

impl Decoder {
    /// `wanted` are columns of the shape, and `schema` theirs.
    pub fn new(shape: &Arc<CsvShape>, path: &str, wanted: Vec<usize>, schema: SchemaRef, batch_rows: usize, counts: &Arc<Counts>) -> Self {
        let columns = wanted
            .iter()
            .map(|i| &shape.columns[*i])
            .map(|column| TextColumn::new(&column.data_type, column.format.clone(), shape.notation))
            .collect();
        Self {
            shape: Arc::clone(shape),
            path: Arc::from(path),
            counts: Arc::clone(counts),
            schema,
            batch_rows,
            wanted,
            columns,
            keep: Vec::new(),
            dropped: false,
            places: Vec::new(),
            width: 0,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            checked: 0,
            stage: Stage::Start,
            fields: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Where more of the file goes.
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.checked = self.checked.saturating_sub(self.at);
            self.at = 0;
        }
        &mut self.buffer
    }

    /// The next batch; `None` when more bytes are needed, or, with `ended`, when there is nothing left.
    pub fn next(&mut self, ended: bool) -> Result<Option<RecordBatch>> {
        loop {
            match self.stage {
                Stage::Start => {
                    if self.buffer.len() < BOM.len() && !ended {
                        return Ok(None);
                    }
                    if self.buffer.starts_with(b"\xFF\xFE") || self.buffer.starts_with(b"\xFE\xFF") {
                        return Err(Error::new(Code::MalformedFile, format!("`{}` is UTF-16, not UTF-8", self.path))
                            .with_help("save the file as UTF-8"));
                    }
                    if self.buffer.starts_with(BOM) {
                        self.at = BOM.len();
                    }
                    self.checked = self.at;
                    self.stage = Stage::Skip(self.shape.skip);
                }
                Stage::Skip(0) => self.stage = if self.shape.header { Stage::Header } else { self.without_header() },
                Stage::Skip(left) => match end_of_line(&self.buffer, self.at, ended).and_then(|end| line_end(&self.buffer, end, ended)) {
                    Some(next) if next > self.at => {
                        self.line += 1;
                        self.at = next;
                        self.checked = self.checked.max(next);
                        self.stage = Stage::Skip(left - 1);
                    }
                    Some(_) => return Ok(None),
                    None => return self.more(),
                },
                Stage::Header | Stage::Rows => return self.records(ended),
            }
        }
    }

    fn records(&mut self, ended: bool) -> Result<Option<RecordBatch>> {
        let shape = Arc::clone(&self.shape);
        while self.at < self.buffer.len() {
            let mut fields = std::mem::take(&mut self.fields);
            let step = shape.dialect.step(&self.buffer, self.at, ended, &mut fields);
            self.fields = fields;
            match step {
                Step::More => return self.more(),
                Step::Comment(next) => self.advance(next, 1),
                Step::Blank(next) => {
                    // In a file of one column an empty line is a NULL.
                    if self.stage == Stage::Rows && self.width == 1 {
                        self.fields.push(Field { start: self.at, end: self.at, quoted: false, escaped: false });
                        self.row(next)?;
                    }
                    self.advance(next, 1);
                }
                Step::Broken { at, next, what } => {
                    let line = self.line + count_lines(&self.buffer[self.at..at]);
                    self.refuse(at, line, what.to_owned(), HELP_SHAPE)?;
                    self.advance(next, 1);
                    self.checked = self.checked.max(next);
                }
                Step::Record(next) => {
                    if next - self.at > shape.max_line_bytes {
                        self.too_long(next - self.at)?;
                    } else if self.is_text(next)? {
                        if self.stage == Stage::Header {
                            self.header()?;
                            self.stage = Stage::Rows;
                        } else {
                            self.row(next)?;
                        }
                    }
                    let lines = if self.fields.iter().any(|f| f.quoted) { count_lines(&self.buffer[self.at..next]) } else { 1 };
                    self.advance(next, lines);
                }
            }
            if self.keep.len() >= self.batch_rows || self.columns.iter().map(TextColumn::text_bytes).sum::<usize>() >= BATCH_BYTES {
                return self.batch().map(Some);
            }
        }
        if ended && !self.keep.is_empty() { self.batch().map(Some) } else { Ok(None) }
    }

    fn advance(&mut self, next: usize, lines: u64) {
        self.at = next;
        self.line += lines;
    }

    /// More bytes are needed, if the record may be that long.
    fn more(&mut self) -> Result<Option<RecordBatch>> {
        let bytes = self.buffer.len() - self.at;
        if bytes > self.shape.max_line_bytes {
            // Nothing tells where the next record begins: this one cannot be left out.
            let what = format!("a row is longer than {} bytes", self.shape.max_line_bytes);
            let refusal = Refusal { path: &self.path, line: self.line, column: 1, what, help: "close the quote, or raise `max_line_size`" };
            refusal.raise(false, &self.counts)?;
        }
        Ok(None)
    }

    fn too_long(&mut self, bytes: usize) -> Result<()> {
        let what = format!("a row of {bytes} bytes is longer than {}", self.shape.max_line_bytes);
        self.refuse(self.at, self.line, what, "close the quote, or raise `max_line_size`")
    }

    fn refuse(&self, at: usize, line: u64, what: String, help: &'static str) -> Result<()> {
        let column = column_of(&self.buffer[self.at..], at.saturating_sub(self.at));
        Refusal { path: &self.path, line, column, what, help }.raise(self.shape.ignore_errors && self.stage == Stage::Rows, &self.counts)
    }

    /// Whether the record is UTF-8; if not, it is refused.
    fn is_text(&mut self, next: usize) -> Result<bool> {
        while next > self.checked {
            match std::str::from_utf8(&self.buffer[self.checked..]) {
                Ok(_) => self.checked = self.buffer.len(),
                Err(e) if self.checked + e.valid_up_to() >= next => self.checked += e.valid_up_to(),
                Err(e) => {
                    let at = self.checked + e.valid_up_to();
                    self.checked = next;
                    let line = self.line + count_lines(&self.buffer[self.at..at]);
                    self.refuse(at, line, format!("the byte 0x{:02X} is not UTF-8", self.buffer[at]), "save the file as UTF-8")?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn without_header(&mut self) -> Stage {
        self.width = self.shape.columns.len();
        self.places = self.wanted.iter().map(|i| Some(*i)).collect();
        Stage::Rows
    }

    fn header(&mut self) -> Result<()> {
        let shape = Arc::clone(&self.shape);
        let mut found = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let text = shape.dialect.text(&self.buffer, *field, &mut self.scratch);
            found.push(Some(String::from_utf8_lossy(text).into_owned()));
        }
        if shape.null_padding && found.len() < shape.columns.len() {
            found.resize(shape.columns.len(), None);
        }
        let names = column_names(found, &shape.names, shape.normalize_names);
        self.width = names.len();
        let place = |name: &str| names.iter().position(|n| n.eq_ignore_ascii_case(name));
        let by_name: Vec<Option<usize>> = shape.columns.iter().map(|column| place(&column.name)).collect();
        let places = match shape.columns.iter().zip(&by_name).find(|(_, place)| place.is_none()) {
            Some((missing, _)) if shape.match_by == Match::Name => {
                let what = format!("the file has no column `{}`, which other files of the zone have", missing.name);
                let help = match nearest(&missing.name, names.iter().map(String::as_str)) {
                    Some(near) => format!("rename its column `{near}`, or set `union_by_name = true`"),
                    None => "set `union_by_name = true`".to_owned(),
                };
                return Err(crate::files::refusal::unreadable(&self.path, format!("line {}: {what}", self.line), &help));
            }
            Some(_) if shape.match_by == Match::NameElsePlace => {
                if names.len() != shape.columns.len() {
                    let what = format!(
                        "line {}: `columns` lists {}, the file has {}",
                        self.line,
                        counted(shape.columns.len(), "column"),
                        names.len()
                    );
                    return Err(crate::files::refusal::unreadable(&self.path, what, "list the columns by the names of the header"));
                }
                (0..shape.columns.len()).map(Some).collect()
            }
            _ => by_name,
        };
        self.places = self.wanted.iter().map(|i| places[*i]).collect();
        Ok(())
    }

    fn row(&mut self, next: usize) -> Result<()> {
        let mut found = self.fields.len();
        if found == self.width + 1 && self.fields.last().is_some_and(|f| f.start == f.end && !f.quoted) {
            // `1,2,` in a file of two columns: lines may end in a delimiter.
            found = self.width;
        }
        if found > self.width || found < self.width && !self.shape.null_padding {
            let at = if found > self.width {
                self.fields[self.width].start
            } else {
                end_of_line(&self.buffer[..next], self.fields[found - 1].end, true).unwrap_or(next)
            };
            let line = self.line + count_lines(&self.buffer[self.at..at]);
            let are = if self.width == 1 { "is" } else { "are" };
            return self.refuse(
                at,
                line,
                format!("the row has {}, and {} {are} expected", counted(found, "value"), counted(self.width, "column")),
                HELP_SHAPE,
            );
        }
        let mut good = true;
        for i in 0..self.columns.len() {
            let field = match self.places[i] {
                Some(place) if good && place < found => self.fields[place],
                _ => {
                    self.columns[i].append_null();
                    continue;
                }
            };
            let text = self.shape.dialect.text(&self.buffer, field, &mut self.scratch);
            let null = !(field.quoted && self.shape.quoted_values_are_not_null) && self.shape.nulls.iter().any(|null| null == text);
            if null {
                self.columns[i].append_null();
            } else if !self.columns[i].append(text) {
                good = false;
                let column = &self.shape.columns[self.wanted[i]];
                let format = column.format.as_ref().map(|f| format!(" written `{}`", f.text)).unwrap_or_default();
                let what = format!("column `{}` is {}{format}, found {}", column.name, sql_type(&column.data_type), shown(text));
                let line = self.line + count_lines(&self.buffer[self.at..field.start]);
                self.refuse(field.start, line, what, HELP_TYPE)?;
            }
        }
        self.dropped |= !good;
        self.keep.push(good);
        Ok(())
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let internal =
            |e: arrow::error::ArrowError| Error::new(Code::Internal, format!("a batch of `{}` cannot be made", self.path)).with_source(e);
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(TextColumn::finish).collect::<Result<_, _>>().map_err(internal)?;
        let keep = std::mem::take(&mut self.keep);
        let options = RecordBatchOptions::new().with_row_count(Some(keep.len()));
        let mut batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(internal)?;
        if std::mem::take(&mut self.dropped) {
            batch = filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(internal)?;
        }
        self.counts.add_rows(batch.num_rows());
        Ok(batch)
    }
}
