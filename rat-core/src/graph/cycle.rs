//! Circles: strongly connected components, and the shortest way round each.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Dependency, NodeInfo};
use crate::error::{Code, Diagnostic};
use crate::name::Name;

/// The component of each node: two nodes share one when each reaches the other. Tarjan's algorithm with its own stack, as a chain of
/// pipelines may be longer than the thread's.
pub(super) fn components(up: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let mut index = vec![UNSEEN; up.len()];
    let mut low = vec![0; up.len()];
    let mut component = vec![UNSEEN; up.len()];
    let (mut next_index, mut next_component) = (0, 0);
    let mut open = Vec::new();
    for root in 0..up.len() {
        if index[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.pop() {
            if edge == 0 {
                index[node] = next_index;
                low[node] = next_index;
                next_index += 1;
                open.push(node);
            } else {
                let child = up[node][edge - 1];
                low[node] = low[node].min(low[child]);
            }
            let mut descended = false;
            for (at, child) in up[node].iter().enumerate().skip(edge) {
                if index[*child] == UNSEEN {
                    path.push((node, at + 1));
                    path.push((*child, 0));
                    descended = true;
                    break;
                }
                if component[*child] == UNSEEN {
                    low[node] = low[node].min(index[*child]);
                }
            }
            if !descended && low[node] == index[node] {
                while let Some(member) = open.pop() {
                    component[member] = next_component;
                    if member == node {
                        break;
                    }
                }
                next_component += 1;
            }
        }
    }
    component
}

/// One diagnostic per circle.
pub(super) fn diagnostics(names: &[Name], infos: &[Arc<NodeInfo>], up: &[Vec<usize>], components: &[usize]) -> Vec<Diagnostic> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, component) in components.iter().enumerate() {
        members.entry(*component).or_default().push(node);
    }
    let mut circles: Vec<Vec<usize>> = members
        .into_values()
        .filter(|members| members.len() > 1 || up[members[0]].contains(&members[0]))
        .map(|members| way_round(members[0], up, components))
        .collect();
    circles.sort_unstable();
    circles.iter().map(|circle| diagnostic(circle, names, infos)).collect()
}

/// The shortest way from a node back to itself.
fn way_round(start: usize, up: &[Vec<usize>], components: &[usize]) -> Vec<usize> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in up[node].iter().filter(|next| components[**next] == components[start]) {
            if *next == start {
                let mut way = vec![node];
                while let Some(before) = came_from.get(&way[way.len() - 1]) {
                    way.push(*before);
                }
                way.reverse();
                return way;
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, node);
                queue.push_back(*next);
            }
        }
    }
    vec![start]
}

fn diagnostic(circle: &[usize], names: &[Name], infos: &[Arc<NodeInfo>]) -> Diagnostic {
    let one_namespace = circle.iter().all(|node| names[*node].namespace == names[circle[0]].namespace);
    let shown = |node: usize| if one_namespace { names[node].short() } else { names[node].to_string() };
    let way: Vec<String> = circle.iter().chain(&circle[..1]).map(|node| format!("`{}`", shown(*node))).collect();
    let message = if let [one] = circle {
        format!("pipeline `{}` reads itself", shown(*one))
    } else {
        format!("pipelines read each other in a circle: {}", way.join(" -> "))
    };
    let mut diagnostic = Diagnostic::error(Code::Cycle, message);
    for (at, node) in circle.iter().enumerate() {
        let next = &names[circle[(at + 1) % circle.len()]];
        let label = infos[*node].deps.iter().find_map(|Dependency { name, label }| label.as_ref().filter(|_| name == next));
        if let Some(label) = label {
            diagnostic = diagnostic.at(
                &label.source,
                label.range.clone(),
                format!("`{}` reads `{}`", shown(*node), shown(circle[(at + 1) % circle.len()])),
            );
        }
    }
    if circle.len() == 1 {
        diagnostic = diagnostic.help("write `this` for the pipeline's own table");
    }
    diagnostic
}
