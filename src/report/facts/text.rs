//! What was understood, as text for people.

use std::fmt::Write as _;

use super::{
    BuildRecord, FileRecord, HealthRecord, HealthState, HealthTest, ImageRecord, ObjectRecord,
    PortRecord, PublishedPort, ServerPort, ServerRecord, Understanding, Unit, UnitKind, UnitSource,
    Unknown, UnknownKind, VolumeRecord,
};
use crate::model::file_role::{Evidence, Origin, Role};
use crate::model::lower::FormatSpec;
use crate::report::human::wrap;
use crate::report::style::RenderOptions;
use crate::report::{Report, count, harmless, summary};
use crate::source::{FileId, Location};

/// Names longer than this do not move the columns.
const NAME_WIDTH: usize = 20;
/// As wide as the longest word before a row.
const KEY_WIDTH: usize = 9;
/// Rows have at least this much room, however narrow the terminal is.
const MIN_ROOM: usize = 40;
/// Longer quotes from files are cut.
const QUOTE_LENGTH: usize = 72;

/// One paragraph for each file, and the totals.
pub fn render(view: &Report, understanding: &Understanding, look: RenderOptions) -> String {
    let mut out = String::new();

    for file in &understanding.files {
        write_file(&mut out, view, file, look);
        out.push('\n');
    }

    out.push_str(&totals(view, understanding));
    out.push('\n');

    // A name may be what a runner obeys.
    harmless(&out).into_owned()
}

/// `2 Dockerfiles, 1 compose file · 3 services · 1 unknown`.
fn totals(view: &Report, understanding: &Understanding) -> String {
    let mut parts = vec![count(
        understanding.kinds.values().sum(),
        "file read",
        "files read",
    )];

    let checked = summary::checked(&view.outcome.summary);
    if checked.is_empty() {
        parts.push("nothing to deploy".to_owned());
    } else {
        parts.push(checked);
    }

    let unknowns = understanding
        .files
        .iter()
        .map(|file| file.unknowns.len())
        .sum();
    parts.push(count(unknowns, "unknown", "unknowns"));

    parts.join(" · ")
}

fn write_file(out: &mut String, view: &Report, file: &FileRecord, look: RenderOptions) {
    let path = view.shown_path(file.file);
    let _ = writeln!(
        out,
        "{}  {}",
        look.paint("1", &path),
        description(view, file)
    );

    let width = file
        .units
        .iter()
        .map(|unit| title(view, unit).chars().count())
        .max()
        .unwrap_or(0)
        .min(NAME_WIDTH);

    for unit in &file.units {
        write_unit(out, view, file.file, unit, width, look);
    }

    for object in &file.objects {
        let _ = writeln!(out, "  {}", object_line(view, object));
    }

    if !file.gathers.is_empty() {
        let paths: Vec<String> = file
            .gathers
            .iter()
            .map(|path| view.shown_path_of(path))
            .collect();
        let _ = writeln!(out, "  gathers {}", paths.join(", "));
    }

    for build in &file.builds {
        let _ = writeln!(
            out,
            "  builds {} {}",
            build_words(view, build),
            look.paint("2", &place(view, build.location, file.file))
        );
    }

    for unknown in &file.unknowns {
        let _ = writeln!(
            out,
            "  {} {} {}",
            look.paint("33", "unknown:"),
            unknown_words(view, unknown),
            look.paint("2", &place(view, unknown.location, file.file))
        );
    }
}

