//! `docs/reference/config.md` is written from the tables that read the keys.

use rat_core::interop::config::{Config, KEYS, reference};

use crate::snapshot::{assert_file, root};

#[test]
fn the_reference_page_says_what_the_code_does() {
    assert_file(&root().join("docs/reference/config.md"), &reference());
}

/// The defaults are written twice in the table, once for people: both must say the same.
#[test]
fn the_defaults_shown_are_the_defaults() {
    let config = Config::default();
    for ((name, value, _), key) in config.entries().into_iter().zip(KEYS) {
        assert_eq!(name, key.name);
        let shown = match &value {
            serde_json::Value::Null => "none".to_owned(),
            serde_json::Value::Array(items) if items.is_empty() => "none".to_owned(),
            serde_json::Value::Object(map) if map.is_empty() => "none".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if key.name != "scd_compare" {
            assert_eq!(key.default, shown, "{name}");
        }
    }
}
