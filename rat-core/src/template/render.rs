//! One rendering: from a text and facts to SQL.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{Environment, Error, OutputSpanKind, Template};

use super::engine::Room;
use super::functions::{Call, NONE, Scope, TextKind, WATERMARK};
use super::scan::{Scan, scan};
use super::source_map::{Span, Work, whole_characters};
use super::trace::{self, Piece, Trace, Traced};
use super::{Facts, Reference, Rendered, SourceMap, Templates, Uses, ZoneUse, engine, failure, forbidden};
use crate::error::{Code, Diagnostic, Label, Source};

/// The engine's name for the template itself; macros go by their path.
pub(super) const TEMPLATE: &str = "template";

/// A template as the engine sees it: imports of the macros it names, then its own text.
#[derive(Debug)]
pub(super) struct Unit {
    pub source: Arc<Source>,
    pub body: Range<usize>,
    pub scan: Scan,
    pub text: String,
    pub text_kind: TextKind,
    /// The stack it needs.
    pub room: Room,
    prefix: usize,
}

impl Unit {
    pub fn new(templates: &Templates, source: &Arc<Source>, body: Range<usize>, text_kind: TextKind) -> Self {
        let scan = scan(&source.text[body.clone()]);
        let mut text = templates.0.macros.prefix(&source.text[body.clone()], &scan);
        let prefix = text.len();
        text.push_str(&source.text[body.clone()]);
        let macros = &templates.0.macros.room;
        let imports = prefix > 0 || super::macros::has_import(&scan);
        let room = Room {
            links: scan.links,
            has_namespace: scan.has_word(&source.text[body.clone()], "namespace") || imports && macros.has_namespace,
        };
        Self { source: Arc::clone(source), body, scan, text, text_kind, room, prefix }
    }

    fn engine<'t>(&self, templates: &'t Templates) -> &'t Environment<'static> {
        if self.room.has_namespace { &templates.0.nesting } else { &templates.0.engine }
    }

    /// Bytes of the source that bytes of the engine's text are.
    pub fn place(&self, range: Range<usize>) -> Range<usize> {
        let of = |at: usize| (at.saturating_sub(self.prefix) + self.body.start).min(self.body.end);
        of(range.start)..of(range.end)
    }

    /// The file and bytes that a range of a named text is.
    pub fn locate(&self, templates: &Templates, name: Option<&str>, range: Range<usize>) -> (Arc<Source>, Range<usize>) {
        let module = name.and_then(|name| templates.0.macros.modules.iter().find(|module| module.name == name));
        let (source, range) = match module.and_then(|module| module.place(range.clone())) {
            Some((source, range)) => (source, range),
            None => (&self.source, self.place(range)),
        };
        // The engine marks a byte where it meets the end of the text.
        (Arc::clone(source), whole_characters(&source.text, range))
    }

    /// The file and bytes of a piece of an instrumented text.
    pub fn piece(&self, templates: &Templates, piece: &Piece) -> (Arc<Source>, Range<usize>) {
        let name = templates.0.macros.modules.get(piece.unit).map(|module| module.name.as_str());
        self.locate(templates, name, piece.range.clone())
    }

    fn label_of_word(&self, word: &str) -> Option<Label> {
        let found = self.scan.words.iter().find(|at| &self.source.text[self.body.clone()][(*at).clone()] == word)?;
        let range = found.start + self.body.start..found.end + self.body.start;
        Some(Label { source: Arc::clone(&self.source), range, text: String::new() })
    }
}

/// The outcome of an instrumented rendering.
pub(super) struct Tracing {
    pub printed: Result<String, Error>,
    pub scope: Arc<Scope>,
    pub pieces: Vec<Piece>,
}

/// Renders the instrumented text.
pub(super) fn trace(templates: &Templates, unit: &Unit, facts: &Arc<Facts>) -> Tracing {
    let tracer = templates.0.tracer();
    let mut pieces = tracer.pieces.clone();
    let text = trace::instrument(&unit.text, templates.0.macros.modules.len(), &mut pieces);
    let scope = Arc::new(Scope { trace: Some(Trace::default().into()), ..Scope::new(facts, unit.text_kind) });
    let printed = tracer.engine.render_named_str(TEMPLATE, &text, engine::root(&scope));
    Tracing { printed, scope, pieces }
}

/// What a rendering gives: SQL, or why there is none.
pub(super) type Outcome = (Option<Rendered>, Vec<Diagnostic>);

