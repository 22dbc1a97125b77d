//! File kinds, recognised by name and by content.
//!
//! A name decides where it is a convention that the tools themselves rely on; else the top-level
//! keys decide. Nothing is parsed here: recognition looks at every file of a repository and must
//! cost next to nothing.

use std::collections::HashSet;

use crate::source::{clip, file_name, parent};

/// What a file is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    Dockerfile,
    /// A compose file of any name: it has `services` (or is named as one).
    Compose,
    /// At least one document with `apiVersion` and `kind` that a cluster would take.
    Kubernetes,
    Kustomization,
    /// `Chart.yaml` of a Helm chart.
    HelmChart,
    /// A file under a chart's `templates/`: not YAML until it is rendered.
    HelmTemplate,
    /// `values.yaml` and its variants beside a `Chart.yaml`.
    HelmValues,
    /// `.github/workflows/*.yml`.
    Workflow,
    /// `action.yml` of a GitHub action.
    Action,
    GitlabCi,
    /// `.env` and its variants, env files that compose names.
    EnvFile,
    Dockerignore,
    /// YAML or JSON of another sort: tool configuration, CRDs, OpenAPI documents.
    OtherYaml,
    /// A template of another engine (Jinja, Terraform, cookiecutter …): no grammar of ours applies.
    Template,
    /// Any other text: searched for credentials.
    Text,
}

impl FileKind {
    /// Whether the file says what a pipeline does.
    pub const fn is_pipeline(self) -> bool {
        matches!(
            self,
            FileKind::Workflow | FileKind::Action | FileKind::GitlabCi
        )
    }
}

/// What recognition needs to know of the repository's other files.
#[derive(Clone, Debug, Default)]
pub struct ChartFolders<'p> {
    /// Folders that hold a `Chart.yaml`.
    charts: HashSet<&'p str>,
}

impl<'p> ChartFolders<'p> {
    /// From the paths of all files of the repository.
    pub fn new(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let charts = paths
            .into_iter()
            .filter(|path| is_chart_file(file_name(path)))
            .map(parent)
            .collect();
        Self { charts }
    }

    /// The chart that a file belongs to, and the file's path inside it.
    fn chart<'f>(&self, path: &'f str) -> Option<(&'f str, &'f str)> {
        let mut folder = parent(path);

        loop {
            if self.charts.contains(folder) {
                return Some((folder, path[folder.len()..].trim_start_matches('/')));
            }

            if folder.is_empty() {
                return None;
            }

            folder = parent(folder);
        }
    }
}

/// The kind of the file at a repository path.
pub fn detect(path: &str, text: &str, listing: &ChartFolders) -> FileKind {
    let name = file_name(path);
    let lower = name.to_ascii_lowercase();
    if let Some(kind) = by_template_name(path, &lower, text, listing) {
        return kind;
    }

    if lower == ".dockerignore" || lower.ends_with(".dockerignore") {
        return FileKind::Dockerignore;
    }

    if is_dockerfile(&lower) {
        return FileKind::Dockerfile;
    }

    if is_env_file(&lower) {
        return FileKind::EnvFile;
    }

    if matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    ) {
        return FileKind::Kustomization;
    }

    match lower
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
    {
        "yaml" | "yml" => yaml_kind(path, &lower, text, listing),
        "json" => json_kind(text),
        _ => FileKind::Text,
    }
}

/// Whether a file that its grammar rejects has the marks of a template engine: it is then no
/// broken file.
pub fn has_template_marks(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let jinja = line.contains("{%") || line.starts_with("{#");
        let terraform = line.contains("%{ ") || line.contains("%{~");
        let erb = line.contains("<%");
        // GitHub's own `${{ expression }}` is no template, and text in quotes is a value for
        // another engine's template; a bare `{{ … }}` is Go's or Jinja's.
        let braces = has_bare_braces(line) && line.contains("}}");

        jinja || terraform || erb || braces
    })
}

