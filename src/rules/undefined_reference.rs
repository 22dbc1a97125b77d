//! undefined-reference: a volume, network, secret, config or service that no file of the project defines.

use super::Ctx;
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, ReferenceKind, Service};
use crate::suggest;

pub fn check(_: &Ctx, project: &Project, service: &Service, sink: &mut Sink) {
    if project.overlay {
        return;
    }
    for reference in &service.references {
        if project.defines(reference) {
            continue;
        }
        let name = &reference.name.value;
        let (what, known) = names(project, reference.kind);
        let help = match suggest::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if reference.kind == ReferenceKind::Service => format!("define the service `{name}`, or remove this"),
            None => {
                format!("add `{name}` under the top-level `{what}s`, with `external: true` if it is made elsewhere")
            }
        };
        sink.report(
            Finding::new(
                reference.name.place,
                format!("`{}` refers to the {what} `{name}`, which is not defined", service.name()),
            )
            .label("Compose refuses to load the project")
            .help(help),
        );
    }
}

fn names(project: &Project, kind: ReferenceKind) -> (&'static str, Vec<&str>) {
    let (what, list) = match kind {
        ReferenceKind::Service => return ("service", project.services.iter().map(Service::name).collect()),
        ReferenceKind::Volume => ("volume", &project.volumes),
        ReferenceKind::Network => ("network", &project.networks),
        ReferenceKind::Secret => ("secret", &project.secrets),
        ReferenceKind::Config => ("config", &project.configs),
    };
    (what, list.iter().map(|one| one.name.value.as_str()).collect())
}
