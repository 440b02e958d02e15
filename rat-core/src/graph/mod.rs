//! Which pipeline needs which, and what follows from it: order, cycles, selection, drawings.
//!
//! [`Graph::new`] takes what each pipeline depends on; [`Graph::order`], [`Graph::upstream`] and [`Graph::select`] answer. Equal input
//! gives equal output, whatever order it came in. Knows names and places, and nothing of how dependencies are found or what running is.

mod cycle;
mod draw;
mod glob;
mod select;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use crate::error::{Code, Diagnostic, Error, Label, Result, nearest};
use crate::name::Name;

/// What the graph knows of one pipeline.
#[derive(Debug, Clone, Default)]
pub struct NodeInfo {
    /// What it reads. Names that are no pipeline are tables of the lake.
    pub deps: Vec<Dependency>,
    /// What its quality tests read. It comes after these too, unless that makes a cycle.
    pub test_deps: Vec<Dependency>,
    /// For `tag:`.
    pub tags: Vec<String>,
    /// The pipeline's folder inside the project, for `path:`.
    pub path: String,
}

/// A name that a pipeline reads, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What is read.
    pub name: Name,
    /// The `ref()`, for messages.
    pub label: Option<Label>,
}

impl From<Name> for Dependency {
    fn from(name: Name) -> Self {
        Self { name, label: None }
    }
}

impl NodeInfo {
    /// Whether it has the same edges. Where somebody wrote them down does not count.
    fn reads_as(&self, other: &Self) -> bool {
        let same = |a: &[Dependency], b: &[Dependency]| a.iter().map(|dep| &dep.name).eq(b.iter().map(|dep| &dep.name));
        same(&self.deps, &other.deps) && same(&self.test_deps, &other.test_deps)
    }
}

/// The pipelines of a project and their dependencies. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    shape: Arc<Shape>,
    /// By node.
    infos: Vec<Arc<NodeInfo>>,
}

/// What does not change while every pipeline reads the same.
#[derive(Debug, Default)]
struct Shape {
    /// Sorted; a node's number is its place here.
    names: Vec<Name>,
    /// By node, what it reads and what reads it. Tables that no pipeline makes are in neither.
    up: Vec<Vec<usize>>,
    down: Vec<Vec<usize>>,
    order: Vec<usize>,
    /// Each node's place in the order.
    rank: Vec<usize>,
}

impl Graph {
    /// The graph of these pipelines. For every circle of them there is one `CYCLE` with the whole way round; such a graph still answers,
    /// its circles ordered by name.
    pub fn new<I: Into<Arc<NodeInfo>>>(nodes: BTreeMap<Name, I>) -> (Self, Vec<Diagnostic>) {
        let (names, infos): (Vec<Name>, Vec<Arc<NodeInfo>>) = nodes.into_iter().map(|(name, info)| (name, info.into())).unzip();
        let numbers = |deps: &dyn Fn(&NodeInfo) -> &Vec<Dependency>| -> Vec<Vec<usize>> {
            infos
                .iter()
                .map(|info| {
                    let mut numbers: Vec<usize> = deps(info).iter().filter_map(|dep| names.binary_search(&dep.name).ok()).collect();
                    numbers.sort_unstable();
                    numbers.dedup();
                    numbers
                })
                .collect()
        };
        let mut up = numbers(&|info| &info.deps);
        let circles = cycle::components(&up);
        let diagnostics = cycle::diagnostics(&names, &infos, &up, &circles);

        // A test may read its own pipeline, and anything else that lies after it; only what lies before it can be waited for.
        let mut with_tests = up.clone();
        for (node, deps) in numbers(&|info| &info.test_deps).into_iter().enumerate() {
            with_tests[node].extend(deps);
        }
        let mixed = cycle::components(&with_tests);
        for (node, deps) in with_tests.into_iter().enumerate() {
            up[node].extend(deps.into_iter().filter(|dep| mixed[*dep] != mixed[node]));
            up[node].sort_unstable();
            up[node].dedup();
        }

        let mut down = vec![Vec::new(); names.len()];
        for (node, deps) in up.iter().enumerate() {
            for dep in deps {
                down[*dep].push(node);
            }
        }
        let order = order(&up, &down, &circles);
        let mut rank = vec![0; order.len()];
        for (place, node) in order.iter().enumerate() {
            rank[*node] = place;
        }
        (Self { shape: Arc::new(Shape { names, up, down, order, rank }), infos }, diagnostics)
    }