/// Whether a `{{` of a line is neither in quotes nor after a `$`.
fn has_bare_braces(line: &str) -> bool {
    let mut open = [false; 2];
    let mut read = 0;
    line.match_indices("{{").any(|(offset, _)| {
        for byte in line[read..offset].bytes() {
            open[0] ^= byte == b'\'';
            open[1] ^= byte == b'"';
        }

        read = offset;

        !line[..offset].ends_with('$') && open == [false; 2]
    })
}

fn by_template_name(
    path: &str,
    lower: &str,
    text: &str,
    listing: &ChartFolders,
) -> Option<FileKind> {
    let extension = lower
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    if path.contains("{{") || path.contains("{%") {
        return Some(FileKind::Template);
    }

    if matches!(extension, "yaml" | "yml" | "tpl" | "txt" | "json") {
        if listing
            .chart(path)
            .is_some_and(|(_, inside)| inside.starts_with("templates/"))
        {
            return Some(FileKind::HelmTemplate);
        }
        // Templates of a chart whose `Chart.yaml` is not here, or that another folder's build puts
        // together.
        if matches!(extension, "yaml" | "yml" | "tpl")
            && format!("/{path}").contains("/templates/")
            && is_helm_text(text)
        {
            return Some(FileKind::HelmTemplate);
        }
    }

    let engine = matches!(
        extension,
        "j2" | "jinja"
            | "jinja2"
            | "tftpl"
            | "tpl"
            | "tmpl"
            | "gotmpl"
            | "erb"
            | "ejs"
            | "hbs"
            | "mustache"
            | "njk"
            | "mako"
            | "jsonnet"
            | "libsonnet"
            | "cue"
    );
    let infix = [".tftpl.", ".j2.", ".tmpl.", ".tpl.", ".gotmpl.", ".ytt."]
        .iter()
        .any(|part| lower.contains(part));
    let dockerfile = lower.starts_with("dockerfile")
        && (lower.ends_with(".template") || lower.ends_with("-template"));
    (engine || (infix && !lower.ends_with(".env")) || dockerfile).then_some(FileKind::Template)
}

/// How much of a template action that nothing closes is read, in bytes.
const MAX_UNCLOSED_ACTION: usize = 200;

/// How many bytes of an action are read. A file may open thousands of them and close none.
const MAX_ACTION: usize = 1024;

/// Whether a file is written for Helm: it has an action that uses what only Helm provides.
fn is_helm_text(text: &str) -> bool {
    let mut rest = text;
    let mut closes = true;

    while let Some(offset) = rest.find("{{") {
        if rest[..offset].ends_with('$') {
            rest = &rest[offset + 2..];
            continue;
        }

        let action = &rest[offset..];
        let near = clip(action, MAX_ACTION);
        let close = near
            .find("}}")
            .or_else(|| if closes { action.find("}}") } else { None });
        closes = close.is_some();
        let end = close.map_or(MAX_UNCLOSED_ACTION, |close| close.min(MAX_ACTION));
        let action = clip(action, end);
        if [
            ".Values.",
            ".Release.",
            ".Chart.",
            "include \"",
            "template \"",
            "define \"",
        ]
        .iter()
        .any(|part| action.contains(part))
        {
            return !rest[..offset]
                .rsplit('\n')
                .next()
                .unwrap_or("")
                .contains(['\'', '"', '`'])
                || action.contains("define");
        }

        rest = &rest[offset + 2..];
    }

    false
}

fn is_dockerfile(lower: &str) -> bool {
    const NOT: [&str; 11] = [
        "md", "rst", "txt", "html", "yaml", "yml", "json", "sh", "py", "go", "ts",
    ];
    if matches!(lower, "dockerfile" | "containerfile")
        || lower.ends_with(".dockerfile")
        || lower.ends_with(".containerfile")
    {
        return true;
    }

    let Some(rest) = lower
        .strip_prefix("dockerfile")
        .or_else(|| lower.strip_prefix("containerfile"))
    else {
        return false;
    };

    let extension = rest.rsplit_once('.').map_or("", |(_, extension)| extension);

    rest.starts_with(['.', '-', '_']) && !NOT.contains(&extension)
}

