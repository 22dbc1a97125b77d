//! Tests of loading, merging and lowering: what the project comes to, and where each value stands.

use super::{Condition, Project, ReferenceKind, ReferenceNeed};
use crate::model::Setting;
use crate::model::container::MountSource;
use crate::model::env::EnvValue;
use crate::model::facts::{Facts, FileFacts};
use crate::model::file_kind::ChartFolders;
use crate::model::lower;
use crate::source::{FileId, Location, Repository, SourceFile};

struct Loaded {
    sources: Vec<SourceFile>,
    projects: Vec<Project>,
}

impl Loaded {
    fn of(files: &[(&str, &str)]) -> Self {
        let mut files = files.to_vec();
        files.sort_unstable();
        let numbered = files.iter().enumerate();
        let sources: Vec<SourceFile> = numbered
            .map(|(at, (path, text))| SourceFile::new(FileId(at as u32), *path, *text))
            .collect();
        let listing = ChartFolders::new(sources.iter().map(|source| source.path.as_str()));
        let lowered: Vec<FileFacts> = sources
            .iter()
            .map(|source| lower::lower_file(source, &listing))
            .collect();
        let facts = Facts::new(Repository::new(&sources), lowered, None);
        let projects = super::projects(&facts);
        drop(facts);

        Self { sources, projects }
    }

    /// A place as `path:line:text`.
    fn show(&self, location: Location) -> String {
        let source = &self.sources[location.file.0 as usize];
        let line = source
            .lines()
            .position(location.span.start, &source.text)
            .line;
        format!(
            "{}:{line}:{}",
            source.path,
            location.span.text(&source.text)
        )
    }

    fn set<T: std::fmt::Debug>(&self, setting: &Setting<T>) -> String {
        match setting {
            Setting::Set(at) => format!("{:?} at {}", at.value, self.show(at.location)),
            Setting::Unknown(_) => "unknown".to_owned(),
            Setting::Absent => "absent".to_owned(),
        }
    }

    /// Each variable of a service with its value's place.
    fn env(&self, project: usize, service: &str) -> Vec<String> {
        let service = self.projects[project]
            .service(service)
            .expect("the service is there");
        let one = |var: &crate::model::env::EnvVar| match &var.value {
            EnvValue::Inherited => format!("{} from outside", var.name.value),
            value => {
                let text = value.resolved().unwrap_or("?");
                format!(
                    "{}={text} at {}",
                    var.name.value,
                    self.show(value.location().expect("a value has a place"))
                )
            }
        };

        service.container.env.iter().map(one).collect()
    }
}

#[test]
fn an_override_is_merged_and_each_value_keeps_its_file() {
    let base = r"services:
  app:
    image: a:1
    command: [run]
    environment:
      A: one
      B: two
    ports: ['80:80']
    volumes: ['./x:/data']
";
    let over = r"services:
  app:
    command: serve --fast
    environment: [B=three, C]
    ports: ['81:81']
    volumes: ['./y:/data']
";
    let loaded = Loaded::of(&[("compose.yaml", base), ("compose.override.yaml", over)]);
    assert_eq!(
        loaded.projects.len(),
        2,
        "the base alone, and the base under its override"
    );
    let project = &loaded.projects[1];
    assert!(project.development && project.base_files == 1);
    assert!(!project.reports(project.files[0]) && project.reports(project.files[1]));
    assert_eq!(
        loaded.env(1, "app"),
        [
            "A=one at compose.yaml:6:one",
            "B=three at compose.override.yaml:4:three",
            "C from outside"
        ]
    );
    let app = &project.services[0];
    let ports: Vec<String> = app
        .container
        .ports
        .iter()
        .map(|port| loaded.show(port.location))
        .collect();
    assert_eq!(
        ports,
        ["compose.yaml:8:80:80", "compose.override.yaml:5:81:81"]
    );
    let mounts: Vec<String> = app
        .container
        .mounts
        .iter()
        .map(|mount| loaded.show(mount.location))
        .collect();
    assert_eq!(
        mounts,
        ["compose.override.yaml:6:./y:/data"],
        "volumes are unique by target"
    );
    let words: Vec<&str> = app.words().collect();
    assert_eq!(words, ["serve", "--fast"], "a command replaces");
}

#[test]
fn reset_removes_and_override_replaces() {
    let base = r"services:
  app:
    image: a:1
    privileged: true
    ports: ['80:80']
    environment:
      A: '1'
";
    let over = r"services:
  app:
    privileged: !reset null
    ports: !override ['443:443']
    environment: !reset {}
";
    let loaded = Loaded::of(&[("compose.yaml", base), ("compose.prod.yaml", over)]);
    let app = &loaded.projects[1].services[0];
    assert_eq!(loaded.set(&app.container.security.privileged), "absent");
    assert_eq!(app.container.ports.len(), 1);
    assert!(app.container.env.is_empty());
}