/// Renders a template for each of the given facts. It is read and compiled once.
pub(super) fn render_each<const N: usize>(templates: &Templates, unit: Unit, facts: [&Facts; N]) -> [Outcome; N] {
    let refused = forbidden::in_scan(&unit.scan, &unit.source, unit.body.start);
    if !refused.is_empty() {
        return facts.map(|_| (None, refused.clone()));
    }
    let unit = Arc::new(unit);
    engine::with_stack(unit.room, || {
        let compiled = unit.engine(templates).template_from_named_str(TEMPLATE, &unit.text);
        facts.map(|facts| {
            let facts = Arc::new(facts.clone());
            match &compiled {
                Ok(compiled) => render_compiled(templates, &unit, compiled, &facts),
                Err(error) => (None, vec![failure::diagnose(templates, &unit, &facts, error)]),
            }
        })
    })
}

fn render_compiled(templates: &Templates, unit: &Arc<Unit>, compiled: &Template<'_, '_>, facts: &Arc<Facts>) -> Outcome {
    let source = &unit.source;
    let scope = Arc::new(Scope::new(facts, unit.text_kind));
    let printed = compiled.render_with_spans(engine::root(&scope));
    let (sql, spans) = match printed {
        Ok(printed) => printed,
        Err(error) => return (None, vec![failure::diagnose(templates, unit, facts, &error)]),
    };
    if sql.len() > engine::MAX_SQL_BYTES {
        let message = format!("the template prints {} bytes of SQL, and {} is the limit", sql.len(), engine::MAX_SQL_BYTES);
        let diagnostic = Diagnostic::error(Code::TemplateLimit, message).at(source, unit.body.start..unit.body.start, "");
        return (None, vec![diagnostic]);
    }
    let spans: Vec<Span> = spans
        .iter()
        .map(|span| Span { sql: span.output_range(), place: unit.place(span.source_range()), is_text: span.kind() == OutputSpanKind::Raw })
        .collect();
    let uses = uses(templates, unit, &scope);
    let empty_watermarks = if facts.watermark_value.is_none() && uses.watermark.is_some() {
        empty_watermarks(templates, unit, facts, &sql, &spans)
    } else {
        Vec::new()
    };
    let text = &source.text[unit.body.clone()];
    let compares = unit.scan.compares_watermark(text) || !uses.macros.is_empty() && templates.0.macros.compares_watermark;
    let compared_watermarks =
        if facts.watermark_value.is_none() && compares { compared_watermarks(templates, unit, facts) } else { Vec::new() };
    let (refs, landing_zones) = calls(templates, unit, facts, &scope);
    let map =
        SourceMap::new(Work { templates: templates.clone(), unit: Arc::clone(unit), facts: Arc::clone(facts), sql: sql.clone(), spans });
    (Some(Rendered { sql, map, refs, landing_zones, uses, empty_watermarks, compared_watermarks }), Vec::new())
}

fn uses(templates: &Templates, unit: &Unit, scope: &Scope) -> Uses {
    let text = &unit.source.text[unit.body.clone()];
    let macros = templates.0.macros.used(text, &unit.scan);
    let label = |word: &str| {
        unit.label_of_word(word).or_else(|| {
            let (source, range) = macros.iter().find_map(|name| templates.0.macros.word(name, word))?;
            Some(Label { source: Arc::clone(source), range, text: String::new() })
        })
    };
    Uses {
        this: label("this"),
        watermark: label(WATERMARK),
        run_started_at: label("run_started_at"),
        vars: std::mem::take(&mut scope.record.lock().vars),
        macros,
    }
}

/// The tables and zones that were called for, each once, with the place of its first call.
fn calls(templates: &Templates, unit: &Unit, facts: &Arc<Facts>, scope: &Scope) -> (Vec<Reference>, Vec<ZoneUse>) {
    let record = std::mem::take(&mut *scope.record.lock());
    let tracing = OnceCell::new();
    let tracing = || tracing.get_or_init(|| trace(templates, unit, facts));
    let mut refs: Vec<Reference> = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, call) in record.refs.iter().enumerate() {
        if seen.insert(&call.what) {
            let stack = |tracing: &Tracing| tracing.scope.record.lock().refs.get(index).map(|call| call.stack.clone());
            let (label, calls) = place_call(templates, unit, "ref", call, || (tracing(), stack(tracing()).unwrap_or_default()));
            refs.push(Reference { name: call.what.clone(), label, calls });
        }
    }
    let mut zones = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, call) in record.zones.iter().enumerate() {
        if seen.insert(&call.what) {
            let stack = |tracing: &Tracing| tracing.scope.record.lock().zones.get(index).map(|call| call.stack.clone());
            let (label, calls) = place_call(templates, unit, "landing_zone", call, || (tracing(), stack(tracing()).unwrap_or_default()));
            zones.push(ZoneUse { zone: call.what.0.clone(), new_only: call.what.1, label, calls });
        }
    }
    (refs, zones)
}

