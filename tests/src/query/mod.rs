//! Tests of query.
