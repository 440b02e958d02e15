//! Tests of config: annotations, YAML, `rat.toml`, the overlay, and the reference page.

mod annotations;
mod large;
mod overlay;
mod reference;
mod settings;

mod values;
