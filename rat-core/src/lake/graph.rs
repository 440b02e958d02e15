//! `lake.graph()`: the pipelines with all that is known of them, and what reads what.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::check::{CheckReport, CheckedPipeline};
use crate::config::Materialized;
use crate::error::{Diagnostic, Result};
use crate::graph;
use crate::ledger::{RunRecord, Status};
use crate::name::{Layer, Name};
use crate::plan::{Column, ColumnLineage, columns};
use crate::project::Language;

/// The pipelines of a project, the tables they read that no pipeline makes, and the edges between them.
#[derive(Debug, Clone, Serialize)]
pub struct Graph {
    /// Pipelines in build order, then tables that no pipeline makes.
    pub nodes: Vec<GraphNode>,
    /// What is read, and what reads it.
    pub edges: Vec<GraphEdge>,
    #[serde(skip)]
    shape: graph::Graph,
}

/// What a node of the graph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A pipeline of the project.
    Pipeline,
    /// A table of the lake that no pipeline makes.
    Table,
}

/// A pipeline, or a table that no pipeline makes; of that, only name, kind and layer are known.
#[derive(Debug, Clone, Serialize)]
pub struct GraphNode {
    /// `namespace.layer.name`.
    pub name: Name,
    /// What it is.
    pub kind: NodeKind,
    /// The layer.
    #[serde(serialize_with = "text")]
    pub layer: Layer,
    /// The pipeline's folder inside the project.
    pub path: Option<String>,
    /// What it is written in.
    pub language: Option<Language>,
    /// `table`, `view` or `ephemeral`.
    pub materialized: Option<String>,
    /// The merge strategy of a pipeline that makes a table.
    pub strategy: Option<String>,
    /// What the pipeline makes, in a sentence.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// The columns of its table; `None` when they are unknown.
    pub columns: Option<Vec<Column>>,
    /// Where each column comes from, in the order of the columns.
    pub lineage: Vec<ColumnLineage>,
    /// Whether its project files have no error.
    pub ok: bool,
    /// Its newest run, if it ever ran.
    pub latest_run: Option<LatestRun>,
}

/// One line of what became of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatestRun {
    /// The run's identifier.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// When it began.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub started_at: DateTime<Utc>,
    /// From begin to end, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Rows it wrote.
    pub rows_written: Option<u64>,
    /// The code it failed with.
    pub error_code: Option<String>,
}

/// One reads the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphEdge {
    /// What is read.
    pub from: Name,
    /// What reads it.
    pub to: Name,
}

impl Graph {
    /// The graph of the pipelines that were checked.
    pub(super) fn new(report: &CheckReport, latest: Vec<RunRecord>) -> Self {
        let selected: BTreeSet<Name> = report.pipelines.keys().cloned().collect();
        let shape = report.graph.only(&selected);
        let mut runs: HashMap<String, RunRecord> = latest.into_iter().map(|run| (run.pipeline.clone(), run)).collect();
        let mut node = |name: &Name| of_pipeline(&report.pipelines[name], &shape, runs.remove(&name.to_string()));
        let mut nodes: Vec<GraphNode> = shape.order().map(&mut node).collect();
        let (tables, edges) = shape.edges();
        nodes.extend(tables.into_iter().map(of_table));
        let edges = edges.into_iter().map(|(from, to)| GraphEdge { from: from.clone(), to: to.clone() }).collect();
        Self { nodes, edges, shape }
    }

    /// The name of a node, by `layer.name` in `namespace` or `namespace.layer.name`.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, with the near miss.
    pub fn find(&self, text: &str, namespace: &str) -> Result<&Name> {
        let name = Name::parse(text, namespace).ok();
        let node = self.nodes.iter().find(|node| Some(&node.name) == name.as_ref());
        node.map(|node| &node.name).ok_or_else(|| self.shape.not_found(text, namespace))
    }

    /// The pipelines, each after all that it reads.
    pub fn order(&self) -> Vec<&Name> {
        self.shape.order().collect()
    }

    /// Everything a pipeline needs, directly or not, in build order; empty for a name that is not in the graph.
    pub fn upstream(&self, pipeline: &Name) -> Vec<&Name> {
        self.shape.upstream(pipeline)
    }

    /// Everything that needs a pipeline, directly or not, in build order.
    pub fn downstream(&self, pipeline: &Name) -> Vec<&Name> {
        self.shape.downstream(pipeline)
    }

    /// The node of that name.
    pub fn node(&self, name: &Name) -> Option<&GraphNode> {
        self.nodes.iter().find(|node| &node.name == name)
    }

    /// A Mermaid flowchart, left to right, a colour for each layer; tables that no pipeline makes are cylinders.
    pub fn to_mermaid(&self) -> String {
        self.shape.to_mermaid()
    }

    /// `{"nodes": [...], "edges": [{"from", "to"}]}`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn of_pipeline(checked: &CheckedPipeline, shape: &graph::Graph, latest: Option<RunRecord>) -> GraphNode {
    let config = &checked.config;
    let is_table = *config.materialized == Materialized::Table;
    GraphNode {
        name: checked.name.clone(),
        kind: NodeKind::Pipeline,
        layer: checked.name.layer,
        path: shape.info(&checked.name).map(|info| info.path.clone()),
        language: Some(checked.language),
        materialized: Some(config.materialized.to_string()),
        strategy: is_table.then(|| config.merge_strategy.to_string()),
        description: config.description.value.clone(),
        owner: config.owner.value.clone(),
        tags: config.tags.value.clone(),
        columns: checked.schema.as_deref().map(columns),
        lineage: checked.lineage.as_ref().clone(),
        ok: Diagnostic::none_is_error(&checked.diagnostics),
        latest_run: latest.map(|run| LatestRun {
            id: run.id,
            status: run.status,
            started_at: run.started_at,
            duration_ms: run.duration_ms,
            rows_written: run.rows_written,
            error_code: run.error_code,
        }),
    }
}

fn of_table(name: &Name) -> GraphNode {
    GraphNode {
        name: name.clone(),
        kind: NodeKind::Table,
        layer: name.layer,
        path: None,
        language: None,
        materialized: None,
        strategy: None,
        description: None,
        owner: None,
        tags: Vec::new(),
        columns: None,
        lineage: Vec::new(),
        ok: true,
        latest_run: None,
    }
}

fn text<S: serde::Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
