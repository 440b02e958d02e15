//! Tests of floors.
