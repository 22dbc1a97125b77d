//! File kinds, recognised by name and by content.

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
    /// Whether the file's text is YAML (or JSON, which is YAML too).
    pub const fn is_yaml(self) -> bool {
        matches!(
            self,
            FileKind::Compose
                | FileKind::Kubernetes
                | FileKind::Kustomization
                | FileKind::HelmChart
                | FileKind::HelmValues
                | FileKind::Workflow
                | FileKind::Action
                | FileKind::GitlabCi
                | FileKind::OtherYaml
        )
    }
}
