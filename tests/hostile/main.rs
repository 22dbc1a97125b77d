//! Repositories that are made to break the program: it ends, and says what it found.

mod bombs;
