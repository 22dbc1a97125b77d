//! The fence around work on files of a repository: a panic inside of it costs one file or one check,
//! becomes a finding that names the file, and the rest of the run continues.
//!
//! A panic is always a mistake of the program. Its message may quote the file, so
//! [`hook`] prints the location in the program and the kind of work, but not the message.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::finding::Finding;
use crate::source::{FileId, Location, Span};

/// The rule of the findings that panics become.
pub const RULE: &str = "internal-error";

thread_local! {
    /// The work inside the innermost fence of this thread.
    static WORK: Cell<&'static str> = const { Cell::new("the program") };
}

/// A piece of work that panicked, and the file that it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked {
    what: &'static str,
    file: FileId,
}

impl From<Panicked> for Finding {
    fn from(panicked: Panicked) -> Self {
        internal_error(panicked.what, panicked.file)
    }
}

/// Does one piece of work for a file. `what` says what did not end where the work panics; it is
/// printed, so it holds nothing of a repository.
pub fn attempt<T>(
    what: &'static str,
    file: FileId,
    work: impl FnOnce() -> T,
) -> Result<T, Panicked> {
    let outer = WORK.replace(what);
    let done = catch_unwind(AssertUnwindSafe(work));
    WORK.set(outer);

    done.map_err(|_| Panicked { what, file })
}

/// Does one piece of work as [`attempt`] does, with a finding in place of a panic.
pub fn isolate<T>(
    what: &'static str,
    file: FileId,
    work: impl FnOnce() -> T,
) -> Result<T, Box<Finding>> {
    attempt(what, file, work).map_err(|panicked| Box::new(panicked.into()))
}

/// Does one piece of work, or gives an empty result and adds the panic to `broken`: as it is, or as
/// the finding that it becomes.
pub fn isolate_or_default<T: Default, P: From<Panicked>>(
    what: &'static str,
    file: FileId,
    broken: &mut Vec<P>,
    work: impl FnOnce() -> T,
) -> T {
    attempt(what, file, work).unwrap_or_else(|panicked| {
        broken.push(panicked.into());
        T::default()
    })
}

/// The finding of a panic in a check, with the name of the rule in its message.
pub fn of_rule(mut finding: Finding, rule: &str) -> Finding {
    finding.message = format!("internal error: the rule `{rule}` did not finish");

    finding
}

/// The finding for a panic.
fn internal_error(what: &str, file: FileId) -> Finding {
    let location = Location {
        file,
        span: Span::default(),
    };

    let mut finding = Finding::new(location, format!("internal error: {what} did not finish"))
        .help(
            "report this with the file, or the part of it that you can share; everything else \
            was checked",
        );
    finding.rule = RULE;

    finding
}

/// Prints where the program panicked, without the message of the panic: it may contain a secret or
/// control codes for a terminal.
pub fn hook(info: &PanicHookInfo<'_>) {
    let location = info.location().map_or_else(
        || "an unknown place".to_owned(),
        |location| format!("{}:{}", location.file(), location.line()),
    );
    let what = WORK.with(Cell::get);

    // Standard error may be closed.
    let _ = writeln!(
        io::stderr(),
        "deploylint: internal error in {what}, at {location}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> usize {
        // A mistake of the kind that the fence is for.
        text.as_bytes()[text.len()].into()
    }

    #[test]
    fn a_panic_becomes_a_finding_of_its_file() {
        let finding = isolate("the rule `x`", FileId(3), || broken("abc")).expect_err("it panics");

        assert_eq!(finding.rule, RULE);
        assert_eq!(finding.location.file, FileId(3));
        assert_eq!(
            finding.message,
            "internal error: the rule `x` did not finish"
        );
        assert_eq!(isolate("more work", FileId(3), || 1), Ok(1));
    }

    #[test]
    fn an_inner_panic_leaves_the_outer_work_alone() {
        let mut findings: Vec<Finding> = Vec::new();
        let done = isolate("the outer work", FileId(0), || {
            let inner =
                isolate_or_default("the inner work", FileId(1), &mut findings, || broken(""));
            (inner, WORK.get())
        });

        assert_eq!(done, Ok((0, "the outer work")));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].location.file, FileId(1));
    }
}