/// `compose file, development (its path has the word "dev"); merged over compose.yaml`.
fn description(view: &Report, file: &FileRecord) -> String {
    let role = file.role;
    let mut text = format!("{}, {}", FormatSpec::of(file.kind).label, role_word(file));

    if let Some(evidence) = role.role_evidence {
        let _ = write!(text, " ({})", evidence_words(view, evidence));
    }

    if role.origin != Origin::Written {
        let _ = write!(text, ", {}", role.origin.as_str());

        if let Some(evidence) = role.origin_evidence {
            let _ = write!(text, " ({})", evidence_words(view, evidence));
        }
    }

    if let Some(project) = &file.project {
        let others: Vec<String> = project
            .files
            .iter()
            .filter(|other| **other != file.file)
            .map(|other| view.shown_path(*other))
            .collect();
        if !others.is_empty() {
            let _ = write!(text, ", merged with {}", others.join(", "));
        }
    }

    if let Some(first) = file.part_of {
        let _ = write!(text, ", merged into {}", view.shown_path(first));
    }

    if !file.jobs.is_empty() {
        let _ = write!(text, ", {}", count(file.jobs.len(), "job", "jobs"));
    }

    if file.variables > 0 {
        let _ = write!(text, ", {}", count(file.variables, "variable", "variables"));
    }

    if file.syntax_errors > 0 {
        let _ = write!(
            text,
            ", {}",
            count(file.syntax_errors, "syntax error", "syntax errors")
        );
    }

    text
}

/// The role by path, or development where the project is for it.
fn role_word(file: &FileRecord) -> &'static str {
    let is_development = file
        .project
        .as_ref()
        .is_some_and(|project| project.development);

    if is_development && file.role.role == Role::Production {
        return Role::Development.as_str();
    }

    file.role.role.as_str()
}

fn evidence_words(view: &Report, evidence: Evidence) -> String {
    match evidence {
        Evidence::Word(word) => format!("`{word}` in its path"),
        Evidence::Ending(ending) => format!("ends in `{ending}`"),
        Evidence::Header(_) => "its first comment says so".to_owned(),
        Evidence::Configured => "by the configuration".to_owned(),
        Evidence::UsedBy(user) => format!("used by {}", view.shown_path(user)),
        Evidence::DeployedBy(other) => {
            format!("{} deploys the same", view.shown_path(other))
        }
        Evidence::PresentedBy(readme) => {
            format!("{} presents samples", view.shown_path(readme))
        }
    }
}

fn write_unit(
    out: &mut String,
    view: &Report,
    here: FileId,
    unit: &Unit,
    width: usize,
    look: RenderOptions,
) {
    let title = title(view, unit);
    let padding = " ".repeat(width.saturating_sub(title.chars().count()));
    let mut name = format!("{}{padding}", look.paint("36", &title));

    let indent = " ".repeat(width.max(title.chars().count()));
    let room = look
        .width
        .saturating_sub(indent.len() + KEY_WIDTH + 6)
        .max(MIN_ROOM);

    for (key, value) in rows(view, here, unit) {
        let mut key = look.paint("2", &format!("{key:<KEY_WIDTH$}"));

        for piece in wrap(&value, room) {
            let _ = writeln!(out, "  {name}  {key}  {piece}");
            name.clone_from(&indent);
            key = " ".repeat(KEY_WIDTH);
        }
    }
}

/// `api`, `stage runtime`, `Deployment/shop api`.
fn title(view: &Report, unit: &Unit) -> String {
    let name = match (&unit.object, unit.kind) {
        (Some(object), UnitKind::Container) => format!("{object} {}", unit.name),
        (Some(object), kind) => format!("{object} {} ({})", unit.name, kind.as_str()),
        (None, UnitKind::Stage) => format!("stage {}", unit.name),
        (None, _) => unit.name.clone(),
    };

    view.line(&name)
}

