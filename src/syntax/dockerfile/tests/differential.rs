//! Beside two other parsers: where they accept a file, the instructions are the same ones on the
//! same lines.

use std::path::{Path, PathBuf};

use parse_dockerfile::Instruction as Theirs;

use super::parse;
use crate::source::LineIndex;

/// Files that show what real ones do, without a heredoc that either peer would refuse.
const FILES: [&str; 8] = [
    "FROM a\n",
    r#"# syntax=docker/dockerfile:1
ARG V=1
FROM a:$V AS b

# note
RUN one && \
    # inside

    two
CMD ["x"]
"#,
    r"# escape=`
FROM a
COPY x `
  C:\y\
RUN dir
",
    r#"from a
env A=1 B="x y"
label a b
expose 80
user x
workdir /a
volume /b
stopsignal 9
"#,
    "FROM a\r\nRUN x \\\r\n  y\r\nENTRYPOINT [\"a\", \\\r\n \"b\"]\r\n",
    r#"FROM a AS x
COPY --from=x a b
ADD a /b/
HEALTHCHECK --interval=5s CMD x
HEALTHCHECK NONE
SHELL ["a"]
"#,
    r"FROM a
ONBUILD RUN x
MAINTAINER me
ARG A
RUN --mount=type=cache,target=/x y
",
    r"FROM a
RUN <<EOF
FROM no
EOF
COPY <<A /b
RUN no
A
CMD x",
];

type Lines = Vec<(String, usize)>;

fn ours(text: &str) -> Lines {
    let index = LineIndex::new(text);
    let instructions = parse(text).tree.instructions;
    let row = |span: crate::source::Span| (span.text(text).to_uppercase(), index.line(span.start));
    instructions
        .iter()
        .map(|one| row(one.keyword.span))
        .collect()
}

fn parse_dockerfile(text: &str) -> Option<Lines> {
    let index = LineIndex::new(text);
    let file = parse_dockerfile::parse(text).ok()?;
    let span = |one: &Theirs| match one {
        Theirs::Add(one) => one.add.span.clone(),
        Theirs::Arg(one) => one.arg.span.clone(),
        Theirs::Cmd(one) => one.cmd.span.clone(),
        Theirs::Copy(one) => one.copy.span.clone(),
        Theirs::Entrypoint(one) => one.entrypoint.span.clone(),
        Theirs::Env(one) => one.env.span.clone(),
        Theirs::Expose(one) => one.expose.span.clone(),
        Theirs::From(one) => one.from.span.clone(),
        Theirs::Healthcheck(one) => one.healthcheck.span.clone(),
        Theirs::Label(one) => one.label.span.clone(),
        Theirs::Maintainer(one) => one.maintainer.span.clone(),
        Theirs::Onbuild(one) => one.onbuild.span.clone(),
        Theirs::Run(one) => one.run.span.clone(),
        Theirs::Shell(one) => one.shell.span.clone(),
        Theirs::Stopsignal(one) => one.stopsignal.span.clone(),
        Theirs::User(one) => one.user.span.clone(),
        Theirs::Volume(one) => one.volume.span.clone(),
        Theirs::Workdir(one) => one.workdir.span.clone(),
        other => panic!("an instruction new to this test: {other:?}"),
    };

    let spans = file.instructions.iter().map(span);
    Some(
        spans
            .map(|span| {
                (
                    text[span.clone()].to_uppercase(),
                    index.line(span.start as u32),
                )
            })
            .collect(),
    )
}

/// The other peer knows no heredocs and takes their lines for instructions, so it is not asked
/// about them.
fn dockerfile_parser(text: &str) -> Option<Vec<usize>> {
    if text.contains("<<") {
        return None;
    }

    let index = LineIndex::new(text);
    let file = dockerfile_parser::Dockerfile::parse(text).ok()?;
    Some(
        file.instructions
            .iter()
            .map(|one| index.line(one.span().start as u32))
            .collect(),
    )
}

#[test]
fn instructions_are_those_of_two_other_parsers() {
    let mut texts: Vec<String> = FILES.iter().map(|&text| text.to_owned()).collect();
    let mut found = Vec::new();
    dockerfiles(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut found,
    );
    texts.extend(
        found
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok()),
    );
    let (mut first, mut second) = (0, 0);

    for text in &texts {
        let own = ours(text);

        if let Some(theirs) = parse_dockerfile(text) {
            assert_eq!(own, theirs, "parse-dockerfile reads it otherwise:\n{text}");
            first += 1;
        }

        if let Some(theirs) = dockerfile_parser(text) {
            let lines: Vec<usize> = own.iter().map(|(_, line)| *line).collect();
            assert_eq!(
                lines, theirs,
                "dockerfile-parser reads it otherwise:\n{text}"
            );
            second += 1;
        }
    }

    assert!(
        first >= 7 && second >= 4,
        "the peers accept too little to compare: {first} and {second}"
    );
}

fn dockerfiles(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };

    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            dockerfiles(&path, into);
        } else if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains("ockerfile"))
        {
            into.push(path);
        }
    }
}
