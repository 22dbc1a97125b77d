//! `invalid-expression` and `undefined-context`: expressions between `${{` and `}}`.

mod availability;
mod context;
mod syntax;

pub use context::check as undefined_context;
pub use syntax::check as invalid_expression;
