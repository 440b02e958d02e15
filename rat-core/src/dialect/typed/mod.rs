//! The meaning that depends on types: operators while the plan is made, casts and overflow once every type is known.

mod casts;
mod operators;

use std::sync::Arc;

use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::function_rewrite::ApplyFunctionRewrites;

pub(super) use operators::Operators;

/// What runs after the engine's own typing: it finds every cast, also those nobody wrote.
pub(super) fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    vec![Arc::new(ApplyFunctionRewrites::new(vec![Arc::new(casts::Meaning)]))]
}
