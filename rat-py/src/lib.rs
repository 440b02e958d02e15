//! Python bindings of rat.
