//! The engine's session: one per lake, shared by everything that plans or executes.
//!
//! A [`Session`] owns what queries share: the memory pool and the spill folder, the object store, the functions of the dialect and the
//! engine's options. It is made once, because registering some hundreds of functions costs more than planning a query, and is cheap to
//! clone.
//!
//! What is not registered cannot be called: there is no function that reads a file or the network, no file format, no external table and
//! no catalog here. Tables reach a query only through [`plan::Relations`](crate::plan::Relations).
//!
//! Knows nothing of pipelines, tables or templates. Entry points: [`Session::open`], [`Session::state`].

mod memory;
mod nulls;
mod options;
mod padded;
mod sorted;
mod yielding;

use std::sync::Arc;

use datafusion::execution::context::SessionState;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::optimizer::analyzer::Analyzer;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use object_store::ObjectStore;

use crate::clock::Clock;
use crate::dialect;
use crate::error::{Code, Error, Result};

pub use options::Options;

/// What queries of one lake share. Cheap to clone.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    state: SessionState,
    analyzer: Analyzer,
    clock: Arc<dyn Clock>,
    memory_bytes: usize,
}

impl Session {
    /// A session without a store: it can plan anything, and execute what reads no file.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` when the spill folder cannot be used.
    pub fn open(clock: Arc<dyn Clock>, options: &Options) -> Result<Self> {
        let memory_bytes = options.memory_bytes.unwrap_or_else(memory::default_bytes);
        let runtime = runtime(memory_bytes, options)?;
        let functions = dialect::functions();
        let analyzer = Analyzer::with_rules(functions.analyzer_rules);
        let state = SessionStateBuilder::new()
            .with_config(options::config(options, memory_bytes))
            .with_runtime_env(runtime)
            .with_scalar_functions(functions.scalar)
            .with_higher_order_functions(functions.higher_order)
            .with_aggregate_functions(functions.aggregate)
            .with_window_functions(functions.window)
            .with_table_function_list(functions.table)
            .with_expr_planners(functions.expr_planners)
            .with_analyzer_rules(analyzer.rules.clone())
            .with_physical_optimizer_rules(physical_rules())
            .build();
        Ok(Self(Arc::new(Inner { state, analyzer, clock, memory_bytes })))
    }

    /// Makes a store known under a URL; scans name it by that URL.
    pub fn register_store(&self, url: &ObjectStoreUrl, store: Arc<dyn ObjectStore>) {
        self.0.state.runtime_env().register_object_store(url.as_ref(), store);
    }

    /// Makes a lake's files readable by scans, which name them under `rat://lake`.
    pub fn register_storage(&self, storage: &crate::storage::Storage) {
        let url = ObjectStoreUrl::parse("rat://lake").expect("a URL with a scheme and a host");
        self.register_store(&url, storage.object_store());
    }

    /// A state to execute one query with: `now()` is this moment.
    pub fn state(&self) -> SessionState {
        let mut state = self.0.state.clone();
        let options = Arc::clone(state.config_options());
        let properties = state.execution_props_mut();
        properties.mark_start_execution(options);
        properties.query_execution_start_time = Some(self.0.clock.now());
        state
    }

    /// The same session, sharing memory and scratch, whose joins sort both sides: that spills, where the table of a hash join must fit.
    #[must_use]
    pub fn with_sorted_joins(&self) -> Self {
        let mut state = self.0.state.clone();
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        // In a single partition the engine hashes whatever it is told.
        options.execution.target_partitions = options.execution.target_partitions.max(2);
        let (analyzer, clock) = (self.0.analyzer.clone(), Arc::clone(&self.0.clock));
        Self(Arc::new(Inner { state, analyzer, clock, memory_bytes: self.0.memory_bytes }))
    }

    /// The memory all queries of the lake may use together, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes
    }

    /// The memory reserved by running queries now, in bytes.
    pub fn memory_reserved_bytes(&self) -> usize {
        self.0.state.runtime_env().memory_pool.reserved()
    }

    /// The clock queries are dated by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The shared state, to look functions and options up in without copying it.
    pub(crate) fn shared(&self) -> &SessionState {
        &self.0.state
    }

    /// What types a plan.
    pub(crate) fn analyzer(&self) -> &Analyzer {
        &self.0.analyzer
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("memory_bytes", &self.0.memory_bytes).finish_non_exhaustive()
    }
}

/// The engine's rules, in their order, with ours where they belong.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let check = rules.len() - 1;
    rules.insert(check, Arc::new(sorted::SortsAreThere));
    rules.insert(0, Arc::new(padded::PadOuterJoins));
    rules.push(Arc::new(nulls::NullsAreSeen));
    rules.push(Arc::new(yielding::YieldBetweenBatches));
    rules
}

fn runtime(memory_bytes: usize, options: &Options) -> Result<Arc<RuntimeEnv>> {
    let mode = match &options.spill_folder {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    };
    // The pool shares fairly between operators that can spill, and names the largest users when it is used up.
    const NAMED_CONSUMERS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(3).expect("three is not zero");
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(memory_bytes), NAMED_CONSUMERS)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(options.spill_bytes))
        .build_arc()
        .map_err(|cause| Error::new(Code::StorageUnavailable, "the spill folder cannot be used").with_source(cause))
}
