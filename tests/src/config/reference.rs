//! `docs/reference/config.md` is written from the tables that read the keys.

use rat_core::interop::config::{Config, KEYS, SETTING_KEYS, reference, settings_with};
use rat_core::settings::Settings;
use serde_json::json;

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

/// As above, for `rat.toml`: what is shown as a default, written down, changes nothing.
#[test]
fn the_settings_shown_are_the_defaults() {
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    for key in SETTING_KEYS {
        let value = &defaults[key.section][key.name];
        assert_eq!(value.is_null(), key.default.contains(' '), "{}.{}: a default in words is one that depends", key.section, key.name);
        if !value.is_null() {
            let shown = serde_json::from_str(key.default).unwrap_or_else(|_| json!(key.default));
            let same = settings_with(Settings::default(), &json!({ key.section: { key.name: shown } })).unwrap();
            assert_eq!(same, Settings::default(), "{}.{}", key.section, key.name);
        }
    }
}
