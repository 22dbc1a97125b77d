//! Hostile repositories: what they hold as data, and what a run makes of them.

mod files;
mod repository;