/// What is said of a unit: a word, and the words after it. Never empty.
fn rows(view: &Report, here: FileId, unit: &Unit) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();

    if unit.build.is_none() || !matches!(unit.source, UnitSource::Unwritten) {
        rows.push(("image", source(view, unit)));
    }

    if let Some(build) = &unit.build {
        rows.push(("builds", build_words(view, build)));
    }

    if unit.kind == UnitKind::Stage {
        rows.push(("shipped", shipped(view, here, unit)));
    }

    for server in &unit.servers {
        rows.push(("starts", server_words(view, here, server)));
    }

    if unit.servers.is_empty() && !unit.commands.is_empty() {
        rows.push(("starts", quotes(view, &unit.commands)));
    }

    if !unit.ports.is_empty() {
        let ports = unit.ports.iter().map(|port| port_words(view, port));
        rows.push(("ports", ports.collect::<Vec<_>>().join(", ")));
    }

    if !unit.health.is_empty() {
        rows.push(("health", health(view, unit)));
    }

    if !unit.volumes.is_empty() {
        let volumes = unit.volumes.iter().map(|volume| volume_words(view, volume));
        rows.push(("volumes", volumes.collect::<Vec<_>>().join(", ")));
    }

    if !unit.depends_on.is_empty() {
        rows.push(("waits for", view.line(&unit.depends_on.join(", "))));
    }

    if unit.kind != UnitKind::Stage && !unit.used_by.is_empty() {
        rows.push(("behind", users(view, here, unit)));
    }

    if unit.open {
        rows.push((
            "open",
            "what is not set here may be set elsewhere".to_owned(),
        ));
    }

    rows
}

fn source(view: &Report, unit: &Unit) -> String {
    match &unit.source {
        UnitSource::Image(image) => image_words(view, image),
        UnitSource::Stage(stage) => view.line(&format!("from stage {stage}")),
        UnitSource::Scratch => "scratch".to_owned(),
        UnitSource::Unwritten => "not known".to_owned(),
    }
}

/// `${REGISTRY:-ghcr.io}/api:1.4, which is ghcr.io/api:1.4`.
fn image_words(view: &Report, image: &ImageRecord) -> String {
    let written = quote(view, image.location);

    match &image.reference {
        Some(reference) if image.changed => {
            format!("{written}, which is {}", view.line(reference))
        }
        Some(_) => written,
        None => format!("{written} (not known)"),
    }
}

/// `services/api/Dockerfile › runtime`.
fn build_words(view: &Report, build: &BuildRecord) -> String {
    match (&build.dockerfile, &build.stage) {
        (Some(path), Some(stage)) => {
            let stage = view.line(stage);
            format!("{} › stage {stage}", view.shown_path_of(path))
        }
        (Some(path), None) => format!("{} (not joined to a stage)", view.shown_path_of(path)),
        (None, _) => "a Dockerfile that is not known".to_owned(),
    }
}

fn shipped(view: &Report, here: FileId, unit: &Unit) -> String {
    let word = if unit.shipped { "yes" } else { "no" };

    if unit.used_by.is_empty() {
        return word.to_owned();
    }

    format!("{word}, used by {}", users(view, here, unit))
}

fn users(view: &Report, here: FileId, unit: &Unit) -> String {
    let users: Vec<String> = unit
        .used_by
        .iter()
        .map(|user| {
            let place = place(view, user.location, here);

            // A workflow is named by its path, which is in its place already.
            if user.kind == "workflow" {
                format!("{} {place}", user.kind)
            } else {
                format!("{} {} {place}", user.kind, view.line(&user.name))
            }
        })
        .collect();

    users.join(", ")
}

/// `uvicorn, listens on 0.0.0.0:8000, 4 workers (Dockerfile:14)`.
fn server_words(view: &Report, here: FileId, server: &ServerRecord) -> String {
    let mut text = server.name.to_owned();

    if server.development {
        text.push_str(" in development mode");
    }

    let host = server
        .host
        .as_deref()
        .map_or(String::new(), |host| format!("{host}:"));
    let _ = match &server.port {
        ServerPort::Written(port) => write!(text, ", listens on {host}{port}"),
        ServerPort::Default(port) => write!(text, ", listens on {host}{port} by default"),
        ServerPort::Unknown => write!(text, ", port not known"),
    };

    match server.workers.as_deref() {
        Some("1") => text.push_str(", 1 worker"),
        Some(workers) => {
            let _ = write!(text, ", {workers} workers");
        }
        None => {}
    }

    format!(
        "{} {}",
        view.line(&text),
        place(view, server.location, here)
    )
}