fn is_env_file(lower: &str) -> bool {
    const NOT: [&str; 10] = [
        "js", "ts", "mjs", "cjs", "d", "rs", "py", "go", "yaml", "yml",
    ];
    let extension = lower
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension);
    let prefixed = lower == ".env"
        || lower == ".dev.vars"
        || lower.starts_with(".dev.vars.")
        || lower.starts_with(".env.")
        || lower.starts_with(".env_")
        || lower.starts_with(".env-");
    (prefixed && !NOT.contains(&extension))
        || extension == "env"
        || matches!(
            lower,
            "env.example" | "env-example" | "env.sample" | "env.template" | "example.env"
        )
}

fn is_chart_file(name: &str) -> bool {
    matches!(name, "Chart.yaml" | "Chart.yml")
}

fn yaml_kind(path: &str, lower: &str, text: &str, listing: &ChartFolders) -> FileKind {
    let name = file_name(path);
    if in_folder(path, ".github/workflows") {
        return FileKind::Workflow;
    }

    if lower.starts_with(".gitlab-ci")
        || lower.ends_with(".gitlab-ci.yml")
        || lower.ends_with(".gitlab-ci.yaml")
        || format!("/{path}").contains("/.gitlab/")
        || format!("/{path}").contains("/.gitlab-ci/")
    {
        return FileKind::GitlabCi;
    }

    if is_chart_file(name) {
        return FileKind::HelmChart;
    }

    let keys = TopKeys::of(text);
    if matches!(name, "action.yml" | "action.yaml") && keys.has("runs") {
        return FileKind::Action;
    }

    if let Some(kind) = keys.object_kind() {
        return kind;
    }

    if listing
        .chart(path)
        .is_some_and(|(_, inside)| inside.contains("values") || inside.starts_with("ci/"))
        || is_values_name(lower)
    {
        return FileKind::HelmValues;
    }

    if is_compose_name(lower) || (keys.has("services") && has_compose_services(text)) {
        return FileKind::Compose;
    }

    if keys.has("jobs") && (keys.has("on") || keys.has("true")) {
        return FileKind::Workflow;
    }

    if has_gitlab_jobs(text) {
        return FileKind::GitlabCi;
    }

    FileKind::OtherYaml
}

/// Whether the file is directly in a folder whose path ends this way.
fn in_folder(path: &str, folder: &str) -> bool {
    let parent = parent(path);
    parent == folder
        || parent
            .strip_suffix(folder)
            .is_some_and(|before| before.ends_with('/'))
}

fn is_values_name(lower: &str) -> bool {
    let stem = lower.rsplit_once('.').map_or(lower, |(stem, _)| stem);
    let parts: Vec<&str> = stem.split(['-', '_', '.']).collect();
    parts.first() == Some(&"values") || parts.last() == Some(&"values")
}

fn is_compose_name(lower: &str) -> bool {
    let stem = lower.rsplit_once('.').map_or(lower, |(stem, _)| stem);
    stem == "compose"
        || stem.starts_with("compose.")
        || stem.starts_with("compose-")
        || stem.starts_with("compose_")
        || stem.contains("docker-compose")
        || stem.ends_with(".compose")
        || stem.ends_with("-compose")
}

/// Whether the children of `services` look like services: a mapping whose entries have an image or
/// a build.
fn has_compose_services(text: &str) -> bool {
    let mut lines = text
        .lines()
        .skip_while(|line| top_key(line) != Some("services"))
        .skip(1);
    let mut first = 0;

    for line in lines.by_ref() {
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }

        let indent = line.len() - body.len();
        if indent == 0 || body.starts_with("- ") {
            return false;
        }

        if first == 0 {
            first = indent;
        }

        // `api: {image: app}`
        let is_flow = body.contains("{image:")
            || body.contains("{ image:")
            || body.contains("{build:")
            || body.contains("{ build:");
        if indent == first && is_flow {
            return true;
        }

        let key = body.split_once(':').map_or("", |(key, _)| key);
        if indent > first && matches!(key, "image" | "build" | "extends") {
            return true;
        }
    }

    false
}

