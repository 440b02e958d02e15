//! What the engine's planner asks while it plans.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableFunctionArgs;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, Result, TableReference, plan_datafusion_err};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;

use crate::session::Session;

/// The relations of one statement, by the name the resolved tree has for them, and the functions of the session.
pub(super) struct Provider<'a> {
    state: &'a SessionState,
    sources: HashMap<String, Arc<dyn TableSource>>,
}

impl<'a> Provider<'a> {
    pub(super) fn new(session: &'a Session, sources: HashMap<String, Arc<dyn TableSource>>) -> Self {
        Self { state: session.shared(), sources }
    }
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        self.sources.get(&name.to_string()).cloned().ok_or_else(|| plan_datafusion_err!("table '{name}' not found"))
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let function = self
            .state
            .table_functions()
            .get(&name.to_lowercase())
            .cloned()
            .ok_or_else(|| plan_datafusion_err!("table function '{name}' not found"))?;
        let simplifier =
            ExprSimplifier::new(SimplifyContext::builder().with_config_options(Arc::clone(self.state.config_options())).build());
        let schema = DFSchema::empty();
        let args = args.into_iter().map(|arg| simplifier.simplify(simplifier.coerce(arg, &schema)?)).collect::<Result<Vec<_>>>()?;
        Ok(provider_as_source(function.create_table_provider_with_args(TableFunctionArgs::new(&args, self.state))?))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        None
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}

/// Whether a name can be called as a function, in lower case.
pub(super) fn is_function(session: &Session, name: &str) -> bool {
    let state = session.shared();
    // `unnest` is not a function of the registry: the engine plans it as a relation.
    name == "unnest"
        || state.scalar_functions().contains_key(name)
        || state.aggregate_functions().contains_key(name)
        || state.window_functions().contains_key(name)
        || state.higher_order_functions().contains_key(name)
}

/// Every name that can be called as a function.
pub(super) fn function_names(session: &Session) -> Vec<String> {
    let state = session.shared();
    let scalar = state.scalar_functions().keys().chain(state.higher_order_functions().keys());
    scalar.chain(state.aggregate_functions().keys()).chain(state.window_functions().keys()).cloned().collect()
}

/// Every name that can stand in FROM with arguments.
pub(super) fn table_function_names(session: &Session) -> Vec<String> {
    session.shared().table_functions().keys().cloned().collect()
}

/// The recursive relation of whose rows of the round before it is a read.
pub(super) fn work_table(node: &LogicalPlan) -> Option<String> {
    let LogicalPlan::TableScan(scan) = node else { return None };
    let table = source_as_provider(&scan.source).ok()?;
    table.downcast_ref::<CteWorkTable>().map(|table| table.name().to_owned())
}
