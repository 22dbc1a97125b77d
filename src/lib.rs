//! `deploylint` answers one question about a repository: is it ready to deploy?
//!
//! The modules stand in layers; each uses only those above it in this list (`tests/layers.rs` keeps
//! it so). What is public is what the binary, the tests and the benchmarks use; the rest is visible
//! in the crate only, so that the compiler finds what nothing uses.

// Tests are tables, which may be as long as they have to be.
#![cfg_attr(not(test), warn(clippy::too_many_lines, clippy::cognitive_complexity))]

mod date;
mod embedded;
mod input;
mod parallel;
mod search;
pub mod source;
mod suggest;

pub mod edit;
pub mod finding;

pub mod fence;

pub mod syntax;

pub mod credential;
mod data;

mod model;

mod git;
mod graph;

mod analysis;

pub mod catalog;
pub mod rules;

pub mod config;
pub mod suppress;
mod walk;

pub mod engine;

pub mod fixes;

pub mod report;

pub mod checklist;

pub mod cli;
