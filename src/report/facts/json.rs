//! What was understood, for programs. The shape is in `docs/facts.md`; `version` changes when a
//! reader would have to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    BuildRecord, FileRecord, HealthRecord, HealthTest, ObjectRecord, PortRecord, ProjectRecord,
    PublishedPort, ServerPort, ServerRecord, Understanding, Unit, UnitSource, Unknown, UserRecord,
    VolumeRecord,
};
use crate::model::file_role::Evidence;
use crate::model::lower::FormatSpec;
use crate::report::Report;
use crate::source::Location;

#[derive(Serialize)]
struct FactsDocument {
    version: u32,
    tool: ToolItem,
    root: String,
    totals: TotalsItem,
    files: Vec<FileItem>,
}

#[derive(Serialize)]
struct ToolItem {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct TotalsItem {
    dockerfiles: usize,
    compose_files: usize,
    kubernetes_objects: usize,
    workflows: usize,
    services: usize,
    unknowns: usize,
    kinds: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct FileItem {
    path: String,
    kind: &'static str,
    role: RoleItem,
    origin: RoleItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<ProjectItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<String>,
    syntax_errors: usize,
    #[serde(skip_serializing_if = "is_zero")]
    variables: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    units: Vec<UnitItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<ObjectItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gathers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    builds: Vec<BuildItem>,
    unknowns: Vec<UnknownItem>,
}

/// A role or an origin, and why.
#[derive(Serialize)]
struct RoleItem {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceItem>,
}

#[derive(Serialize)]
struct EvidenceItem {
    kind: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ProjectItem {
    files: Vec<String>,
    development: bool,
    overlay: bool,
}

#[derive(Serialize)]
struct UnitItem {
    kind: &'static str,
    name: String,
    #[serde(flatten)]
    place: PlaceItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    shipped: bool,
    source: SourceItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<BuildItem>,
    commands: Vec<QuoteItem>,
    servers: Vec<ServerItem>,
    ports: Vec<PortItem>,
    health: Vec<HealthItem>,
    volumes: Vec<VolumeItem>,
    depends_on: Vec<String>,
    used_by: Vec<UserItem>,
    open: bool,
}

#[derive(Serialize)]
struct PlaceItem {
    file: String,
    line: u32,
}

/// A text of a file, secrets masked.
#[derive(Serialize)]
struct QuoteItem {
    text: String,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum SourceItem {
    Image {
        image: String,
        /// `null` if it cannot be known.
        reference: Option<String>,
    },
    Stage {
        stage: String,
    },
    Scratch,
    Unwritten,
}

#[derive(Serialize)]
struct BuildItem {
    dockerfile: Option<String>,
    stage: Option<String>,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
struct ServerItem {
    name: &'static str,
    development: bool,
    host: Option<String>,
    port: Option<u16>,
    /// Nothing is written; the port is the server's own.
    port_by_default: bool,
    workers: Option<String>,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
struct PortItem {
    written: String,
    known: bool,
    target: Option<(u16, u16)>,
    published: Option<PublishedItem>,
    host_ip: Option<String>,
    protocol: String,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PublishedItem {
    Random(&'static str),
    Range(u16, u16),
}

#[derive(Serialize)]
struct HealthItem {
    kind: &'static str,
    state: &'static str,
    from_image: bool,
    test: Option<String>,
}

#[derive(Serialize)]
struct VolumeItem {
    kind: &'static str,
    source: Option<String>,
    target: Option<String>,
    read_only: bool,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
struct UserItem {
    kind: &'static str,
    name: String,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
struct ObjectItem {
    kind: String,
    name: Option<String>,
    selects: Vec<String>,
    #[serde(flatten)]
    place: PlaceItem,
}

#[derive(Serialize)]
struct UnknownItem {
    kind: &'static str,
    subject: String,
    #[serde(flatten)]
    place: PlaceItem,
}

/// One object, with a line end behind it.
pub fn render(view: &Report, understanding: &Understanding) -> String {
    let summary = &view.outcome.summary;
    let files: Vec<FileItem> = understanding
        .files
        .iter()
        .map(|file| file_item(view, file))
        .collect();

    let document = FactsDocument {
        version: 1,
        tool: ToolItem {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        root: view.root(),
        totals: TotalsItem {
            dockerfiles: summary.dockerfiles,
            compose_files: summary.compose_files,
            kubernetes_objects: summary.kubernetes_objects,
            workflows: summary.workflows,
            services: summary.services,
            unknowns: files.iter().map(|file| file.unknowns.len()).sum(),
            kinds: understanding
                .kinds
                .iter()
                .map(|(kind, count)| (FormatSpec::of(*kind).name, *count))
                .collect(),
        },
        files,
    };

    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn file_item(view: &Report, file: &FileRecord) -> FileItem {
    let role = file.role;

    FileItem {
        path: view.path_in_root(file.file),
        kind: FormatSpec::of(file.kind).name,
        role: word(view, role.role.as_str(), role.role_evidence),
        origin: word(view, role.origin.as_str(), role.origin_evidence),
        project: file
            .project
            .as_ref()
            .map(|project| project_item(view, project)),
        part_of: file.part_of.map(|first| view.path_in_root(first)),
        syntax_errors: file.syntax_errors,
        variables: file.variables,
        units: file
            .units
            .iter()
            .map(|unit| unit_item(view, unit))
            .collect(),
        objects: file
            .objects
            .iter()
            .map(|object| object_item(view, object))
            .collect(),
        gathers: file.gathers.iter().map(|path| view.line(path)).collect(),
        jobs: file.jobs.iter().map(|job| view.line(job)).collect(),
        builds: file
            .builds
            .iter()
            .map(|build| build_item(view, build))
            .collect(),
        unknowns: file
            .unknowns
            .iter()
            .map(|unknown| unknown_item(view, unknown))
            .collect(),
    }
}

fn word(view: &Report, name: &'static str, evidence: Option<Evidence>) -> RoleItem {
    let evidence = evidence.map(|evidence| match evidence {
        Evidence::Word(word) => EvidenceItem {
            kind: "word",
            text: word.to_owned(),
        },
        Evidence::Ending(ending) => EvidenceItem {
            kind: "ending",
            text: ending.to_owned(),
        },
        Evidence::Header(_) => EvidenceItem {
            kind: "header",
            text: String::new(),
        },
        Evidence::Configured => EvidenceItem {
            kind: "configuration",
            text: String::new(),
        },
        Evidence::UsedBy(user) => EvidenceItem {
            kind: "user",
            text: view.path_in_root(user),
        },
        Evidence::DeployedBy(other) => EvidenceItem {
            kind: "deployed-by",
            text: view.path_in_root(other),
        },
        Evidence::PresentedBy(readme) => EvidenceItem {
            kind: "presented-by",
            text: view.path_in_root(readme),
        },
    });

    RoleItem { name, evidence }
}

fn project_item(view: &Report, project: &ProjectRecord) -> ProjectItem {
    ProjectItem {
        files: project
            .files
            .iter()
            .map(|file| view.path_in_root(*file))
            .collect(),
        development: project.development,
        overlay: project.overlay,
    }
}

fn unit_item(view: &Report, unit: &Unit) -> UnitItem {
    UnitItem {
        kind: unit.kind.as_str(),
        name: view.line(&unit.name),
        place: place(view, unit.location),
        object: unit.object.as_ref().map(|object| view.line(object)),
        shipped: unit.shipped,
        source: source_item(view, &unit.source),
        build: unit.build.as_ref().map(|build| build_item(view, build)),
        commands: unit
            .commands
            .iter()
            .map(|command| QuoteItem {
                text: view.quote(*command),
                place: place(view, *command),
            })
            .collect(),
        servers: unit
            .servers
            .iter()
            .map(|server| server_item(view, server))
            .collect(),
        ports: unit
            .ports
            .iter()
            .map(|port| port_item(view, port))
            .collect(),
        health: unit
            .health
            .iter()
            .map(|record| health_item(view, record))
            .collect(),
        volumes: unit
            .volumes
            .iter()
            .map(|volume| volume_item(view, volume))
            .collect(),
        depends_on: unit.depends_on.iter().map(|name| view.line(name)).collect(),
        used_by: unit
            .used_by
            .iter()
            .map(|user| user_item(view, user))
            .collect(),
        open: unit.open,
    }
}

fn source_item(view: &Report, source: &UnitSource) -> SourceItem {
    match source {
        UnitSource::Image(image) => SourceItem::Image {
            image: view.quote(image.location),
            reference: image
                .reference
                .as_ref()
                .map(|reference| view.line(reference)),
        },
        UnitSource::Stage(stage) => SourceItem::Stage {
            stage: view.line(stage),
        },
        UnitSource::Scratch => SourceItem::Scratch,
        UnitSource::Unwritten => SourceItem::Unwritten,
    }
}

fn build_item(view: &Report, build: &BuildRecord) -> BuildItem {
    BuildItem {
        dockerfile: build.dockerfile.as_ref().map(|path| view.line(path)),
        stage: build.stage.as_ref().map(|stage| view.line(stage)),
        place: place(view, build.location),
    }
}

fn server_item(view: &Report, server: &ServerRecord) -> ServerItem {
    let (port, port_by_default) = match &server.port {
        ServerPort::Written(port) => (port.parse().ok(), false),
        ServerPort::Default(port) => (Some(*port), true),
        ServerPort::Unknown => (None, false),
    };

    ServerItem {
        name: server.name,
        development: server.development,
        host: server.host.as_ref().map(|host| view.line(host)),
        port,
        port_by_default,
        workers: server.workers.as_ref().map(|workers| view.line(workers)),
        place: place(view, server.location),
    }
}

fn port_item(view: &Report, port: &PortRecord) -> PortItem {
    PortItem {
        written: view.line(&port.written),
        known: port.known,
        target: port.target,
        published: match port.published {
            PublishedPort::No => None,
            PublishedPort::Random => Some(PublishedItem::Random("random")),
            PublishedPort::At(first, last) => Some(PublishedItem::Range(first, last)),
        },
        host_ip: port.host_ip.as_ref().map(|ip| view.line(ip)),
        protocol: view.line(&port.protocol),
        place: place(view, port.location),
    }
}

fn health_item(view: &Report, record: &HealthRecord) -> HealthItem {
    HealthItem {
        kind: record.kind.as_str(),
        state: record.state.as_str(),
        from_image: record.from_image,
        test: record.check.as_ref().map(|test| match test {
            HealthTest::Command(words) => {
                let words: Vec<String> = words.iter().map(|word| view.quote(*word)).collect();
                words.join(" ")
            }
            HealthTest::Request(request) => view.line(request),
        }),
    }
}

fn volume_item(view: &Report, volume: &VolumeRecord) -> VolumeItem {
    VolumeItem {
        kind: volume.kind,
        source: volume.source.as_ref().map(|source| view.line(source)),
        target: volume.target.as_ref().map(|target| view.line(target)),
        read_only: volume.read_only,
        place: place(view, volume.location),
    }
}

fn user_item(view: &Report, user: &UserRecord) -> UserItem {
    UserItem {
        kind: user.kind,
        name: view.line(&user.name),
        place: place(view, user.location),
    }
}

fn object_item(view: &Report, object: &ObjectRecord) -> ObjectItem {
    ObjectItem {
        kind: view.line(&object.kind),
        name: object.name.as_ref().map(|name| view.line(name)),
        selects: object.selects.iter().map(|name| view.line(name)).collect(),
        place: place(view, object.location),
    }
}

fn unknown_item(view: &Report, unknown: &Unknown) -> UnknownItem {
    UnknownItem {
        kind: unknown.kind.as_str(),
        subject: view.line(&unknown.subject),
        place: place(view, unknown.location),
    }
}

fn place(view: &Report, location: Location) -> PlaceItem {
    PlaceItem {
        file: view.path_in_root(location.file),
        line: view.range(location).start.line,
    }
}
