//! Repositories made to harm whoever lints them: what may be printed of them, and what they may
//! break.

mod leaks;
mod output;
mod panics;
mod reports;
