//! What the templates do that GitLab brings along: `include: template`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::super::evidence::{Evidence, Purpose};
use crate::embedded::table;
use crate::source::Located;

#[derive(Deserialize)]
struct TemplateTable {
    template: Vec<TemplateEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateEntry {
    /// Names without `.gitlab-ci.yml`; what is before a slash may differ.
    names: Vec<String>,
    purposes: Vec<Purpose>,
    #[serde(default)]
    filters: bool,
}

static TABLE: LazyLock<Vec<TemplateEntry>> = LazyLock::new(|| {
    let table: TemplateTable = table!("gitlab");
    table.template
});

/// What a template adds to a pipeline.
pub(super) struct TemplateWork {
    pub evidence: Vec<Evidence>,
    /// Whether it decides when there is a pipeline at all.
    pub filters: bool,
}

/// What a template adds; `None` for one that the table does not have.
pub(super) fn template_work(template: &Located<String>) -> Option<TemplateWork> {
    let name = template.value.trim_end_matches(".gitlab-ci.yml");
    let name = name.trim_end_matches(".latest");
    let entry = TABLE
        .iter()
        .find(|entry| entry.names.iter().any(|known| is_named(name, known)))?;

    Some(TemplateWork {
        evidence: entry
            .purposes
            .iter()
            .map(|purpose| Evidence {
                purpose: *purpose,
                location: template.location,
                named: false,
                on_runner: false,
            })
            .collect(),
        filters: entry.filters,
    })
}

fn is_named(name: &str, known: &str) -> bool {
    name == known
        || name
            .strip_suffix(known)
            .is_some_and(|before| before.ends_with('/'))
}
