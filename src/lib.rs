//! `deploylint` answers one question about a repository: is it ready to deploy?
//!
//! The modules stand in layers; each uses only those above it in this list (`tests/tidy.rs` keeps it so).

pub mod source;
pub mod suggest;

pub mod edit;
pub mod finding;

pub mod credential;
<<<<<<< HEAD
pub mod syntax;
=======
pub mod data;
>>>>>>> compose

<<<<<<< HEAD
pub mod model;

pub mod graph;

pub mod catalog;
pub mod rules;

pub mod config;
pub mod suppress;

pub mod engine;

pub mod report;

pub mod cli;
=======
pub mod credential;
>>>>>>> cred
