//! From bytes of the SQL back to what the user typed.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::render::{Unit, called_from, trace};
use super::trace::{Piece, Traced, has_marks};
use super::{Facts, Templates, engine};
use crate::error::{Label, Source};

/// Which text of a template produced which bytes of its SQL. Total: every byte has a place.
///
/// Text maps byte by byte. What an expression printed maps to the expression; when a macro printed it, to the macro's text, with the calls
/// behind it. That part is found when it is first asked for, by rendering once more, and is then kept. Cheap to clone.
#[derive(Clone)]
pub struct SourceMap(Arc<Inner>);

struct Inner {
    work: Work,
    inside: OnceLock<Option<Inside>>,
}

/// All it takes to render again.
pub(super) struct Work {
    pub templates: Templates,
    pub unit: Arc<Unit>,
    pub facts: Arc<Facts>,
    pub sql: String,
    /// What the template itself printed, in the order of the SQL, without gaps.
    pub spans: Vec<Span>,
}

/// A text or expression of the template, and what it printed.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub sql: Range<usize>,
    /// Bytes of the source.
    pub place: Range<usize>,
    pub is_text: bool,
}

/// What macros printed.
struct Inside {
    traced: Traced,
    pieces: Vec<Piece>,
}

/// Where one byte comes from.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    source: Arc<Source>,
    range: Range<usize>,
    calls: Vec<(Arc<Source>, Range<usize>)>,
}

impl SourceMap {
    pub(super) fn new(work: Work) -> Self {
        Self(Arc::new(Inner { work, inside: OnceLock::new() }))
    }

    /// The places a range of the SQL comes from: the primary one with the given text, then, if it is inside a macro, the calls that led
    /// there, innermost first. Never empty. Bytes past the end are the end.
    pub fn labels(&self, sql_range: Range<usize>, text: &str) -> Vec<Label> {
        let last = self.0.work.sql.len().saturating_sub(1);
        let first = self.place(sql_range.start.min(last));
        let place = if sql_range.end > sql_range.start + 1 { first.up_to(self.place((sql_range.end - 1).min(last))) } else { first };
        let mut labels =
            vec![Label { range: whole_characters(&place.source.text, place.range), source: place.source, text: text.to_owned() }];
        labels.extend(place.calls.into_iter().map(|(source, range)| called_from(source, range)));
        labels
    }

    fn place(&self, byte: usize) -> Place {
        let work = &self.0.work;
        let source = &work.unit.source;
        let Some(span) = work.spans.get(work.spans.partition_point(|span| span.sql.end <= byte)) else {
            return Place { source: Arc::clone(source), range: work.unit.body.clone(), calls: Vec::new() };
        };
        if span.is_text {
            let at = span.place.start + byte.saturating_sub(span.sql.start);
            return Place { source: Arc::clone(source), range: at..at + 1, calls: Vec::new() };
        }
        self.inside(span, byte).unwrap_or_else(|| Place { source: Arc::clone(source), range: span.place.clone(), calls: Vec::new() })
    }

    /// The place inside a macro that printed a byte of an expression.
    fn inside(&self, span: &Span, byte: usize) -> Option<Place> {
        let work = &self.0.work;
        let inside = self.0.inside.get_or_init(|| engine::with_stack(work.unit.room, || Inside::new(work))).as_ref()?;
        let run = inside.traced.run(byte)?;
        let pieces: Vec<&Piece> = inside.traced.pieces(run).iter().filter_map(|id| inside.pieces.get(*id)).collect();
        let locate = |piece: &Piece| work.unit.piece(&work.templates, piece);
        // A filter may have cut marks apart. What does not lead back to the expression that printed the byte is not believed.
        let (outermost, _) = pieces.split_last()?;
        let (source, range) = locate(outermost);
        if !Arc::ptr_eq(&source, &work.unit.source) || range.start > span.place.start || range.end < span.place.end {
            return None;
        }
        let (innermost, outer) = pieces.split_first()?;
        let (source, whole) = locate(innermost);
        let mut range = whole.clone();
        if innermost.is_text {
            let printed = &inside.traced.text[run.range.clone()];
            let typed = source.text.get(whole.start + run.skipped..whole.start + run.skipped + printed.len());
            if typed == Some(printed) {
                let at = whole.start + run.skipped + (byte - run.range.start);
                range = at..at + 1;
            }
        }
        Some(Place { source, range, calls: outer.iter().map(|piece| locate(piece)).collect() })
    }
}

impl Inside {
    fn new(work: &Work) -> Option<Self> {
        if has_marks(&work.sql) {
            return None;
        }
        let tracing = trace(&work.templates, &work.unit, &work.facts);
        let traced = Traced::read(&tracing.printed.ok()?);
        (traced.text == work.sql).then_some(Self { traced, pieces: tracing.pieces })
    }
}

impl Place {
    /// From this place to the end of another, as one range if both are of one text in order; else this place, as far out as the two have in
    /// common.
    fn up_to(self, end: Self) -> Self {
        let joins = |a: &(Arc<Source>, Range<usize>), b: &(Arc<Source>, Range<usize>)| Arc::ptr_eq(&a.0, &b.0) && a.1.start < b.1.end;
        let first = self.outward();
        let last = end.outward();
        // Compared from the outermost call inwards: the first difference is where the range runs.
        let same = first.iter().rev().zip(last.iter().rev()).take_while(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1).count();
        let (Some(a), Some(b)) = (first.len().checked_sub(same + 1), last.len().checked_sub(same + 1)) else {
            return if first.len() == same { self } else { end };
        };
        if !joins(&first[a], &last[b]) {
            return self;
        }
        let (source, range) = first[a].clone();
        Self { source, range: range.start..last[b].1.end.max(range.end), calls: first[a + 1..].to_vec() }
    }

    /// This place and its calls, innermost first.
    fn outward(&self) -> Vec<(Arc<Source>, Range<usize>)> {
        let mut all = vec![(Arc::clone(&self.source), self.range.clone())];
        all.extend(self.calls.iter().cloned());
        all
    }
}

pub(super) fn whole_characters(text: &str, range: Range<usize>) -> Range<usize> {
    let end = range.end.min(text.len());
    let start = range.start.min(end);
    let start = (0..=start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    start..end
}

impl fmt::Debug for SourceMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceMap").field("path", &self.0.work.unit.source.path).finish_non_exhaustive()
    }
}
