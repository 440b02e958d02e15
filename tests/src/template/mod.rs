//! Tests of template.
