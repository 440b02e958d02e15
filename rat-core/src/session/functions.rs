//! The functions a query can call, and the rules that type it.

use std::sync::Arc;

use datafusion::catalog::TableFunction;
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};

/// Everything that can be called, by kind.
pub(super) struct Functions {
    pub(super) scalar: Vec<Arc<ScalarUDF>>,
    pub(super) higher_order: Vec<Arc<HigherOrderUDF>>,
    pub(super) aggregate: Vec<Arc<AggregateUDF>>,
    pub(super) window: Vec<Arc<WindowUDF>>,
    pub(super) table: Vec<Arc<TableFunction>>,
    pub(super) expr_planners: Vec<Arc<dyn ExprPlanner>>,
}

/// The engine's own functions. Those that make rows (`range`, `generate_series`) read no file.
pub(super) fn registered() -> Functions {
    Functions {
        scalar: SessionStateDefaults::default_scalar_functions(),
        higher_order: SessionStateDefaults::default_higher_order_functions(),
        aggregate: SessionStateDefaults::default_aggregate_functions(),
        window: SessionStateDefaults::default_window_functions(),
        table: SessionStateDefaults::default_table_functions(),
        expr_planners: SessionStateDefaults::default_expr_planners(),
    }
}
