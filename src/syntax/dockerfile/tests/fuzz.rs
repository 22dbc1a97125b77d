//! Hostile input: no panic, spans inside the file and on character boundaries, time that grows with
//! the file.

use proptest::prelude::*;

use super::*;

/// What Dockerfiles are made of; mutation joins, cuts and repeats it.
const PARTS: [&str; 48] = [
    "FROM",
    "from a AS b",
    "ARG A=1",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV ",
    "LABEL ",
    "CMD ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "SHELL ",
    "VOLUME ",
    "USER ",
    "EXPOSE ",
    "# escape=`\n",
    "# syntax=x\n",
    "#",
    "\\\n",
    "`\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "<<EOF",
    "<<-'EOF'",
    "3<<A",
    "EOF\n",
    "\nA\n",
    "[\"a\", \"b\"]",
    "[",
    "\"",
    "'",
    "$",
    "${",
    "}",
    "${a:-",
    "--mount=type=bind,from=x,\"a=b\"",
    "--from=",
    "--",
    "--link",
    "=",
    "é",
    "\u{feff}",
    "\u{a0}",
    "x",
    "\0",
];

/// Writes the whole tree, which checks every span, and asks every word and stage all it can answer.
fn walk(text: &str) {
    show(text);
    let tree = parse(text).tree;
    let stages = Stages::of(&tree);

    for stage in &stages.all {
        stages.chain(stage.index).for_each(drop);
        assert!(stages.reachable(stage.index)[stage.index]);
    }

    stages.duplicates().for_each(drop);

    for instruction in &tree.instructions {
        assert!(instruction.span.contains(instruction.keyword.span));
        assert!(text.get(instruction.arguments.range()).is_some());
        let body = match &instruction.body {
            Body::Onbuild(inner) => &inner.body,
            body => body,
        };

        let (Body::Env(pairs) | Body::Label(pairs)) = body else {
            continue;
        };

        for word in pairs.pairs.iter().flat_map(|pair| [&pair.key, &pair.value]) {
            for variable in word.variables() {
                assert!(text.get(word.span_of(variable.local).range()).is_some());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn joined_parts_never_panic(parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..60)) {
        walk(&parts.concat());
    }

    #[test]
    fn any_text_never_panics(text in "\\PC*") {
        walk(&text);
    }
}

#[test]
fn hostile_files_come_to_an_end() {
    // Time that grew with the square of these would be hours.
    let long = |part: &str| part.repeat(400_000 / part.len());
    let files = [
        long("FROM a AS b\n"),
        long("FROM a\nRUN <<A\n"),
        format!("FROM a\nRUN {}\n", long("<<A ")),
        format!("FROM a\nRUN {}\n", long("x \\\n")),
        format!("FROM a\nRUN {}\n", long("#\\\n\\\n\n")),
        format!("FROM a\nENV {}\n", long("a=b\\\n")),
        format!("FROM a\nENV A={}\n", long("${a:-")),
        format!("FROM a\nENV A={}\n", long("\"$a\" ")),
        format!("FROM a\nRUN {} x\n", long("--mount=type=bind ")),
        format!("FROM a\nCOPY {} x\n", long("--link ")),
        format!("FROM a\nCMD [{}]\n", long("\"a\",")),
        long("ONBUILD "),
        long("INSTALL x\n"),
        long("FROM a AS b\nCOPY --from=b x y\n"),
    ];

    for file in files {
        let tree = parse(&file).tree;
        Stages::of(&tree);
        assert!(
            !tree.instructions.is_empty() || !tree.faults.is_empty(),
            "{file:.40}"
        );
    }
}
