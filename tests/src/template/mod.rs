//! Tests of templates and of compiling.

mod compile;
mod corpus;
mod limits;
mod macros;
mod map;
mod messages;

use std::collections::BTreeMap;
use std::sync::Arc;

use rat_core::error::{Diagnostic, Source};
use rat_core::interop::config::MergeStrategy;
use rat_core::interop::template::{Facts, Rendered, Templates};
use rat_core::name::{Layer, Name};
use serde_json::Value;

/// The facts of a first run of `shop.silver.orders`.
fn facts() -> Facts {
    Facts {
        this: Name::new("shop", Layer::Silver, "orders").unwrap(),
        strategy: Some(MergeStrategy::Incremental),
        watermark_value: None,
        run_started_at: "2024-02-01T00:00:00Z".to_owned(),
        vars: Arc::default(),
    }
}

fn vars(value: Value) -> Arc<BTreeMap<String, Value>> {
    Arc::new(value.as_object().unwrap().clone().into_iter().collect())
}

fn later() -> Facts {
    Facts { watermark_value: Some("2024-01-31 00:00:00".to_owned()), ..facts() }
}

/// Renders a whole text as a pipeline, with macros given as path and text.
fn render_with(macros: &[(&str, &str)], text: &str, facts: &Facts) -> Result<Rendered, Vec<Diagnostic>> {
    let macros: Vec<_> = macros.iter().map(|(path, text)| Source::new(*path, *text)).collect();
    let (templates, diagnostics) = Templates::new(&macros);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    render_in(&templates, text, facts)
}

fn render_in(templates: &Templates, text: &str, facts: &Facts) -> Result<Rendered, Vec<Diagnostic>> {
    let source = Source::new("pipeline.sql", text);
    let (rendered, diagnostics) = templates.render(&source, 0..text.len(), facts);
    match rendered {
        Some(rendered) => {
            assert!(diagnostics.is_empty(), "{diagnostics:#?}");
            Ok(rendered)
        }
        None => {
            assert!(!diagnostics.is_empty(), "a refusal without a reason");
            Err(diagnostics)
        }
    }
}

fn render(text: &str) -> Result<Rendered, Vec<Diagnostic>> {
    render_with(&[], text, &later())
}
