//! Reserved words, and sets of tokens that end a list.

/// A set of tokens that end a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Closers(u16);

impl Closers {
    pub(super) const NONE: Self = Self(0);
    pub(super) const PAREN: Self = Self(1);
    pub(super) const BRACE: Self = Self(1 << 1);
    pub(super) const THEN: Self = Self(1 << 2);
    pub(super) const ELIF: Self = Self(1 << 3);
    pub(super) const ELSE: Self = Self(1 << 4);
    pub(super) const FI: Self = Self(1 << 5);
    pub(super) const DO: Self = Self(1 << 6);
    pub(super) const DONE: Self = Self(1 << 7);
    pub(super) const ARM: Self = Self(1 << 8);
    pub(super) const ESAC: Self = Self(1 << 9);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A reserved word where a command may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Closer(Closers),
    Brace,
    If,
    While,
    For,
    Case,
    Function,
    Test,
}
