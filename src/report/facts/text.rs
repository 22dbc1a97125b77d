//! What was understood, as text for people.

use std::fmt::Write as _;

use super::{
    Build, FileRecord, HealthRecord, HealthState, HealthTest, ObjectRecord, PortRecord, Published,
    ServerPort, ServerRecord, Source, Understanding, Unit, UnitKind, Unknown, UnknownKind,
    VolumeRecord, kind_names,
};
use crate::model::file_role::{Evidence, Origin, Role};
use crate::report::style::RenderOptions;
use crate::report::{Report, count, summary};
use crate::source::Location;

/// Names longer than this do not move the columns.
const NAME_WIDTH: usize = 20;
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

    out
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
        write_unit(out, view, unit, width, look);
    }

    for object in &file.objects {
        let _ = writeln!(out, "  {}", object_line(view, object));
    }

    for build in &file.builds {
        let _ = writeln!(
            out,
            "  builds {} {}",
            build_words(view, build),
            look.paint("2", &place(view, build.location))
        );
    }

    for unknown in &file.unknowns {
        let _ = writeln!(
            out,
            "  {} {} {}",
            look.paint("33", "unknown:"),
            unknown_words(view, unknown),
            look.paint("2", &place(view, unknown.location))
        );
    }
}

/// `compose file, development (its path has the word "dev"); merged over compose.yaml`.
fn description(view: &Report, file: &FileRecord) -> String {
    let role = file.role;
    let mut text = format!("{}, {}", kind_names(file.kind).1, role_word(file));

    if let Some(evidence) = role.role_evidence.filter(|_| role.role != Role::Production) {
        let _ = write!(text, " ({})", evidence_words(evidence));
    }

    if role.origin != Origin::Written {
        let _ = write!(text, ", {}", role.origin.as_str());

        if let Some(evidence) = role.origin_evidence {
            let _ = write!(text, " ({})", evidence_words(evidence));
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

fn evidence_words(evidence: Evidence) -> String {
    match evidence {
        Evidence::Word(word) => format!("`{word}` in its path"),
        Evidence::Ending(ending) => format!("ends in `{ending}`"),
        Evidence::Header(_) => "its first comment says so".to_owned(),
    }
}

fn write_unit(out: &mut String, view: &Report, unit: &Unit, width: usize, look: RenderOptions) {
    let title = title(view, unit);
    let padding = " ".repeat(width.saturating_sub(title.chars().count()));
    let mut name = format!("{}{padding}", look.paint("36", &title));

    for (key, value) in rows(view, unit) {
        let _ = writeln!(
            out,
            "  {name}  {}  {value}",
            look.paint("2", &format!("{key:<9}"))
        );
        name = " ".repeat(width.max(title.chars().count()));
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
fn rows(view: &Report, unit: &Unit) -> Vec<(&'static str, String)> {
    let mut rows = vec![("image", source(view, unit))];

    if let Some(build) = &unit.build {
        rows.push(("builds", build_words(view, build)));
    }

    if unit.kind == UnitKind::Stage {
        rows.push(("shipped", shipped(view, unit)));
    }

    for server in &unit.servers {
        rows.push(("starts", server_words(view, server)));
    }

    if unit.servers.is_empty() && !unit.commands.is_empty() {
        let commands: Vec<String> = unit
            .commands
            .iter()
            .map(|command| quote(view, *command))
            .collect();
        rows.push(("starts", commands.join(" ")));
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
        rows.push(("behind", users(view, unit)));
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
        Source::Image { location, known } => {
            let image = quote(view, *location);
            if *known {
                image
            } else {
                format!("{image} (not known)")
            }
        }
        Source::Stage(stage) => view.line(&format!("from stage {stage}")),
        Source::Scratch => "scratch".to_owned(),
        Source::Unwritten if unit.build.is_some() => "built here".to_owned(),
        Source::Unwritten => "not known".to_owned(),
    }
}

/// `services/api/Dockerfile › runtime`.
fn build_words(view: &Report, build: &Build) -> String {
    match (&build.dockerfile, &build.stage) {
        (Some(path), Some(stage)) => view.line(&format!("{path} › stage {stage}")),
        (Some(path), None) => view.line(&format!("{path} (not joined to a stage)")),
        (None, _) => "a Dockerfile that is not known".to_owned(),
    }
}

fn shipped(view: &Report, unit: &Unit) -> String {
    let word = if unit.shipped { "yes" } else { "no" };

    if unit.used_by.is_empty() {
        return word.to_owned();
    }

    format!("{word}, used by {}", users(view, unit))
}

fn users(view: &Report, unit: &Unit) -> String {
    let users: Vec<String> = unit
        .used_by
        .iter()
        .map(|user| format!("{} {}", view.line(&user.name), place(view, user.location)))
        .collect();

    users.join(", ")
}

/// `uvicorn, listens on 0.0.0.0:8000, 4 workers (Dockerfile:14)`.
fn server_words(view: &Report, server: &ServerRecord) -> String {
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

    format!("{} {}", view.line(&text), place(view, server.location))
}

/// `127.0.0.1:8080 → 80`, `8000` for a port that is not published.
fn port_words(view: &Report, port: &PortRecord) -> String {
    let Some(target) = port.target.filter(|_| port.known) else {
        return format!("{} (not known)", view.line(&port.written));
    };

    let mut text = match port.published {
        Published::No => String::new(),
        Published::Random => "a random port → ".to_owned(),
        Published::At(first, last) => {
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
    let is_image_foreign = unit.build.is_none() && unit.kind == UnitKind::Service;
    let records: Vec<String> = unit
        .health
        .iter()
        .map(|record| health_words(view, record, is_image_foreign))
        .collect();

    records.join(", ")
}

fn health_words(view: &Report, record: &HealthRecord, is_image_foreign: bool) -> String {
    let mut text = match (record.state, &record.check) {
        (HealthState::Set, Some(HealthTest::Command(location))) => quote(view, *location),
        (HealthState::Set, Some(HealthTest::Request(request))) => view.line(request),
        (HealthState::Set, None) => "set".to_owned(),
        (HealthState::Disabled, _) => "disabled".to_owned(),
        (HealthState::Unknown, _) => "not known".to_owned(),
        (HealthState::Unset, _) if is_image_foreign => {
            "none here, the image may define one".to_owned()
        }
        (HealthState::Unset, _) => "none".to_owned(),
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

/// `(Dockerfile:14)`.
fn place(view: &Report, location: Location) -> String {
    let line = view.range(location).start.line;
    format!("({}:{line})", view.shown_path(location.file))
}

/// The text of a place, on one line and cut.
fn quote(view: &Report, location: Location) -> String {
    let text = view.quote(location);

    match text.char_indices().nth(QUOTE_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