#[test]
fn services_extend_each_other_in_one_file_and_across_files() {
    let common = r"services:
  base:
    image: a:1
    restart: always
    build: .
    environment: {A: '1'}
";
    let main = r"services:
  web:
    extends: {file: common/base.yaml, service: base}
    environment: {B: '2'}
  worker:
    extends: web
  lost:
    extends: {file: gone.yaml, service: x}
";
    let loaded = Loaded::of(&[("compose.yaml", main), ("common/base.yaml", common)]);
    assert_eq!(
        loaded.projects.len(),
        1,
        "an extended file is not a project"
    );
    let project = &loaded.projects[0];
    let worker = project.service("worker").unwrap();
    assert_eq!(
        loaded.set(&worker.restart),
        "\"always\" at common/base.yaml:4:always"
    );
    assert_eq!(
        loaded.env(0, "worker"),
        ["A=1 at common/base.yaml:6:1", "B=2 at compose.yaml:4:2"]
    );
    assert_eq!(
        worker
            .build
            .as_ref()
            .unwrap()
            .dockerfile
            .as_ref()
            .unwrap()
            .value,
        "common/Dockerfile"
    );
    assert!(project.service("lost").unwrap().container.open);
}

#[test]
fn cycles_end() {
    let text = r"include: [compose.yaml, compose.b.yaml]
services:
  a:
    extends: b
  b:
    extends: a
  c:
    extends: c
";
    let other = r"include: [compose.yaml]
services:
  d: {image: d}
";
    let loaded = Loaded::of(&[("compose.yaml", text), ("compose.b.yaml", other)]);
    assert!(loaded.projects[0].service("d").is_some());
}

#[test]
fn an_included_project_has_its_own_folder_and_variables() {
    let main = r"include:
  - sub/compose.yaml
services:
  web:
    image: web:${TAG:-1}
    depends_on: [db]
";
    let sub = r"services:
  db:
    image: postgres:${TAG}
    build: ./db
volumes:
  data:
";
    let loaded = Loaded::of(&[
        ("compose.yaml", main),
        ("sub/compose.yaml", sub),
        ("sub/.env", "TAG=17\n"),
    ]);
    assert_eq!(loaded.projects.len(), 1);
    let project = &loaded.projects[0];
    let image = |name: &str| {
        project
            .service(name)
            .unwrap()
            .container
            .image
            .as_ref()
            .unwrap()
            .reference
            .clone()
            .unwrap()
    };

    assert_eq!(image("web").tag.as_deref(), Some("1"));
    assert_eq!(image("db").tag.as_deref(), Some("17"));
    let build = project.service("db").unwrap().build.as_ref().unwrap();
    assert_eq!(build.context.as_ref().unwrap().value, "sub/db");
    assert!(project.definition(ReferenceKind::Volume, "data").is_some());
}

#[test]
fn variables_are_known_from_env_and_defaults_or_unknown() {
    let text = r"services:
  app:
    image: ${REPO:-acme}/app:${TAG}
    mem_limit: ${MEM:-512m}
    cpus: ${CPUS}
    privileged: ${PRIV-false}
    environment:
      A: ${X:?needed}
      B: price $$5
      C: ${PW:-postgres}
      D: ${Y}
";
    let loaded = Loaded::of(&[("compose.yaml", text), (".env", "Y='z'\nPRIV=true\n")]);
    let app = &loaded.projects[0].services[0];
    assert!(app.container.image.as_ref().unwrap().reference.is_none());
    assert_eq!(
        app.container.resources.memory_limit.value().unwrap().amount,
        Some(536_870_912.0)
    );
    assert_eq!(loaded.set(&app.container.resources.cpu_limit), "unknown");
    assert_eq!(
        loaded.set(&app.container.security.privileged),
        "true at compose.yaml:6:${PRIV-false}"
    );
    assert_eq!(
        loaded.env(0, "app"),
        [
            "A=? at compose.yaml:8:${X:?needed}",
            "B=price $5 at compose.yaml:9:price $$5",
            "C=postgres at compose.yaml:10:${PW:-postgres}",
            "D=z at compose.yaml:11:${Y}",
        ]
    );
    let EnvValue::Template { fallbacks, .. } = &app.container.env[2].value else {
        panic!("a template")
    };

    assert_eq!(
        loaded.show(fallbacks[0].literal.location),
        "compose.yaml:10:postgres"
    );
}