/// Whether mappings at the top have a script and a stage, or a script and what it extends: the jobs
/// of a file that a GitLab pipeline includes, whatever its name is.
fn has_gitlab_jobs(text: &str) -> bool {
    // Few other files have the word.
    if memchr::memmem::find(text.as_bytes(), b"script:").is_none() {
        return false;
    }

    let (mut has_script, mut has_stage) = (false, false);
    let mut indent = 0;

    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        if top_key(line).is_some() {
            indent = 0;
            continue;
        }

        if body.is_empty() || body.starts_with('#') || body.len() == line.len() {
            continue;
        }

        if indent == 0 {
            indent = line.len() - body.len();
        }

        if line.len() - body.len() == indent {
            let key = top_key(body).unwrap_or_default();
            has_script |= key == "script";
            has_stage |= matches!(key, "stage" | "extends");
        }
    }

    has_script && has_stage
}

/// The top-level keys of each document, with the values of those that say what an object is.
#[derive(Default)]
struct TopKeys<'t> {
    documents: Vec<Vec<(&'t str, &'t str)>>,
}

impl<'t> TopKeys<'t> {
    fn of(text: &'t str) -> Self {
        let mut documents = vec![Vec::new()];

        for line in margin_lines(text) {
            if line.starts_with("---") {
                documents.push(Vec::new());
            } else if let (Some(key), Some(keys)) = (top_key(line), documents.last_mut()) {
                let value = line.split_once(':').map_or("", |(_, value)| value.trim());
                let value = value
                    .split(" #")
                    .next()
                    .unwrap_or("")
                    .trim()
                    .trim_matches(['"', '\'']);
                keys.push((key, value));
            }
        }

        if text.trim_start().starts_with('{') {
            documents = json_documents(text);
        }

        Self { documents }
    }

    fn has(&self, key: &str) -> bool {
        self.documents
            .iter()
            .flatten()
            .any(|(name, _)| *name == key)
    }

    /// What the documents that are objects make of the file.
    fn object_kind(&self) -> Option<FileKind> {
        let mut tool = false;

        for document in &self.documents {
            let version = value_of(document, "apiVersion");
            let (Some(version), Some(kind)) = (version, value_of(document, "kind")) else {
                continue;
            };

            if version.starts_with("kustomize.config.k8s.io/") {
                return Some(FileKind::Kustomization);
            }

            if !is_tool_config(version, kind) {
                return Some(FileKind::Kubernetes);
            }

            tool = true;
        }

        tool.then_some(FileKind::OtherYaml)
    }
}

/// The value of a top-level key of a document.
fn value_of<'t>(document: &[(&'t str, &'t str)], key: &str) -> Option<&'t str> {
    document
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| *value)
}

/// The lines that begin at the left margin; most lines of a file do not.
fn margin_lines(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let begins =
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|offset| offset + 1));
    let written = begins.filter(|&offset| !matches!(bytes.get(offset), None | Some(b' ' | b'\n')));
    written.filter_map(|offset| text.get(offset..)?.lines().next())
}

/// The key of a line that begins at the left margin.
fn top_key(line: &str) -> Option<&str> {
    if line.starts_with([' ', '\t', '#', '-', '{', '[', '}', ']', '%']) {
        return None;
    }
    let (key, rest) = line.split_once(':')?;
    let key = key.trim_end().trim_matches(['"', '\'']);
    ((rest.is_empty() || rest.starts_with([' ', '\t', '\r'])) && !key.is_empty()).then_some(key)
}

