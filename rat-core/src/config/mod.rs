//! A pipeline's settings: read, overlaid, resolved, with the place each value came from.
//!
//! [`annotations`] reads comment lines, [`resolve`] lays defaults, `[defaults]`, `config.yaml`, annotations and the call over each other,
//! [`settings`] reads `rat.toml`, [`test_header`] the head of a quality test. [`KEYS`] and [`SETTING_KEYS`] are the tables all of it, and
//! the reference pages, come from. Everything is text in, values and diagnostics out; the environment is asked through a function.
//!
//! The only room that knows YAML and TOML. It knows no template, no SQL and no column types: a key's value is checked as far as its text
//! goes.

mod annotations;
mod header;
mod keys;
mod node;
mod rat_toml;
mod read;
mod read_lists;
mod reference;
mod resolve;
mod setting;
mod settings;
mod values;
mod yaml;

pub use annotations::{Annotations, Entry, annotations, test_body};
pub use header::{TEST_KEYS, test_header};
pub use keys::{Config, KEYS, Key, Partial};
pub use reference::reference;
pub use resolve::{Defaults, Overrides, resolve, resolve_call, resolve_with};
pub use setting::{Origin, Setting};
pub use settings::{SETTING_KEYS, SettingKey, settings, settings_with};
pub use values::{
    BuiltinTest, ColumnContract, HardDeletes, Lookback, Materialized, MergeStrategy, NullKeys, OnActive, OnSchemaChange, PartitionField,
    RefreshPolicy, Scalar, TestHeader, TestSeverity, Transform, WriteMode,
};

/// The project's settings file, at its root.
pub const RAT_TOML: &str = "rat.toml";
