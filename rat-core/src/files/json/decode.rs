//! JSON bytes to record batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use serde_json::Value;

use super::build::{Column, Misfit, unknown_key};
use super::split::{self, Into, Piece, Place};
use super::{JsonShape, Layout};
use crate::error::{Code, Error, Result};
use crate::files::refusal::{Counts, HELP_RECORD, Refusal, column_of};

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// A batch ends when its records had this many bytes, however few they are.
const BATCH_BYTES: usize = 16 << 20;

/// Reads one file, as the CSV decoder of the same name.
pub(in crate::files) struct Decoder {
    shape: Arc<JsonShape>,
    path: Arc<str>,
    counts: Arc<Counts>,
    schema: SchemaRef,
    batch_rows: usize,
    wanted: Vec<usize>,
    columns: Vec<Column>,
    keep: Vec<bool>,
    dropped: bool,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    layout: Option<Layout>,
    place: Place,
    started: bool,
    batch_bytes: usize,
    /// Characters of the line one is in that have left the buffer.
    gone: usize,
}

impl Decoder {
    /// `wanted` are columns of the shape, and `schema` theirs.
    pub fn new(shape: &Arc<JsonShape>, path: &str, wanted: Vec<usize>, schema: SchemaRef, batch_rows: usize, counts: &Arc<Counts>) -> Self {
        let columns = wanted.iter().map(|i| Column::new(&shape.columns[*i].kind, &shape.formats, shape.known_only)).collect();
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
            buffer: Vec::new(),
            at: 0,
            line: 1,
            layout: shape.layout,
            place: Place::default(),
            started: false,
            batch_bytes: 0,
            gone: 0,
        }
    }

    /// Where more of the file goes.
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.at > 0 {
            let newline = self.buffer[..self.at].contains(&b'\n');
            self.gone = column_of(&self.buffer, self.at) - 1 + if newline { 0 } else { self.gone };
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        &mut self.buffer
    }

    /// The next batch; `None` when more bytes are needed, or, with `ended`, when there is nothing left.
    pub fn next(&mut self, ended: bool) -> Result<Option<RecordBatch>> {
        if !self.started {
            if self.buffer.len() < BOM.len() && !ended {
                return Ok(None);
            }
            if self.buffer.starts_with(BOM) {
                self.at = BOM.len();
            }
            self.started = true;
        }
        let layout = match self.layout {
            Some(layout) => layout,
            None => {
                // The first line tells, once it is there.
                let head = &self.buffer[split::skip_space(&self.buffer, self.at)..];
                let enough = head.iter().position(|b| *b == b'\n').is_some_and(|n| split::skip_space(head, n) < head.len());
                if !enough && !ended && head.len() < self.shape.max_object_bytes {
                    return Ok(None);
                }
                *self.layout.insert(split::layout(head))
            }
        };
        loop {
            match split::next(layout, &mut self.place, &self.buffer, self.at, ended) {
                Piece::Value(start, end) => {
                    self.advance(start);
                    self.record(end)?;
                    self.batch_bytes += end - start;
                    self.advance(end);
                    if layout == Layout::Array {
                        self.place = Place::AfterValue;
                    }
                    if self.keep.len() >= self.batch_rows || self.batch_bytes >= BATCH_BYTES {
                        return self.batch().map(Some);
                    }
                }
                Piece::More(from) => {
                    self.advance(from);
                    if self.buffer.len() - self.at > self.shape.max_object_bytes {
                        let what = format!("a record is longer than {} bytes", self.shape.max_object_bytes);
                        self.refuse(0, what, "close the record, or raise `maximum_object_size`", false)?;
                    }
                    return Ok(None);
                }
                Piece::Broken(at, what) => {
                    // Nothing tells where the next record of a broken array begins.
                    self.refuse(at - self.at, what.to_owned(), HELP_RECORD, false)?;
                }
                Piece::End => {
                    self.at = self.buffer.len();
                    return if ended && !self.keep.is_empty() { self.batch().map(Some) } else { Ok(None) };
                }
            }
        }
    }

    fn advance(&mut self, to: usize) {
        self.line += self.buffer[self.at..to].iter().filter(|b| **b == b'\n').count() as u64;
        self.at = to;
    }

    /// Refuses something `inside` bytes behind the place one is at.
    fn refuse(&self, inside: usize, what: String, help: &'static str, ignore: bool) -> Result<()> {
        let at = (self.at + inside).min(self.buffer.len());
        let line = self.line + self.buffer[self.at..at].iter().filter(|b| **b == b'\n').count() as u64;
        let gone = if self.buffer[..at].contains(&b'\n') { 0 } else { self.gone };
        Refusal { path: &self.path, line, column: gone + column_of(&self.buffer, at), what, help }.raise(ignore, &self.counts)
    }

    fn record(&mut self, end: usize) -> Result<()> {
        let ignore = self.shape.ignore_errors;
        let text = &self.buffer[self.at..end];
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(e) => {
                let line_start = text.split_inclusive(|b| *b == b'\n').take(e.line().saturating_sub(1)).map(<[u8]>::len).sum::<usize>();
                let inside = (line_start + e.column().saturating_sub(1)).min(text.len());
                let what = format!("not JSON: {}", split::without_place(&e.to_string()));
                // Where records are not one a line, nothing tells where the next one begins.
                return self.refuse(inside, what, HELP_RECORD, ignore && self.layout == Some(Layout::Lines));
            }
        };
        let shape = Arc::clone(&self.shape);
        let mut misfit = Misfit::default();
        let object = value.as_object();
        if shape.objects && object.is_none() {
            misfit.found = Some((Vec::new(), format!("an object is expected, found {}", crate::files::refusal::shown(text))));
        }
        if let Some(object) = object.filter(|_| shape.objects && shape.known_only) {
            unknown_key(object.keys(), |key| shape.columns.iter().any(|column| column.key == key), &mut misfit);
        }
        for (column, wanted) in self.columns.iter_mut().zip(&self.wanted) {
            let key = &shape.columns[*wanted].key;
            if shape.objects {
                misfit.way.push(Into::Key(key.clone()));
                column.append(object.and_then(|object| object.get(key.as_str())), &mut misfit);
                misfit.way.pop();
            } else {
                column.append(Some(&value), &mut misfit);
            }
        }
        let good = misfit.found.is_none();
        self.dropped |= !good;
        self.keep.push(good);
        match misfit.found {
            None => Ok(()),
            Some((way, what)) => {
                let inside = split::locate(&self.buffer[self.at..end], &way);
                let place: Vec<String> = way
                    .iter()
                    .map(|step| match step {
                        Into::Key(key) => key.clone(),
                        Into::Item(i) => format!("[{i}]"),
                    })
                    .collect();
                let what = if place.is_empty() { what } else { format!("`{}`: {what}", place.join(".").replace(".[", "[")) };
                self.refuse(inside, what, HELP_RECORD, ignore)
            }
        }
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let internal =
            |e: arrow::error::ArrowError| Error::new(Code::Internal, format!("a batch of `{}` cannot be made", self.path)).with_source(e);
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(Column::finish).collect::<Result<_, _>>().map_err(internal)?;
        let keep = std::mem::take(&mut self.keep);
        self.batch_bytes = 0;
        let options = RecordBatchOptions::new().with_row_count(Some(keep.len()));
        let mut batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(internal)?;
        if std::mem::take(&mut self.dropped) {
            batch = filter_record_batch(&batch, &BooleanArray::from(keep)).map_err(internal)?;
        }
        self.counts.add_rows(batch.num_rows());
        Ok(batch)
    }
}
