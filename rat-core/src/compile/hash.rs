//! The fingerprint of everything that makes a pipeline's SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::Source;
use crate::template::{Templates, Uses};

/// Changes when equal code would make other SQL, or other rows, than before. Never with rat's version: an update must not rebuild a lake.
const HASH_VERSION: &str = "1";

/// SHA-256 of the source, the macros, the settings and the used variables, in hexadecimal.
pub(super) fn code_hash(
    templates: &Templates,
    source: &Arc<Source>,
    config: &Config,
    uses: &Uses,
    vars: &BTreeMap<String, serde_json::Value>,
) -> String {
    let mut hash = Sha256::new();
    // Every part is preceded by its length, so that no two lists of parts are the same bytes.
    let mut feed = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    };
    feed(HASH_VERSION);
    feed(&source.text);
    for (name, text) in templates.macro_texts(&uses.macros) {
        feed("macro");
        feed(name);
        feed(&text);
    }
    for (key, value, _) in config.entries() {
        feed("config");
        feed(key);
        feed(&value.to_string());
    }
    for name in &uses.vars {
        feed("var");
        feed(name);
        // A variable that is not set and one that is null are not the same.
        feed(&vars.get(name).map(ToString::to_string).unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
