//! `deploylint` answers one question about a repository: is it ready to deploy?
//!
//! The modules stand in layers; each uses only those above it in this list (`tests/layers.rs` keeps
//! it so).

// Tests are tables, which may be as long as they have to be.
#![cfg_attr(not(test), warn(clippy::too_many_lines, clippy::cognitive_complexity))]

pub mod embedded;
pub mod input;
pub mod search;
pub mod source;
pub mod suggest;

pub mod edit;
pub mod finding;

pub mod fence;

pub mod syntax;

pub mod credential;
pub mod data;

pub mod model;

pub mod git;
pub mod graph;

pub mod analysis;

pub mod catalog;
pub mod rules;

pub mod config;
pub mod suppress;
pub mod walk;

pub mod engine;

pub mod report;

pub mod cli;
