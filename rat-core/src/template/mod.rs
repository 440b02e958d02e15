//! Templates: Jinja in, SQL out, with every byte of the SQL traced back to what the user typed.
//!
//! [`Templates`] holds the macros of a project and renders any template of it: [`Templates::render`] takes a text, the part of it that is
//! template, and the [`Facts`] of a run, and gives the [`Rendered`] SQL with its [`SourceMap`], the tables and landing zones it refers to,
//! and what it [`Uses`]. Rendering is strict (nothing undefined is empty text), sandboxed (no file, no attribute of Python's insides) and
//! bounded in steps, depth and output.
//!
//! The only room that knows the template engine. It does not know SQL, which tables exist, or why there is a watermark: names are resolved
//! in `compile/`. A diagnostic points at the text that failed, and inside a macro at the calls that led there.

mod engine;
mod facts;
mod failure;
mod forbidden;
mod functions;
mod macros;
mod render;
mod scan;
mod source_map;
mod trace;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use minijinja::Environment;

use crate::error::{Diagnostic, Source};
pub use facts::{Facts, Reference, Rendered, Uses, ZoneUse};
use functions::TextKind;
pub use functions::{NAMES, NEW_ROWS};
use macros::Macros;
use render::Unit;
pub use source_map::SourceMap;
use trace::Piece;

/// The macros of a project, compiled, and the engine that renders its templates. Cheap to clone, and to share between threads.
#[derive(Clone)]
pub struct Templates(Arc<Shared>);

struct Shared {
    macros: Macros,
    engine: Environment<'static>,
    /// The same engine for templates that can nest values without end.
    nesting: Environment<'static>,
    tracer: OnceLock<Tracer>,
}

/// The engine with the macros instrumented.
struct Tracer {
    engine: Environment<'static>,
    pieces: Vec<Piece>,
}

impl Templates {
    /// Compiles the macros, the files of `macros/`. A file that cannot be compiled is reported, and its macros do not exist.
    pub fn new(macros: &[Arc<Source>]) -> (Self, Vec<Diagnostic>) {
        let (mut macros, mut diagnostics) = Macros::new(macros);
        engine::with_stack(macros.room, || {
            let (engine, errors) = engine::environment(macros.templates(|module| module.text.clone()), engine::STEPS);
            for (name, error) in errors {
                diagnostics.push(failure::in_macros(&macros, &error));
                macros.forget(&name);
            }
            let mut nesting = engine.clone();
            nesting.set_fuel(Some(engine::NESTING_STEPS));
            (Self(Arc::new(Shared { macros, engine, nesting, tracer: OnceLock::new() })), diagnostics)
        })
    }

    /// Renders the bytes `body` of a pipeline's source.
    ///
    /// Without a rendering there is at least one error among the diagnostics.
    pub fn render(&self, source: &Arc<Source>, body: Range<usize>, facts: &Facts) -> (Option<Rendered>, Vec<Diagnostic>) {
        let [outcome] = self.render_each(source, body, [facts]);
        outcome
    }

    /// Renders a pipeline's source once for each of `facts`, cheaper than one by one.
    pub fn render_each<const N: usize>(
        &self,
        source: &Arc<Source>,
        body: Range<usize>,
        facts: [&Facts; N],
    ) -> [(Option<Rendered>, Vec<Diagnostic>); N] {
        render::render_each(self, Unit::new(self, source, body, TextKind::Pipeline), facts)
    }

    /// Renders a quality test, which also has [`NEW_ROWS`], once for each of `facts`: those of the pipeline it tests.
    pub fn render_test<const N: usize>(
        &self,
        source: &Arc<Source>,
        body: Range<usize>,
        facts: [&Facts; N],
    ) -> [(Option<Rendered>, Vec<Diagnostic>); N] {
        render::render_each(self, Unit::new(self, source, body, TextKind::QualityTest), facts)
    }

    /// The names of the macros that every template can call.
    pub fn macros(&self) -> impl Iterator<Item = &str> {
        self.0.macros.names()
    }

    /// The text a macro is made of: its definition and what its file holds besides definitions. Two macros with the same text, calling
    /// macros with the same text, print the same.
    pub fn macro_text(&self, name: &str) -> Option<String> {
        self.0.macros.text(name)
    }

    /// The texts of several macros, in the order of their names.
    pub fn macro_texts<'a>(&'a self, names: &'a BTreeSet<String>) -> impl Iterator<Item = (&'a str, String)> {
        names.iter().filter_map(|name| Some((name.as_str(), self.macro_text(name)?)))
    }
}

impl Shared {
    fn tracer(&self) -> &Tracer {
        let instrument = || {
            let mut pieces = Vec::new();
            let texts: Vec<String> =
                self.macros.modules.iter().enumerate().map(|(unit, module)| trace::instrument(&module.text, unit, &mut pieces)).collect();
            let mut texts = texts.into_iter();
            // An instrumented text takes several steps where the text takes one.
            let (mut engine, _) = engine::environment(self.macros.templates(|_| texts.next().unwrap_or_default()), engine::STEPS * 20);
            // Only here: it makes the engine remember which name was undefined.
            engine.set_debug(true);
            Tracer { engine, pieces }
        };
        self.tracer.get_or_init(|| engine::with_stack(self.macros.room, instrument))
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("macros", &self.macros().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
