//! `invalid-instruction`: lines that the builder parses and rejects; and `syntax-error` for those
//! that it cannot parse.

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::{Base, Dockerfile};
use crate::source::Location;
use crate::syntax::dockerfile::FaultKind;

/// `invalid-instruction`: the line can be parsed.
pub fn check(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    report(dockerfile, |kind| !kind.is_unreadable(), sink);
    report_references(dockerfile, sink);
}

/// Base images whose name is not one of an image.
fn report_references(dockerfile: &Dockerfile, sink: &mut Sink) {
    if dockerfile.tree.template.is_some() {
        return;
    }

    for stage in &dockerfile.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };

        let from = dockerfile.named.all[stage.index.number()].from;
        let instruction = dockerfile.tree.instructions[from].span;
        let has_fault = dockerfile
            .tree
            .faults
            .iter()
            .any(|fault| instruction.contains(fault.span));
        if image.is_malformed() && !has_fault {
            sink.report(
                Finding::new(
                    image.location,
                    format!(
                        "the build fails here: `{}` is not an image name",
                        image.written
                    ),
                )
                .label("not a valid reference")
                .help("write it in small letters, as `registry/folder/name:tag`"),
            );
        }
    }
}

/// `syntax-error`: the line cannot be parsed.
pub fn unreadable(_: &Analysis, dockerfile: &Dockerfile, sink: &mut Sink) {
    report(dockerfile, FaultKind::is_unreadable, sink);
}

fn report(dockerfile: &Dockerfile, wanted: fn(FaultKind) -> bool, sink: &mut Sink) {
    for fault in dockerfile
        .tree
        .faults
        .iter()
        .filter(|fault| wanted(fault.kind))
    {
        let mut finding = Finding::new(
            Location::new(dockerfile.file, fault.span),
            format!("the build fails here: {}", fault.message),
        )
        .help(
            "check the line against the Dockerfile reference; no stage can be built until \
                it is fixed",
        );
        if let Some((span, text)) = &fault.related {
            finding = finding.related(Location::new(dockerfile.file, *span), text.clone());
        }

        sink.report(finding);
    }
}
