//! Settings: plain data with documented defaults.
