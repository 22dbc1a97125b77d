//! Tests of [`upstream`](crate::analysis::upstream).

use super::{Repo, analyze};
use crate::analysis::upstream::{Address, Fault, fault};
use crate::source::{FileId, Location, Span};

#[test]
fn addresses_have_exact_places() {
    for (text, expected) in [
        ("http://api:8080/x", Some(("api", Some("8080")))),
        ("api:80", Some(("api", Some("80")))),
        ("api", Some(("api", None))),
        ("tcp://db.acme.io", Some(("db.acme.io", None))),
        ("http://api:port/", Some(("api", None))),
        ("http://$host:80", None),
        ("http://", None),
    ] {
        let whole = Location::new(FileId(0), Span::of(0, text.len()));
        let found = Address::parse(text, whole);
        let places = found.as_ref().map(|address| {
            let port = address.port.as_ref();
            (
                address.host.location.span.text(text),
                port.map(|port| port.location.span.text(text)),
            )
        });
        assert_eq!(places, expected, "{text}");
    }
}

const COMPOSE: &str = "services:\n  proxy:\n    image: nginx:1\n    volumes: \
                       ['./nginx.conf:/etc/nginx/nginx.conf']\n  api:\n    image: acme/api:1\n    \
                       ports: ['8080:80']\n  db:\n    image: postgres:16\n";

fn fault_of(repo: &Repo, text: &str) -> String {
    let readers = repo.analysis.graph.readers("nginx.conf");
    let file = repo.file("nginx.conf").id;
    let address = Address::parse(text, Location::new(file, Span::of(0, text.len())));

    match fault(&repo.analysis, &readers, &address.expect("an address")) {
        None => "none".to_owned(),
        Some(Fault::Localhost {
            reader,
            server,
            port,
        }) => {
            format!("{} means {}:{port}", reader.name(), server.name())
        }
        Some(Fault::UnknownHost { reader, similar }) => {
            format!("{} knows {}", reader.name(), similar.unwrap_or("nothing"))
        }
        Some(Fault::PublishedPort {
            service,
            port,
            target,
        }) => {
            format!("{} serves {target}, not {}", service.name(), port.value)
        }
    }
}

#[test]
fn the_services_that_read_a_file_reach_its_addresses_or_not() {
    let files = [("compose.yaml", COMPOSE), ("nginx.conf", "# none\n")];
    analyze(&files, |repo| {
        for (text, expected) in [
            ("http://api:80", "none"),
            ("http://api:8080", "api serves 80, not 8080"),
            ("http://api", "none"),
            ("http://api:9999", "none"),
            ("http://apis:80", "proxy knows api"),
            ("http://warehouse:80", "proxy knows nothing"),
            ("http://api.acme.io:80", "none"),
            ("localhost:5432", "proxy means db:5432"),
            // It may serve this port itself.
            ("localhost:80", "none"),
            ("localhost:9999", "none"),
            ("localhost", "none"),
        ] {
            assert_eq!(fault_of(repo, text), expected, "{text}");
        }
    });
}

#[test]
fn a_file_that_nothing_reads_has_no_faults() {
    let files = [
        ("compose.yaml", "services:\n  api:\n    image: acme/api:1\n"),
        ("nginx.conf", "# none\n"),
    ];
    analyze(&files, |repo| {
        assert_eq!(fault_of(repo, "http://gone:80"), "none");
    });
}
