//! Tests of [`packages`](crate::analysis::packages).

use crate::analysis::packages::{is_manifest, package_at};
use crate::source::{FileId, SourceFile};

#[test]
fn manifests_of_applications_count() {
    for (path, expected) in [
        ("package.json", true),
        ("api/go.mod", true),
        ("requirements-dev.txt", true),
        ("requirements/base.txt", false),
        ("examples/a/package.json", false),
        ("vendor/a/package.json", false),
        ("package-lock.json", false),
        ("notes.txt", false),
    ] {
        let file = SourceFile::new(FileId(0), path, "");
        assert_eq!(is_manifest(&file), expected, "{path}");
    }
}

#[test]
fn packages_are_whole_words() {
    for (text, expected) in [
        ("openai==1.0", Some(0)),
        ("langchain-openai\nopenai", Some(17)),
        ("\"openai\": \"1\"", Some(1)),
        ("openai-agents", Some(0)),
        ("@acme/openai", None),
        ("openai.azure", None),
        ("myopenai openais", None),
    ] {
        assert_eq!(package_at(text, "openai"), expected, "{text}");
    }
}
