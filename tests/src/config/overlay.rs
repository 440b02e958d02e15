//! Defaults < `[defaults]` < `config.yaml` < annotations < the call: field by field, later wins, origins right. Against a plain model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rat_core::error::Source;
use rat_core::interop::config::{Config, Defaults, Origin, Overrides, resolve, settings};
use serde_json::Value;

use super::values::pipeline;

/// Keys with values that are good everywhere, as JSON; the same text is good in YAML, TOML and annotations.
fn value(key: usize, choice: u32) -> (&'static str, Value) {
    let name = ["a", "b_1", "größe"][choice as usize % 3];
    match key {
        0 => ("owner", name.into()),
        1 => ("tags", vec![name].into()),
        2 => ("max_retries", choice.into()),
        3 => ("merge_strategy", ["full_refresh", "append_only"][choice as usize % 2].into()),
        4 => ("archive_landing_zones", choice.is_multiple_of(2).into()),
        5 => ("timeout", format!("{}s", choice % 59 + 1).into()),
        6 => ("sort_by", vec![name, "z"].into()),
        _ => ("on_active", ["queue", "skip", "fail"][choice as usize % 3].into()),
    }
}

/// What one place says.
fn said() -> impl Strategy<Value = BTreeMap<&'static str, Value>> {
    prop::collection::vec((0usize..8, 0u32..100), 0..6).prop_map(|said| said.into_iter().map(|(key, choice)| value(key, choice)).collect())
}

fn lines(said: &BTreeMap<&'static str, Value>, line: impl Fn(&str, &Value) -> String) -> String {
    said.iter().map(|(key, value)| line(key, value)).collect()
}

/// An annotation's value: text without quotes, or a flow list.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn later_places_win_key_by_key(project in said(), yaml in said(), head in said(), call in said()) {
        let toml = Source::new("rat.toml", format!("[defaults]\n{}", lines(&project, |k, v| format!("{k} = {v}\n"))));
        let pipeline = pipeline(
            &format!("{}select 1\n", lines(&head, |k, v| format!("-- @{k}: {}\n", bare(v)))),
            Some(&lines(&yaml, |k, v| format!("{k}: {v}\n"))),
        );
        let (settings, found) = settings(Some(&toml), &|_| None);
        prop_assert_eq!(found, vec![]);
        let overrides = call.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let overrides = Overrides::from_json(&overrides, "default").unwrap();
        let (config, found) = resolve(&Defaults::new(&settings), &pipeline, &overrides);
        prop_assert_eq!(found, vec![]);

        let defaults = Config::default();
        for ((key, value, origin), (_, default, _)) in config.entries().into_iter().zip(defaults.entries()) {
            let places: [(&BTreeMap<_, _>, &str); 3] = [(&head, "pipeline.sql"), (&yaml, "config.yaml"), (&project, "rat.toml")];
            if let Some(said) = call.get(key) {
                prop_assert_eq!((&value, origin), (said, &Origin::Call), "{}", key);
            } else if let Some((said, file)) = places.iter().find_map(|(said, file)| Some((said.get(key)?, *file))) {
                prop_assert_eq!(&value, said, "{}", key);
                let label = origin.label().unwrap();
                prop_assert!(label.source.path.ends_with(file), "{}: {} is not {}", key, label.source.path, file);
                // The place holds what was written there.
                let written = &label.source.text[label.range.clone()];
                let expected = if file == "pipeline.sql" { bare(said) } else { said.to_string() };
                prop_assert_eq!(written, expected, "{}", key);
            } else {
                prop_assert_eq!((&value, origin), (&default, &Origin::Default), "{}", key);
            }
        }
    }

    #[test]
    fn no_text_breaks_the_readers(sql in "\\PC{0,80}", yaml in "[-a-z@:#\\[\\]{}&*!|>'\", \n\té]{0,120}", toml in "[a-z=\\[\\]{}\"'$. \n0-9é]{0,120}") {
        let pipeline = pipeline(&format!("-- @{sql}\n{sql}"), Some(&yaml));
        let (settings, found) = settings(Some(&Source::new("rat.toml", toml)), &|_| None);
        let (_, more) = resolve(&Defaults::new(&settings), &pipeline, &Overrides::default());
        for label in found.iter().chain(&more).flat_map(|diagnostic| &diagnostic.labels) {
            prop_assert!(label.range.start <= label.range.end && label.range.end <= label.source.text.len());
            prop_assert!(label.source.text.is_char_boundary(label.range.start) && label.source.text.is_char_boundary(label.range.end));
        }
    }
}