fn json_kind(text: &str) -> FileKind {
    if !text.trim_start().starts_with('{') {
        // Editors' settings have comments before their first brace; no YAML reader takes those.
        return if text.trim_start().starts_with('/') {
            FileKind::Text
        } else {
            FileKind::OtherYaml
        };
    }

    if text.lines().any(|line| line.trim_start().starts_with("//")) {
        return FileKind::Text;
    }

    TopKeys {
        documents: json_documents(text),
    }
    .object_kind()
    .unwrap_or(FileKind::OtherYaml)
}

/// The keys of a JSON object's first level with their values; enough to detect its kind.
fn json_documents(text: &str) -> Vec<Vec<(&str, &str)>> {
    let bytes = text.as_bytes();
    let mut depth = 0u32;
    let mut offset = 0;
    let mut keys: Vec<(&str, &str)> = Vec::new();
    let mut awaits_value = false;

    while offset < bytes.len() {
        match bytes[offset] {
            b'{' | b'[' => {
                depth += 1;
                awaits_value = false;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 1 => awaits_value = true,
            b',' => awaits_value = false,
            b'"' => {
                let start = offset + 1;
                offset = start;
                while offset < bytes.len() && bytes[offset] != b'"' {
                    offset += if bytes[offset] == b'\\' { 2 } else { 1 };
                }

                let said = text.get(start..offset.min(text.len())).unwrap_or("");

                match (depth, awaits_value, keys.last_mut()) {
                    (1, true, Some(last)) => last.1 = said,
                    (1, false, _) => keys.push((said, "")),
                    _ => {}
                }
            }
            _ => {}
        }

        offset += 1;
    }

    vec![keys]
}

/// Files that borrow Kubernetes' header for the configuration of a tool; no API server takes them.
fn is_tool_config(version: &str, kind: &str) -> bool {
    const GROUPS: [&str; 26] = [
        "kind.x-k8s.io",
        "k3d.io",
        "kubeadm.k8s.io",
        "eksctl.io",
        "skaffold",
        "kubelet.config.k8s.io",
        "kubeproxy.config.k8s.io",
        "kubescheduler.config.k8s.io",
        "apiserver.config.k8s.io",
        "apiserver.k8s.io",
        "audit.k8s.io",
        "client.authentication.k8s.io",
        "backstage.io",
        "scaffolder.backstage.io",
        "tilt.dev",
        "ctlptl.dev",
        "krew.googlecontainertools.github.io",
        "minikube.sigs.k8s.io",
        "imageset.openshift.io",
        "mirror.openshift.io",
        "config.kubernetes.io",
        "builtin",
        "deploy.cloud.google.com",
        "kpt.dev",
        "kots.io",
        "troubleshoot.sh",
    ];
    let group = version.split('/').next().unwrap_or(version);
    (version == "v1" && kind == "Config")
        || kind.is_empty()
        || version.is_empty()
        || GROUPS.contains(&group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> FileKind {
        detect(path, text, &ChartFolders::new(["charts/app/Chart.yaml"]))
    }

    #[test]
    fn names_decide() {
        for (path, expected) in [
            ("Dockerfile", FileKind::Dockerfile),
            ("a/Dockerfile.dev", FileKind::Dockerfile),
            ("a/api.dockerfile", FileKind::Dockerfile),
            ("Dockerfile_gpu", FileKind::Dockerfile),
            ("Containerfile", FileKind::Dockerfile),
            ("Dockerfile.md", FileKind::Text),
            ("Dockerfile.j2", FileKind::Template),
            ("Dockerfile.template", FileKind::Template),
            ("{{cookiecutter.slug}}/Dockerfile", FileKind::Template),
            ("Dockerfile.dockerignore", FileKind::Dockerignore),
            ("a/.dockerignore", FileKind::Dockerignore),
            ("docker-compose.prod.yml", FileKind::Compose),
            ("compose.yaml", FileKind::Compose),
            (".github/workflows/ci.yml", FileKind::Workflow),
            ("sub/.github/workflows/ci.yaml", FileKind::Workflow),
            (".github/workflows/deep/ci.yaml", FileKind::OtherYaml),
            (".gitlab-ci.yml", FileKind::GitlabCi),
            ("k8s/kustomization.yaml", FileKind::Kustomization),
            ("charts/app/Chart.yaml", FileKind::HelmChart),
            ("charts/app/values-prod.yaml", FileKind::HelmValues),
            ("charts/app/templates/web.yaml", FileKind::HelmTemplate),
            ("charts/app/templates/_helpers.tpl", FileKind::HelmTemplate),
            ("charts/app/templates/NOTES.txt", FileKind::HelmTemplate),
            ("roles/x/templates/web.yml.j2", FileKind::Template),
            ("infra/user-data.tftpl", FileKind::Template),
            (".env.production", FileKind::EnvFile),
            ("db.env", FileKind::EnvFile),
            (".dev.vars", FileKind::EnvFile),
            (".dev.vars.production", FileKind::EnvFile),
            (".env.d.ts", FileKind::Text),
            ("notes.txt", FileKind::Text),
        ] {
            assert_eq!(of(path, ""), expected, "{path}");
        }
    }

    #[test]
    fn contents_decide_where_names_do_not() {
        for (path, text, expected) in [
            (
                "a.yaml",
                "# x\n---\napiVersion: apps/v1\nkind: Deployment\n",
                FileKind::Kubernetes,
            ),
            (
                "a.yaml",
                "x: 1\n--- # second\n'kind': \"Pod\"\napiVersion: v1\r\n",
                FileKind::Kubernetes,
            ),
            (
                "a.yaml",
                "apiVersion: v1\nkind: Config\n",
                FileKind::OtherYaml,
            ),
            (
                "a.yaml",
                "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n",
                FileKind::OtherYaml,
            ),
            (
                "a.yaml",
                "data:\n  apiVersion: v1\n  kind: Pod\n",
                FileKind::OtherYaml,
            ),
            (
                "a.json",
                "{\"kind\": \"Pod\", \"metadata\": {\"kind\": 1}, \"apiVersion\": \"v1\"}",
                FileKind::Kubernetes,
            ),
            ("devcontainer.json", "// see\n{\"a\": 1}", FileKind::Text),
            (
                "devcontainer.json",
                "{\n  // see\n  \"a\": 1}",
                FileKind::Text,
            ),
            (
                "a.json",
                "{\"spec\": {\"kind\": \"Pod\", \"apiVersion\": \"v1\"}}",
                FileKind::OtherYaml,
            ),
            (
                "stack.yml",
                "services:\n  web:\n    image: nginx\n",
                FileKind::Compose,
            ),
            (
                "stack.yml",
                "services:\n  - image: nginx\n",
                FileKind::OtherYaml,
            ),
            (
                "ci/build.yml",
                "on: push\njobs:\n  a:\n    runs-on: x\n",
                FileKind::Workflow,
            ),
            (
                "a/action.yml",
                "name: x\nruns:\n  using: node20\n",
                FileKind::Action,
            ),
            (
                "x/templates/deploy.yaml",
                "kind: {{ .Values.kind }}\n",
                FileKind::HelmTemplate,
            ),
            (
                "x/values.yaml",
                "# {{ .Values.kind }}\na: 1\n",
                FileKind::HelmValues,
            ),
            (
                "x/deploy.yaml",
                "run: echo ${{ inputs.x }}\n",
                FileKind::OtherYaml,
            ),
        ] {
            assert_eq!(of(path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn template_marks_are_told_from_expressions() {
        assert!(has_template_marks("a:\n{% if x %}\n  b: 1\n{% endif %}\n"));
        assert!(has_template_marks("%{ if x }\na: 1\n"));
        assert!(has_template_marks("image: {{ image }}\n"));
        assert!(!has_template_marks("run: ${{ github.ref }}\n"));
        assert!(!has_template_marks("title: '{{ template \"x\" . }}'\n"));
    }
}
