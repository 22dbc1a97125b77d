//! One finding for what holds of many objects.

use crate::finding::{Finding, Level, Sink};

/// Says once what holds of many objects alike: at the first place, with the number of the others.
pub(crate) fn once(sink: &mut Sink, level: Level, findings: Vec<Finding>) {
    let others = findings.len().saturating_sub(1) as u32;
    if let Some(mut first) = findings.into_iter().next() {
        first.others = others;
        sink.report_at(level, first);
    }
}
