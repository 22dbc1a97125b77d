//! Env files.