/// Where a call was typed: found by its text if the template itself holds it, else by tracing.
fn place_call<'t, T>(
    templates: &Templates,
    unit: &Unit,
    function: &str,
    call: &Call<T>,
    tracing: impl FnOnce() -> (&'t Tracing, Vec<usize>),
) -> (Label, Vec<Label>) {
    let body = &unit.source.text[unit.body.clone()];
    let typed = unit.scan.calls.iter().find(|typed| &body[typed.function.clone()] == function && typed.text == call.text);
    if let Some(typed) = typed {
        let range = typed.argument.start + unit.body.start..typed.argument.end + unit.body.start;
        return (Label { source: Arc::clone(&unit.source), range, text: String::new() }, Vec::new());
    }
    let (tracing, stack) = tracing();
    let mut places = stack.iter().rev().filter_map(|id| tracing.pieces.get(*id)).map(|piece| unit.piece(templates, piece));
    let Some((source, range)) = places.next() else {
        return (Label { source: Arc::clone(&unit.source), range: unit.body.clone(), text: String::new() }, Vec::new());
    };
    let range = templates.0.macros.typed_call(&source.path, &range, function, &call.text).unwrap_or(range);
    (Label { source, range, text: String::new() }, places.map(|(source, range)| called_from(source, range)).collect())
}

/// The label of a call that led into a macro.
pub(super) fn called_from(source: Arc<Source>, range: Range<usize>) -> Label {
    Label { source, range, text: "called from here".to_owned() }
}

/// Stands for the missing watermark where it must be seen again in the SQL: false and none like the real one, but its print is marked.
#[derive(Debug)]
pub(super) struct EmptyWatermark;

impl Object for EmptyWatermark {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&trace::marked(NONE))
    }
}

/// Where the SQL spells the missing watermark.
fn empty_watermarks(templates: &Templates, unit: &Unit, facts: &Arc<Facts>, sql: &str, spans: &[Span]) -> Vec<Range<usize>> {
    if !sql.contains(NONE) {
        return Vec::new();
    }
    let scope = Arc::new(Scope { empty_watermark: Some(Value::from_object(EmptyWatermark)), ..Scope::new(facts, unit.text_kind) });
    if let Ok(printed) = unit.engine(templates).render_named_str(TEMPLATE, &unit.text, engine::root(&scope)) {
        let traced = Traced::read(&printed);
        if traced.text == sql {
            return traced.runs.iter().filter(|run| !traced.pieces(run).is_empty()).map(|run| run.range.clone()).collect();
        }
    }
    // The template looks at the watermark in a way the stand-in cannot answer alike, such as `== none`: what is printed by an expression
    // that names the watermark is taken for it.
    let mentions = |span: &&Span| !span.is_text && unit.source.text[span.place.clone()].contains(WATERMARK);
    spans.iter().filter(mentions).filter(|span| sql[span.sql.clone()].contains(NONE)).map(|span| span.sql.clone()).collect()
}

/// Where the template compares the missing watermark, each place once.
fn compared_watermarks(templates: &Templates, unit: &Unit, facts: &Arc<Facts>) -> Vec<(Label, Vec<Label>)> {
    let tracing = trace(templates, unit, facts);
    let compared = tracing.scope.trace.as_ref().map(|trace| std::mem::take(&mut trace.lock().compared)).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let first = compared.into_iter().filter(|(id, _)| seen.insert(*id));
    first
        .filter_map(|(id, stack)| {
            let (source, range) = unit.piece(templates, tracing.pieces.get(id)?);
            // The innermost part is the statement itself.
            let calls = stack.iter().rev().skip(1).filter_map(|id| tracing.pieces.get(*id)).map(|piece| unit.piece(templates, piece));
            let label = Label { source, range, text: "none before the first publish".to_owned() };
            Some((label, calls.map(|(source, range)| called_from(source, range)).collect()))
        })
        .collect()
}
