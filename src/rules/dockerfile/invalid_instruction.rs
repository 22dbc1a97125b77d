//! `invalid-instruction`: lines that the builder reads and then refuses; and the `syntax-error` of
//! those it cannot read.

use crate::analysis::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::source::Location;
use crate::syntax::dockerfile::FaultKind;

/// `invalid-instruction`: the line can be read.
pub fn check(_: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    report(dockerfile, |kind| !kind.is_unreadable(), sink);
}

/// `syntax-error`: it cannot.
pub fn unreadable(_: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    report(dockerfile, FaultKind::is_unreadable, sink);
}

fn report(dockerfile: &Dockerfile, wanted: fn(FaultKind) -> bool, sink: &mut Sink) {
    for fault in dockerfile
        .tree
        .faults
        .iter()
        .filter(|fault| wanted(fault.kind))
    {
        let location = |span| Location::new(dockerfile.file, span);
        let mut finding = Finding::new(
            location(fault.span),
            format!("the build fails here: {}", fault.message),
        )
        .help(
            "check the line against the Dockerfile reference; no stage can be built until \
                it is fixed",
        );
        if let Some((span, text)) = &fault.related {
            finding = finding.related(location(*span), text.clone());
        }

        sink.report(finding);
    }
}
