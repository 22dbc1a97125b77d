//! `obsolete-version`, `build-and-image`, `quoted-port`: how a compose file is written.

use crate::analysis::Analysis;
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::{Finding, Sink};
use crate::model::compose::{Project, Service};
use crate::model::facts::FileFacts;
use crate::model::file_kind::FileKind;
use crate::source::{SourceFile, Span, clip, slice};
use crate::syntax::yaml::{Node, Style};

pub fn obsolete_version(_: &Analysis, source: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    let Some(root) = compose_root(file) else {
        return;
    };

    let Some(entry) = root.entry("version") else {
        return;
    };

    let (location, end) = (entry.key.location(), entry.value.location().span.end);

    // The whole line is removed, if nothing else is on it.
    let text = source.text.as_str();
    let rest = slice(text, end as usize..text.len());
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
    let is_line_end = rest[blanks..].starts_with('\n');
    let is_line_start =
        location.span.start == 0 || clip(text, location.span.start as usize).ends_with('\n');
    let whole = Span::new(location.span.start, end + blanks as u32 + 1);
    let edit = Edit::replace(location.file, whole, "");
    let fix = if is_line_end && is_line_start {
        Fix::new(Applicability::Safe, "remove `version`", vec![edit])
    } else {
        None
    };

    sink.report(
        Finding::new(location, "`version` is obsolete")
            .label("Compose prints a warning and ignores it")
            .help("remove it")
            .fix(fix),
    );
}

/// The first document of a compose file.
pub fn compose_root<'f>(file: &'f FileFacts<'_>) -> Option<Node<'f>> {
    if file.kind != FileKind::Compose {
        return None;
    }
    file.schema_tree()?.root()
}

pub fn build_and_image(_: &Analysis, _: &Project, service: &Service, sink: &mut Sink) {
    let (Some(build), Some(image)) = (&service.build, &service.container.image) else {
        return;
    };

    // `pull_policy` chooses one of them.
    if !service.pull_policy.is_absent() {
        return;
    }

    sink.report(
        Finding::new(
            image.location,
            format!("`{}` sets both `build` and `image`", service.name()),
        )
        .label("names the build, but is pulled if it exists in a registry")
        .related(build.location, "built from here")
        .help("keep one of them, or choose one with `pull_policy`, such as `pull_policy: build`"),
    );
}

pub fn quoted_port(_: &Analysis, _: &SourceFile, file: &FileFacts, sink: &mut Sink) {
    let Some(services) = compose_root(file).and_then(|root| root.get("services")) else {
        return;
    };

    for service in services.entries() {
        let Some(ports) = service.value.get("ports") else {
            continue;
        };

        for port in ports.items() {
            let text = port.str().unwrap_or("");
            if port.style() != Style::Plain
                || !text.contains(':')
                || text.contains('$')
                || port.is_alias()
            {
                continue;
            }

            let location = port.location();
            let quoted = Edit::replace(location.file, location.span, format!("\"{text}\""));
            let finding = Finding::new(location, format!("port mapping `{text}` is not quoted"));
            let finding = match base_sixty(text) {
                Some(number) => {
                    finding.label(format!("older YAML parsers read it as the number {number}"))
                }
                None => finding.label("older YAML parsers read some mappings as base-60 numbers"),
            };

            sink.report(finding.help("quote it").fix(Fix::new(
                Applicability::Safe,
                "quote the mapping",
                vec![quoted],
            )));
        }
    }
}

/// The number that YAML 1.1 reads from digits with colons between them.
fn base_sixty(text: &str) -> Option<u64> {
    let mut value = 0_u64;

    for (index, part) in text.split(':').enumerate() {
        if part.len() >= 6 {
            return None;
        }

        let digits: u64 = part.parse().ok()?;
        if index > 0 && digits >= 60 {
            return None;
        }

        value = value.checked_mul(60)? + digits;
    }

    Some(value)
}

#[cfg(test)]
mod tests {
    #[test]
    fn base_sixty_is_what_yaml_11_reads() {
        assert_eq!(super::base_sixty("22:22"), Some(1342));
        assert_eq!(super::base_sixty("8080:80"), None);
        assert_eq!(super::base_sixty("a:1"), None);
    }
}
