//! What a rendering is told, and what it tells.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::SourceMap;
use crate::config::MergeStrategy;
use crate::error::Label;
use crate::name::Name;

/// What a template may ask about its run. Plain values: the caller reads them from the lake, or invents them.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The table the pipeline makes: `this`, and the namespace of short names.
    pub this: Name,
    /// The strategy `is_incremental()` and its kin tell; `None` under a full refresh, where all of them are false.
    pub strategy: Option<MergeStrategy>,
    /// How far the table is; `None` before the first publish and under a full refresh.
    pub watermark_value: Option<String>,
    /// When the run started, ISO 8601 in UTC with `Z`.
    pub run_started_at: String,
    /// What `var` finds, by name.
    pub vars: Arc<BTreeMap<String, serde_json::Value>>,
}

/// The SQL of a template, and what it took to make it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The SQL.
    pub sql: String,
    /// Which text of the template produced which bytes of the SQL.
    pub map: SourceMap,
    /// Every table the rendering refers to, once, in the order of their first call.
    pub refs: Vec<Reference>,
    /// Every landing zone the rendering reads, once for each meaning, in the order of their first call.
    pub landing_zones: Vec<ZoneUse>,
    /// What the SQL depends on besides its text.
    pub uses: Uses,
    /// Bytes of the SQL that spell the missing watermark as `None`, because no guard stood before it.
    pub empty_watermarks: Vec<Range<usize>>,
    /// Where the template itself compares the missing watermark by order, which Jinja2 refuses; inside a macro with the calls that led there,
    /// innermost first.
    pub compared_watermarks: Vec<(Label, Vec<Label>)>,
}

/// A table a template refers to with `ref`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table.
    pub name: Name,
    /// What the user typed: the text given to `ref`, or the whole expression when the text is built.
    pub label: Label,
    /// When that is inside a macro, the calls that led there, innermost first.
    pub calls: Vec<Label>,
}

/// A landing zone a template reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneUse {
    /// The zone, in the pipeline's namespace.
    pub zone: String,
    /// Whether only files that no earlier published run consumed are meant.
    pub new_only: bool,
    /// What the user typed.
    pub label: Label,
    /// When that is inside a macro, the calls that led there, innermost first.
    pub calls: Vec<Label>,
}

/// What a template depends on, its macros included. Names count when they are written, whether or not a branch reaches them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// `this`.
    pub this: Option<Label>,
    /// `watermark_value`.
    pub watermark: Option<Label>,
    /// `run_started_at`.
    pub run_started_at: Option<Label>,
    /// The names given to `var`.
    pub vars: BTreeSet<String>,
    /// The macros of `macros/*.sql` it can call.
    pub macros: BTreeSet<String>,
}