#[test]
fn ports_are_read_in_every_form() {
    let forms = [
        ("'80'", "80 on a free port of all"),
        ("8080:80", "80 on 8080 of all"),
        ("'127.0.0.1:8080:80/udp'", "80 on 8080 of 127.0.0.1"),
        ("'[::1]:6000:6000'", "6000 on 6000 of ::1"),
        ("'::1:6000:6000'", "6000 on 6000 of ::1"),
        ("'[::]:80:80'", "80 on 80 of all"),
        ("'${BIND:-127.0.0.1}:80:80'", "80 on 80 of 127.0.0.1"),
        ("'${PORT:-3000}:3000'", "3000 on 3000 of all"),
        ("'${DB_PORT}:5432'", "5432 on a free port of all"),
        ("'${WHERE}:5432'", "unknown"),
        ("'127.0.0.1:${P}:5432'", "5432 on a free port of 127.0.0.1"),
        (
            "{target: 80, published: 8080, host_ip: 127.0.0.1}",
            "80 on 8080 of 127.0.0.1",
        ),
        ("'3000-3005:3000-3005'", "3000 on 3000 of all"),
    ];

    for (form, want) in forms {
        let text = format!(
            r"services:
  app:
    image: a:1
    ports:
      - {form}
"
        );
        let loaded = Loaded::of(&[("compose.yaml", &text)]);
        let port = &loaded.projects[0].services[0].container.ports[0];
        let host = match port.published {
            Some(Some((first, _))) => first.to_string(),
            _ => "a free port".to_owned(),
        };

        let ip = if port.is_public() {
            "all"
        } else {
            port.host_ip.as_deref().unwrap_or("?")
        };

        let shown = format!(
            "{} on {host} of {ip}",
            port.target.map_or(0, |target| target.0)
        );
        assert_eq!(
            if port.unknown { "unknown" } else { &shown },
            want,
            "{form}"
        );
    }
}

#[test]
fn volumes_are_read_in_every_form() {
    for (form, source, target) in [
        ("data:/var/lib", "volume data", "/var/lib"),
        ("./x:/y:ro", "host ./x", "/y"),
        ("~/x:/y", "host ~/x", "/y"),
        ("/only", "anonymous", "/only"),
        ("${DIR:-./d}:/y", "host ./d", "/y"),
        ("${DIR}:/y", "unknown", "/y"),
        ("'C:\\x:/y'", "host C:\\x", "/y"),
        ("{type: bind, source: ./x, target: /y}", "host ./x", "/y"),
        ("{type: tmpfs, target: /y}", "scratch", "/y"),
        ("{type: volume, target: /y}", "anonymous", "/y"),
    ] {
        let text = format!(
            r"services:
  app:
    image: a:1
    volumes:
      - {form}
"
        );
        let loaded = Loaded::of(&[("compose.yaml", &text)]);
        let mount = &loaded.projects[0].services[0].container.mounts[0];
        let shown = match &mount.source {
            MountSource::Host(at) => format!("host {}", at.value),
            MountSource::Volume(at) => format!("volume {}", at.value),
            MountSource::Anonymous => "anonymous".to_owned(),
            MountSource::Scratch => "scratch".to_owned(),
            _ => "unknown".to_owned(),
        };

        assert_eq!(
            (
                shown.as_str(),
                mount.target.as_ref().unwrap().value.as_str()
            ),
            (source, target),
            "{form}"
        );
    }
}

#[test]
fn anchors_and_merge_keys_keep_the_place_of_their_definition() {
    let text = r"x-limits: &limits
  mem_limit: 1g
  restart: always
services:
  a:
    <<: *limits
    image: a:1
";
    let loaded = Loaded::of(&[("compose.yaml", text)]);
    let a = &loaded.projects[0].services[0];
    assert_eq!(
        loaded.set(&a.restart),
        "\"always\" at compose.yaml:3:always"
    );
    assert!(a.container.resources.memory_limit.known().is_some());
}

#[test]
fn dependencies_and_references_are_collected() {
    let text = r"services:
  a:
    image: a:1
    depends_on:
      b: {condition: service_healthy}
      c: {condition: service_completed_successfully, required: false}
    links: [b:alias]
    network_mode: service:b
  b: {image: b:1}
";
    let loaded = Loaded::of(&[("compose.yaml", text)]);
    let a = &loaded.projects[0].services[0];
    let conditions: Vec<Condition> = a.depends_on.iter().map(|one| one.condition).collect();
    assert_eq!(conditions, [Condition::Healthy, Condition::Completed]);
    let named: Vec<&str> = a
        .references
        .iter()
        .map(|one| one.name.value.as_str())
        .collect();
    assert_eq!(named, ["b", "b", "b"]);
    assert_eq!(a.hosts, ["alias"]);
}

