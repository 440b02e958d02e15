//! Which pipeline may start next.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Graph;
use crate::name::Name;
use crate::run::{RunReport, RunStatus};

/// The selected pipelines in dependency order, and how far they are.
pub(super) struct Order {
    waiting: Vec<Waiting>,
    /// In the order of the report.
    all: Vec<Name>,
    reports: BTreeMap<Name, RunReport>,
}

struct Waiting {
    name: Name,
    /// What it needs of the selection, directly or through pipelines that are not selected.
    needs: Vec<Name>,
}

impl Order {
    pub(super) fn new(graph: &Graph, selected: &BTreeSet<Name>) -> Self {
        let all: Vec<Name> = graph.order().filter(|name| selected.contains(*name)).cloned().collect();
        let needs = |name: &Name| graph.upstream(name).into_iter().filter(|up| selected.contains(*up)).cloned().collect();
        let waiting = all.iter().map(|name| Waiting { needs: needs(name), name: name.clone() }).collect();
        Self { waiting, all, reports: BTreeMap::new() }
    }

    /// The first pipeline that waits for nothing any more, and of what it needs the first that was not built.
    pub(super) fn next(&mut self) -> Option<(Name, Option<Name>)> {
        let ready = self.waiting.iter().position(|waiting| waiting.needs.iter().all(|need| self.reports.contains_key(need)))?;
        let Waiting { name, needs } = self.waiting.remove(ready);
        let not_built = |need: &Name| self.reports.get(need).is_some_and(|report| report.status != RunStatus::Success);
        let culprit = needs.into_iter().find(not_built);
        Some((name, culprit))
    }

    pub(super) fn done(&mut self, name: &Name, report: RunReport) {
        self.reports.insert(name.clone(), report);
    }

    pub(super) fn into_reports(mut self) -> Vec<RunReport> {
        self.all.iter().filter_map(|name| self.reports.remove(name)).collect()
    }
}
