#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "interop"), allow(dead_code, reason = "rooms offer more to interop than the door uses"))]

pub mod clock;
pub mod error;
pub mod ids;
pub mod name;
pub mod settings;
mod types;

// ground
mod ledger;
mod sqlite;
mod storage;
mod tables;

// language
mod compile;
mod config;
mod graph;
mod project;
mod template;

// engine
mod dialect;
mod execute;
mod files;
mod merge;
mod plan;
mod quality;
mod session;

// stories
mod build;
mod check;
mod landing;
mod maintain;
mod query;
mod run;

// door
mod lake;

pub use build::Publish;
pub use check::{CheckReport, CheckedPipeline};
pub use dialect::texts;
pub use lake::{
    BuildOptions, Builder, CheckOptions, CompileOptions, Compiled, CompiledTest, CompiledZone, ConfigOrigin, ConfigValue, EventSink,
    Freshness, Graph, GraphEdge, GraphNode, GraphOptions, InitOptions, Lake, LandingZones, LatestRun, MaintainOptions, Namespaces,
    NodeKind, OnFailure, PlanOptions, Preview, PreviewOptions, PreviewPhase, QueryOptions, RunHistory, TableInfo, TableList, TestOptions,
    WriteOptions,
};
pub use landing::{Restored, Zone, ZoneFile};
pub use ledger::{LogLine, RunFilter, RunPage, RunRecord, Status, TestLine};
pub use maintain::{MaintainedTable, MaintenanceReport};
pub use merge::Amount;
pub use plan::{Column, ColumnLineage, Origin as ColumnOrigin, columns};
pub use project::Language;
pub use query::{AsOf, Param, Params, QueryResult, QueryStream};
pub use run::{
    BuildReport, Event, LandedInput, Phase, PhaseReport, PlannedTest, Refresh, RunEvents, RunHandle, RunOptions, RunReport, RunStatus,
    SchemaChange, SchemaChangeKind, Stop, TestResult, TestStatus, WriteData, WritePlan,
};
pub use tables::{Entry, EntryKind, HistoryEntry, NamedReference, ReferenceKind};

#[cfg(feature = "interop")]
pub mod interop;