/// `127.0.0.1:8080 → 80`, `8000` for a port that is not published.
fn port_words(view: &Report, port: &PortRecord) -> String {
    let (Some(target), true) = (port.target, port.known) else {
        return format!("{} (not known)", view.line(&port.written));
    };

    let mut text = match port.published {
        PublishedPort::No => String::new(),
        PublishedPort::Random => "a random port → ".to_owned(),
        PublishedPort::At(first, last) => {
            let host = port
                .host_ip
                .as_deref()
                .map_or(String::new(), |ip| format!("{ip}:"));
            format!("{host}{} → ", range((first, last)))
        }
    };

    text.push_str(&range(target));
    if port.protocol != "tcp" {
        let _ = write!(text, "/{}", port.protocol);
    }

    view.line(&text)
}

fn range((first, last): (u16, u16)) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

fn health(view: &Report, unit: &Unit) -> String {
    let none = match (&unit.build, unit.kind) {
        (None, UnitKind::Service) => "none here, the image may define one",
        _ => "none",
    };

    let records: Vec<String> = unit
        .health
        .iter()
        .map(|record| health_words(view, record, none))
        .collect();

    records.join(", ")
}

fn health_words(view: &Report, record: &HealthRecord, none: &str) -> String {
    let mut text = match (record.state, &record.check) {
        (HealthState::Set, Some(HealthTest::Command(words))) => quotes(view, words),
        (HealthState::Set, Some(HealthTest::Request(request))) => view.line(request),
        (HealthState::Set, None) => "set".to_owned(),
        (HealthState::Disabled, _) => "disabled".to_owned(),
        (HealthState::Unknown, _) => "not known".to_owned(),
        (HealthState::Unset, _) => none.to_owned(),
    };

    if record.kind != super::HealthKind::Check {
        text = format!("{} {text}", record.kind.as_str());
    }

    if record.from_image && record.state != HealthState::Unset {
        text.push_str(" (of the image)");
    }

    text
}

/// `pgdata → /var/lib/postgresql/data`.
fn volume_words(view: &Report, volume: &VolumeRecord) -> String {
    if volume.source.is_none() && volume.target.is_none() {
        return "not known".to_owned();
    }

    let source = volume.source.as_deref().unwrap_or(volume.kind);
    let target = volume.target.as_deref().unwrap_or("?");
    let mode = if volume.read_only { " (read-only)" } else { "" };

    view.line(&format!("{source} → {target}{mode}"))
}

fn object_line(view: &Report, object: &ObjectRecord) -> String {
    let name = object.name.as_deref().unwrap_or("?");
    let mut text = format!("{}/{name}", object.kind);

    if !object.selects.is_empty() {
        let _ = write!(text, " selects {}", object.selects.join(", "));
    }

    view.line(&text)
}

fn unknown_words(view: &Report, unknown: &Unknown) -> String {
    let subject = &unknown.subject;
    let text = match unknown.kind {
        UnknownKind::Variable => format!("`{subject}` has no value here"),
        UnknownKind::Value => format!("{subject} depends on what is not here"),
        UnknownKind::Open => format!("parts of {subject} are elsewhere"),
        UnknownKind::Template => "a template, read without rendering".to_owned(),
        UnknownKind::Remote => "something is gathered from outside the repository".to_owned(),
    };

    view.line(&text)
}

/// `(Dockerfile:14)`, and `(line 14)` in the file that is described.
fn place(view: &Report, location: Location, here: FileId) -> String {
    let line = view.range(location).start.line;

    if location.file == here {
        return format!("(line {line})");
    }

    format!("({}:{line})", view.shown_path(location.file))
}

/// The texts of places, one after the other.
fn quotes(view: &Report, locations: &[Location]) -> String {
    let quotes: Vec<String> = locations
        .iter()
        .map(|location| quote(view, *location))
        .collect();

    quotes.join(" ")
}

/// The text of a place, on one line and cut.
fn quote(view: &Report, location: Location) -> String {
    let text = view.quote(location);

    match text.char_indices().nth(QUOTE_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
