//! Hostile repositories: what they hold as data, what a run makes of them, what may be printed of
//! them, and what they may break.

mod bombs;
mod files;
mod leaks;
mod output;
mod panics;
mod reports;
mod repository;
