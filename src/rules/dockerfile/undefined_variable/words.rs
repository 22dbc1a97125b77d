//! Words and names of variables: which words of an instruction the builder expands, which names an
//! instruction declares, and which a base image may.

use crate::suggest;
use crate::syntax::dockerfile::{Body, Instruction, ModifierKind, Source, Variable, Word};

/// Known to every instruction without a declaration.
pub(super) const PREDEFINED: &[&str] = &[
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "SOURCE_DATE_EPOCH",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// How the names begin that base images set.
pub(super) const BASES: &[&str] = &[
    "ANDROID_",
    "APACHE_",
    "ASPNET",
    "BUN_",
    "CARGO_",
    "CATALINA_",
    "CONDA_",
    "CUDA_",
    "DEBIAN_FRONTEND",
    "DENO_",
    "DOTNET_",
    "ELIXIR_",
    "ERLANG_",
    "GEM_",
    "GO",
    "GRADLE_",
    "HOSTNAME",
    "JAVA_",
    "JDK_",
    "JETTY_",
    "JULIA_",
    "LANG",
    "LANGUAGE",
    "LC_",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "MAVEN_",
    "NCCL_",
    "NGINX_",
    "NODE_",
    "NV",
    "OTP_",
    "PG",
    "PHP_",
    "PIP_",
    "POETRY_",
    "POSTGRES_",
    "PYPY_",
    "PYTHON_",
    "RUBY_",
    "RUST",
    "SHELL",
    "SPARK_",
    "SWIFT_",
    "TERM",
    "TOMCAT_",
    "USER",
    "YARN_",
    "_JAVA",
];

/// The words of an instruction that the builder expands.
pub(super) fn expanded(instruction: &Instruction) -> Vec<&Word> {
    match &instruction.body {
        Body::Add(transfer) | Body::Copy(transfer) => {
            let sources = transfer.sources.iter().filter_map(|source| match source {
                Source::Path(word) => Some(word),
                Source::Heredoc(..) => None,
            });

            sources.chain([&transfer.destination]).collect()
        }
        Body::Env(pairs) | Body::Label(pairs) => {
            pairs.pairs.iter().map(|pair| &pair.value).collect()
        }
        Body::Arg(arguments) => arguments
            .iter()
            .filter_map(|argument| argument.default.as_ref())
            .collect(),
        Body::Expose(words) | Body::Volume(words) => words.iter().collect(),
        Body::User(word) | Body::Workdir(word) | Body::Stopsignal(word) => vec![word],
        _ => Vec::new(),
    }
}

/// The names that an instruction declares.
pub(super) fn declared(instruction: &Instruction) -> Vec<String> {
    match &instruction.body {
        Body::Arg(arguments) => arguments
            .iter()
            .map(|argument| argument.name.value.clone())
            .collect(),
        Body::Env(pairs) => pairs
            .pairs
            .iter()
            .filter_map(|pair| Some(pair.key.literal()?.into_owned()))
            .collect(),
        _ => Vec::new(),
    }
}

/// `${NAME:-x}` says itself what an unset variable means.
pub(super) fn is_self_contained(variable: &Variable) -> bool {
    variable.modifier.as_ref().is_some_and(|modifier| {
        matches!(
            modifier.kind,
            ModifierKind::Default | ModifierKind::Alternate | ModifierKind::Placeholder
        )
    })
}

/// The declared name that a misspelt one most likely means. Names differ by case, but a
/// misspelling may ignore it.
pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let known: Vec<(String, &str)> = names
        .into_iter()
        .take(suggest::MAX_CANDIDATES)
        .map(|name| (name.to_lowercase().replace('_', "-"), name))
        .collect();
    let near = suggest::nearest(name, known.iter().map(|(plain, _)| plain.as_str()))?.to_owned();
    known
        .into_iter()
        .find(|(plain, _)| *plain == near)
        .map(|(_, name)| name)
}
