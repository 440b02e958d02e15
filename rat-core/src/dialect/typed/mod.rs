//! The meaning that depends on types: operators while the plan is made, casts and overflow once every type is known.

mod casts;
mod doubles;
mod lookups;
mod operators;
mod sets;
mod written;

use std::sync::Arc;

use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::Analyzer;
use datafusion::optimizer::analyzer::function_rewrite::ApplyFunctionRewrites;

pub(super) use operators::Operators;
pub(super) use written::{WRITTEN_CAST, function as written_cast};

/// The engine's own typing, with ours before it (what a DOUBLE meets becomes one) and after it (every cast, also those nobody wrote).
pub(super) fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> =
        vec![Arc::new(written::Unwrapped), Arc::new(lookups::Lookups), Arc::new(doubles::DoublesWin)];
    rules.extend(Analyzer::new().rules);
    rules.push(Arc::new(ApplyFunctionRewrites::new(vec![Arc::new(casts::Meaning)])));
    rules
}