    /// The same graph with other words for some of its pipelines, or `None` when one of them is not in it or reads other names now.
    #[must_use]
    pub fn renewed<'a>(&self, nodes: impl IntoIterator<Item = (&'a Name, &'a Arc<NodeInfo>)>) -> Option<Self> {
        let mut renewed = self.clone();
        for (name, info) in nodes {
            let known = &mut renewed.infos[self.number(name)?];
            if !known.reads_as(info) {
                return None;
            }
            *known = Arc::clone(info);
        }
        Some(renewed)
    }

    /// The graph of some of its pipelines: what they read of the others is left out, what they read of tables stays.
    #[must_use]
    pub fn only(&self, selected: &BTreeSet<Name>) -> Self {
        let stays = |dep: &Dependency| selected.contains(&dep.name) || !self.contains(&dep.name);
        let nodes = self.shape.names.iter().zip(&self.infos).filter(|(name, _)| selected.contains(*name)).map(|(name, info)| {
            let mut info = NodeInfo::clone(info);
            info.deps.retain(stays);
            info.test_deps.retain(stays);
            (name.clone(), info)
        });
        Self::new(nodes.collect()).0
    }

    /// Every pipeline, each after all that it reads; where that leaves a choice, by name.
    pub fn order(&self) -> impl Iterator<Item = &Name> {
        self.shape.order.iter().map(|node| &self.shape.names[*node])
    }

    /// Every pipeline, by name.
    pub fn names(&self) -> &[Name] {
        &self.shape.names
    }

    /// Whether it is a pipeline of this graph.
    pub fn contains(&self, name: &Name) -> bool {
        self.number(name).is_some()
    }

    /// What the graph was told of a pipeline.
    pub fn info(&self, name: &Name) -> Option<&NodeInfo> {
        self.number(name).map(|node| self.infos[node].as_ref())
    }

    /// The pipelines that this one reads itself. Empty for a name that is not in the graph.
    pub fn parents(&self, name: &Name) -> Vec<&Name> {
        self.number(name).map_or_else(Vec::new, |node| self.shape.up[node].iter().map(|node| &self.shape.names[*node]).collect())
    }

    /// The pipelines that read this one themselves.
    pub fn children(&self, name: &Name) -> Vec<&Name> {
        self.number(name).map_or_else(Vec::new, |node| self.shape.down[node].iter().map(|node| &self.shape.names[*node]).collect())
    }

    /// Everything this pipeline needs, directly or not, in build order; without itself.
    pub fn upstream(&self, name: &Name) -> Vec<&Name> {
        self.reached(name, &self.shape.up)
    }

    /// Everything that needs this pipeline, directly or not, in build order; without itself.
    pub fn downstream(&self, name: &Name) -> Vec<&Name> {
        self.reached(name, &self.shape.down)
    }

    /// The pipeline that a user names, `layer.name` in `namespace` or `namespace.layer.name`.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, with the near miss.
    pub fn find(&self, text: &str, namespace: &str) -> Result<&Name> {
        let found = Name::parse(text, namespace).ok().and_then(|name| self.number(&name));
        found.map(|node| &self.shape.names[node]).ok_or_else(|| self.not_found(text, namespace))
    }

    /// Why there is no pipeline of that name, with the near miss as it can be written.
    pub fn not_found(&self, text: &str, namespace: &str) -> Error {
        let near = self.near(text, namespace);
        let written = |name: &&Name| if text.split('.').count() > 2 { name.to_string() } else { name.short() };
        not_found(text, &near.iter().map(written).collect::<Vec<_>>())
    }

    /// The pipelines whose name, as much of it as was written, is nearest to the text.
    fn near(&self, text: &str, namespace: &str) -> Vec<&Name> {
        let parts = text.split('.').count();
        let written = |name: &Name| match parts {
            1 => name.name.clone(),
            2 => name.short(),
            _ => name.to_string(),
        };
        let known = self.shape.names.iter().filter(|name| parts > 2 || name.namespace == namespace);
        let known: Vec<(String, &Name)> = known.map(|name| (written(name), name)).collect();
        let near = nearest(text, known.iter().map(|(written, _)| written.as_str()));
        known.iter().filter(|(written, _)| near == Some(written)).map(|(_, name)| *name).collect()
    }

    fn number(&self, name: &Name) -> Option<usize> {
        self.shape.names.binary_search(name).ok()
    }

    fn reached(&self, name: &Name, edges: &[Vec<usize>]) -> Vec<&Name> {
        let Some(start) = self.number(name) else { return Vec::new() };
        let mut reached = reach(edges, &BTreeSet::from([start]), usize::MAX);
        reached.remove(&start);
        let mut reached: Vec<usize> = reached.into_iter().collect();
        reached.sort_unstable_by_key(|node| self.shape.rank[*node]);
        reached.into_iter().map(|node| &self.shape.names[node]).collect()
    }
}

fn not_found(text: &str, near: &[String]) -> Error {
    let error = Error::new(Code::PipelineNotFound, format!("there is no pipeline `{text}`"));
    if near.is_empty() { error } else { error.with_help(format!("did you mean `{}`?", near.join("` or `"))) }
}

/// The nodes within so many steps of `from`, those included.
fn reach(edges: &[Vec<usize>], from: &BTreeSet<usize>, steps: usize) -> BTreeSet<usize> {
    let mut reached = from.clone();
    let mut edge: Vec<usize> = from.iter().copied().collect();
    for _ in 0..steps {
        let next: Vec<usize> = edge.iter().flat_map(|node| &edges[*node]).copied().filter(|node| reached.insert(*node)).collect();
        if next.is_empty() {
            break;
        }
        edge = next;
    }
    reached
}

/// Kahn's algorithm with the least name first. Edges inside a circle do not count, so it always ends with every node placed.
fn order(up: &[Vec<usize>], down: &[Vec<usize>], circles: &[usize]) -> Vec<usize> {
    let mut waits: Vec<usize> =
        up.iter().enumerate().map(|(node, deps)| deps.iter().filter(|dep| circles[**dep] != circles[node]).count()).collect();
    let mut ready: BinaryHeap<Reverse<usize>> = (0..up.len()).filter(|node| waits[*node] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(up.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for child in down[node].iter().filter(|child| circles[**child] != circles[node]) {
            waits[*child] -= 1;
            if waits[*child] == 0 {
                ready.push(Reverse(*child));
            }
        }
    }
    order
}
