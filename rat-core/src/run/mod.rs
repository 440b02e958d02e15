//! The story of one run: plan, execute, write, test, publish or discard, record.
//!
//! `docs/decisions/0001-run-protocol.md` is the contract: what is true after a stop at any instant, and who repairs it. The table alone is
//! the truth; the ledger is history. [`run`](pipeline::run) is the table of contents; each step has a file.
//!
//! Knows no schedule and no order of pipelines. Landing zones reach it as a value ([`Landing`]).
//!
//! Entry points: [`run`] → [`RunReport`], [`submit`] → [`RunHandle`] for one in the background, [`write`] for rows that a caller has,
//! [`cancel`], [`plan`] tells what a run would do, [`settle`] on opening a lake, [`fresh`] for those who would rather not run.

mod active;
mod asked;
mod cancel;
mod context;
mod foretold;
mod fresh;
mod given;
mod handle;
mod inputs;
mod landing;
mod options;
mod passed;
mod pipeline;
mod planned;
mod previewed;
mod publish;
mod published;
mod record;
mod refused;
mod report;
mod settle;
mod stop;
mod tests;
mod together;
mod view;
mod watermark;
mod write_plan;

pub use active::Active;
use asked::Asked;
pub use cancel::cancel;
pub use context::{ProjectCode, RunContext};
pub use foretold::plan;
pub use fresh::fresh;
pub use given::WriteData;
pub use handle::{RunEvents, RunHandle, submit};
pub use landing::{Landing, LandingCut, LandingRequest, NoLanding};
pub use options::{OnEvent, Refresh, RunOptions};
pub use pipeline::{retry_pause, run, write};
pub use previewed::{Previewed, preview};
pub use published::{next_watermark, test};
pub use report::{BuildReport, Event, Phase, PhaseReport, RunReport, RunStatus, TestResult, TestStatus};
pub use settle::settle;
pub use stop::Stop;
pub use together::Together;
pub use write_plan::{LandedInput, PlannedTest, SchemaChange, SchemaChangeKind, WritePlan};
