//! The story of one run: plan, execute, write, test, publish or discard, record.
//!
//! `docs/decisions/0001-run-protocol.md` is the contract: what is true after a stop at any instant, and who repairs it. The table alone is
//! the truth; the ledger is history.
//!
//! Entry points: [`RunReport`] is what a run has to say.

mod report;

pub use report::{BuildReport, Event, Phase, PhaseReport, RunReport, RunStatus, TestResult, TestStatus};
