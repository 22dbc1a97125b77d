//! Tests of loading, merging and lowering.
