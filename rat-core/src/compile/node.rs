//! What the graph needs to know of a compiled pipeline.

use crate::config::{BuiltinTest, Config, Setting};
use crate::graph::{Dependency, NodeInfo};
use crate::project::Pipeline;
use crate::template::Reference;

use super::Compiled;

/// A pipeline as a node of the graph. One that could not be compiled reads nothing: its errors are told elsewhere.
pub fn node_info(pipeline: &Pipeline, config: &Config, compiled: Option<&Compiled>) -> NodeInfo {
    let refs = compiled.iter().flat_map(|compiled| &compiled.refs);
    let tested = compiled.iter().flat_map(|compiled| &compiled.tests).flat_map(|test| &test.refs);
    let related = relationships(config).map(|reference| Dependency { name: reference.name, label: Some(reference.label) });
    NodeInfo {
        deps: refs.map(dependency).collect(),
        test_deps: tested.map(dependency).chain(related).collect(),
        tags: config.tags.value.clone(),
        path: pipeline.folder().to_owned(),
    }
}

fn dependency(reference: &Reference) -> Dependency {
    Dependency { name: reference.name.clone(), label: Some(reference.label.clone()) }
}

/// The tables that built-in tests look into, as far as somebody wrote them down.
pub(super) fn relationships(config: &Config) -> impl Iterator<Item = Reference> {
    config.tests.iter().filter_map(|Setting { value, origin }| match (value, origin.label()) {
        (BuiltinTest::Relationships { to, .. }, Some(label)) => {
            Some(Reference { name: to.clone(), label: label.clone(), calls: Vec::new() })
        }
        _ => None,
    })
}
