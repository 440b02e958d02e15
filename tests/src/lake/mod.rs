//! Tests of lake.