#[test]
fn an_overlay_is_laid_over_its_base_or_left_open() {
    let base = "services:\n  a: {image: 'a:1'}\n";
    let prod = r"services:
  a:
    mem_limit: 1g
";
    let loaded = Loaded::of(&[("compose.yaml", base), ("compose.prod.yaml", prod)]);
    let limit = |project: usize| {
        loaded.projects[project].services[0]
            .container
            .resources
            .memory_limit
            .clone()
    };

    assert!(
        limit(0).is_unknown(),
        "what production sets is not absent from the base"
    );
    assert!(limit(1).known().is_some());
    let alone = Loaded::of(&[("docker-compose.prod.yml", prod)]);
    assert!(alone.projects[0].overlay && alone.projects[0].services[0].restart.is_unknown());
    // It names what only a sibling defines.
    let files = [
        ("compose.yaml", base),
        (
            "compose.extra.yaml",
            r"services:
  b:
    image: b:1
    depends_on: [a]
",
        ),
    ];
    assert!(Loaded::of(&files).projects[1].overlay);
}

#[test]
fn compose_file_in_env_replaces_discovery() {
    let files = [
        (".env", "COMPOSE_FILE=compose.one.yaml:compose.two.yaml\n"),
        ("compose.one.yaml", "services:\n  a: {image: 'a:1'}\n"),
        ("compose.two.yaml", "services:\n  a: {restart: always}\n"),
    ];
    let loaded = Loaded::of(&files);
    assert_eq!(loaded.projects.len(), 1);
    assert_eq!(
        loaded.set(&loaded.projects[0].services[0].restart),
        "\"always\" at compose.two.yaml:2:always"
    );
}

#[test]
fn health_checks_say_what_they_run() {
    let text = r"services:
  a:
    image: a:1
    healthcheck:
      test: curl -f http://localhost/$$PATH_X || exit 1
  b:
    image: b:1
    healthcheck: {disable: true}
  c:
    image: c:1
    healthcheck: {test: [CMD, pg_isready]}
";
    let loaded = Loaded::of(&[("compose.yaml", text)]);
    let health = |at: usize| {
        loaded.projects[0].services[at]
            .container
            .health
            .value()
            .unwrap()
    };

    let Some(crate::model::Command::Shell { code, .. }) = &health(0).test else {
        panic!("a shell command")
    };

    assert_eq!(code.text, "curl -f http://localhost/$PATH_X || exit 1");
    let at = code.text.find("PATH_X").unwrap();
    assert_eq!(
        loaded.show(code.location(crate::source::Span::of(at, at + 6))),
        "compose.yaml:5:PATH_X"
    );
    assert!(health(1).disabled);
    assert!(
        matches!(health(2).test, Some(crate::model::Command::Exec { ref words, .. }) if words[0].value == "pg_isready")
    );
}

#[test]
fn words_keep_their_places_in_folded_and_filled_text() {
    let text = r"services:
  a:
    image: a:1
    command: >
      sh -c '
        export X=$$(cat /x)
        exec serve --host $${HOST}
      '
  b:
    image: b:1
    command:
      - sh
      - -c
      - |
        sleep 1
        exec serve ${PORT:-8000} --fast
";
    let loaded = Loaded::of(&[("compose.yaml", text)]);
    for (at, word, line) in [
        (0, "serve", 7),
        (0, "--host", 7),
        (1, "serve", 16),
        (1, "--fast", 16),
    ] {
        let command = loaded.projects[0].services[at]
            .container
            .command
            .as_ref()
            .unwrap();
        let script = command.script();
        let invocations = script.invocations();
        let words = invocations
            .iter()
            .flat_map(|one| std::iter::once(one.name).chain(one.args));
        let location = words
            .filter(|one| one.text() == word)
            .map(|one| command.place_of(one.span))
            .last()
            .unwrap();
        assert_eq!(loaded.show(location), format!("compose.yaml:{line}:{word}"));
    }
}

#[test]
fn what_is_extended_or_copied_from_need_not_start() {
    let text = r"services:
  base: {image: registry.example.com/base:1}
  db: {image: postgres:17}
  web:
    extends: {service: base}
    build: {context: ., additional_contexts: {assets: 'service:base'}}
    links: [db]
    network_mode: service:db
";
    let loaded = Loaded::of(&[("compose.yaml", text)]);
    let references = &loaded.projects[0].service("web").unwrap().references;
    let needs: Vec<(&str, ReferenceNeed)> = references
        .iter()
        .map(|reference| (reference.name.value.as_str(), reference.need))
        .collect();
    assert_eq!(
        needs,
        [
            ("db", ReferenceNeed::Start),
            ("db", ReferenceNeed::Start),
            ("base", ReferenceNeed::Definition),
            ("base", ReferenceNeed::Definition),
        ]
    );
}
