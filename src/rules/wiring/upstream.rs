//! The words for faults of addresses in configuration files, for all rules that find them.

use crate::analysis::upstream::{Address, Fault};
use crate::finding::Finding;
use crate::graph::ConfigConsumer;

/// The finding for a fault of an address; `what` names the address: "the scrape target".
pub(super) fn finding(address: &Address, fault: &Fault, what: &str) -> Finding {
    let host = address.host.value.as_str();

    match fault {
        Fault::Localhost {
            reader,
            server,
            port,
        } => {
            let (reader, name) = (reader.name(), server.name());
            let serves = format!("`{name}` serves port {port}");
            Finding::new(
                address.host.location,
                format!("{what} is localhost, but {serves}"),
            )
            .label(format!("inside `{reader}`, localhost is `{reader}` itself"))
            .related(server.container.anchor, serves)
            .help(format!("use `{name}` as the host, with its container port"))
        }
        Fault::UnknownHost { reader, similar } => {
            let help = match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => {
                    "use a service name of the project or a fully qualified host name".to_owned()
                }
            };
            Finding::new(
                address.host.location,
                format!(
                    "{what} `{host}` is not a service in the project of `{}`",
                    reader.name()
                ),
            )
            .label("no service or alias has this name")
            .related(reader.container.anchor, "this service reads the file")
            .help(help)
        }
        Fault::PublishedPort {
            service,
            port,
            target,
        } => {
            let container = &service.container;
            let published = container
                .ports
                .first()
                .map_or(container.anchor, |port| port.location);
            Finding::new(
                port.location,
                format!(
                    "{what} `{host}:{}` uses the published host port of `{host}`",
                    port.value
                ),
            )
            .label(format!("inside the project, it listens on {target}"))
            .related(published, "published here")
            .help(format!("write `{host}:{target}`"))
        }
    }
}

/// Whether all services that read a file are for development.
pub(super) fn is_for_development(readers: &[ConfigConsumer]) -> bool {
    readers.iter().all(|reader| reader.project.development)
}
