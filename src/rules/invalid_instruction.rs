//! `invalid-instruction`: lines that the builder reads and then refuses.

use super::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::dockerfile::Dockerfile;
use crate::source::Place;

pub fn check(_: &Ctx, dockerfile: &Dockerfile, sink: &mut Sink) {
    for fault in &dockerfile.tree.faults {
        let place = |span| Place::new(dockerfile.file, span);
        let mut finding = Finding::new(place(fault.span), format!("the build stops here: {}", fault.message))
            .help("compare the line with the Dockerfile reference; no stage can be built before it is mended");
        if let Some((span, text)) = &fault.related {
            finding = finding.related(place(*span), text.clone());
        }
        sink.report(finding);
    }
}
