//! Commands, words and what they mean, on scripts as deployment files have them.

use super::*;
use proptest::prelude::*;

/// Every command as its words joined by blanks, with `NAME=` before them; what joins it to the one
/// before; and the blocks it stands in.
fn commands(text: &str) -> Vec<String> {
    let script = parse(text);
    let show = |command: &Command| {
        let pipeline = script.pipeline(command);
        let joint = match pipeline.joined {
            _ if command.index > 0 => "| ",
            Connector::None => "",
            Connector::And => "&& ",
            Connector::Or => "|| ",
            Connector::Sequence => "; ",
            Connector::Background => "& ",
        };

        let assignments: String = command
            .assignments
            .iter()
            .map(|found| format!("{}={} ", found.name, found.value.text()))
            .collect();
        let words: Vec<&str> = command.words.iter().map(Word::text).collect();
        let redirects: String = command
            .redirects
            .iter()
            .map(|found| format!(" {:?}:{}", found.operator, found.target.text()))
            .collect();
        let blocks: String = script
            .ancestors(command)
            .filter(|block| block.kind != BlockKind::Script)
            .map(|block| format!(" <{:?}", block.kind))
            .collect();
        let not = if pipeline.negated { "! " } else { "" };
        format!(
            "{joint}{not}{assignments}{}{redirects}{blocks}",
            words.join(" ")
        )
    };

    script.commands.iter().map(show).collect()
}

fn check(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(commands(text), *expected, "{text}");
    }
}

#[test]
fn lists_and_pipelines() {
    check(&[
        (
            "a b; c&&d||e & f\ng",
            &["a b", "; c", "&& d", "|| e", "& f", "; g"],
        ),
        ("a |& b | c && \\\n d", &["a", "| b", "| c", "&& d"]),
        (
            r"a &&

# note
 b # c; d
",
            &["a", "&& b"],
        ),
        ("a\r\nb \\\r\n c\r\n", &["a", "; b c"]),
        ("! a | b", &["! a", "| ! b"]),
        ("a |\n b", &["a", "| b"]),
        ("echo a#b #c", &["echo a#b"]),
        ("A=1 B='x y' cmd C=2", &["A=1 B=x y cmd C=2"]),
        (
            "A= ; B+=(x $(y))\nc[0]=1 d",
            &["A= ", "; B=(x $(y)) ", "y <Substitution", "; c=1 d"],
        ),
        ("m+=(X)\nn", &["m=(X) ", "; n"]),
        ("a=b=(c", &["a=b=(c "]),
    ]);
}

#[test]
fn words_lose_their_quotes() {
    check(&[
        (r#"a"b c"'d e'\ f"#, &["ab cd e f"]),
        (r#"echo "a \" \$x \n" '\'"#, &[r#"echo a " $x \n \"#]),
        ("a$'\\t\\'x'y $\"z\"", &["a\t'xy z"]),
        ("a \"\" ''", &["a  "]),
        ("ab\\\ncd", &["abcd"]),
        ("'never closed; b", &["never closed; b"]),
        ("\"never closed; b", &["never closed; b"]),
        (
            "rm -rf !(keep|this) *.@(a|b)",
            &["rm -rf !(keep|this) *.@(a|b)"],
        ),
        ("echo {a,b} }", &["echo {a,b} }"]),
        (
            "echo ${{ a || 'b }} c' }} x",
            &["echo ${{ a || 'b }} c' }} x"],
        ),
        ("echo {{ .a | b }}; c", &["echo {{ .a | b }}", "; c"]),
        ("\\rm x", &["rm x"]),
    ]);
}

#[test]
fn expansions_hold_commands() {
    check(&[
        (
            "echo $(a | b) `c` d",
            &[
                "echo $(a | b) `c` d",
                "a <Substitution",
                "| b <Substitution",
                "c <Substitution",
            ],
        ),
        (
            "x=\"$(a \"$(b)\")\"",
            &[
                "x=$(a \"$(b)\") ",
                "a $(b) <Substitution",
                "b <Substitution <Substitution",
            ],
        ),
        (
            "echo ${A:-$(b)} ${#C} ${D[@]} ${E//x/}",
            &["echo ${A:-$(b)} ${#C} ${D[@]} ${E//x/}", "b <Substitution"],
        ),
        (
            "echo $((1 + $(a))) b",
            &["echo $((1 + $(a))) b", "a <Substitution"],
        ),
        (
            "echo $((a) | b)",
            &[
                "echo $((a) | b)",
                "a <Subshell <Substitution",
                "| b <Substitution",
            ],
        ),
        (
            "diff <(a) >(b) c",
            &["diff <(a) >(b) c", "a <Process", "b <Process"],
        ),
        (
            "x=$(case $1 in a) b;; *) c;; esac); d",
            &[
                "x=$(case $1 in a) b;; *) c;; esac) ",
                "b <Arm <Case <Substitution",
                "c <Arm <Case <Substitution",
                "; d",
            ],
        ),
        ("echo \"${A:-it's}\"; b", &["echo ${A:-it's}", "; b"]),
        ("echo ${A:-\nb", &["echo ${A:-", "; b"]),
    ]);
}

#[test]
fn compound_commands() {
    check(&[
        (
            "(a; b) && { c; }",
            &["a <Subshell", "; b <Subshell", "c <Group"],
        ),
        (
            "if a; then b; elif c; then d; else e; fi; f",
            &[
                "a <Condition <If",
                "b <Body <If",
                "c <Condition <If",
                "d <Body <If",
                "e <Body <If",
                "; f",
            ],
        ),
        (
            "while a; do b; done < f | c",
            &["a <Condition <Loop", "b <Body <Loop", "| c"],
        ),
        (
            "for i in $(a) b; do c $i; done",
            &["a <Substitution", "c $i <Body <Loop"],
        ),
        (
            "for i\ndo a; done; for ((i=0;i<3;i++)); do b; done",
            &["a <Body <Loop", "b <Body <Loop"],
        ),
        (
            "case x in (a|b) c ;; d) e\n;;& *) f; esac; g",
            &["c <Arm <Case", "e <Arm <Case", "f <Arm <Case", "; g"],
        ),
        (
            "f() { a; }; function g { b; }\nh () ( c )",
            &[
                "a <Group <Function",
                "b <Group <Function",
                "c <Subshell <Function",
            ],
        ),
        (
            "[[ -f a && ( $b =~ ^(x|y)$ || c < d ) ]] && e",
            &["[[ -f a && ( $b =~ ^ ( x | y ) $ || c < d ) ]]", "&& e"],
        ),
        (
            "((i++)) && a; ((b; c) || d)",
            &[
                "(( i++",
                "&& a",
                "b <Subshell <Subshell",
                "; c <Subshell <Subshell",
                "|| d <Subshell",
            ],
        ),
        (
            "if a; then { b; fi; c",
            &["a <Condition <If", "b <Group <Body <If", "; c"],
        ),
        ("a; done; ) b }; c", &["a", "; b }", "; c"]),
        ("echo if then fi", &["echo if then fi"]),
    ]);
}

#[test]
fn redirects_and_here_documents() {
    check(&[
        (
            "a >b 2>&1 <c >>d &>e",
            &["a Write:b DuplicateWrite:1 Read:c Append:d WriteBoth:e"],
        ),
        ("a <<< \"$x\" b", &["a b HereString:$x"]),
        (
            r"cat <<A - <<'B' && c
1 $(x)
A
2 $(y)
B
d",
            &[
                "cat - Heredoc:A Heredoc:B",
                "&& c",
                "x <Substitution",
                "; d",
            ],
        ),
        ("cat <<-E\n\ta\n\tE\nb", &["cat Heredoc:E", "; b"]),
        ("cat <<E\r\na\r\nE\r\nb", &["cat Heredoc:E", "; b"]),
        (
            r"x=$(cat <<E
if )
E
); b",
            &[
                r"x=$(cat <<E
if )
E
) ",
                "cat Heredoc:E <Substitution",
                "; b",
            ],
        ),
        (
            r"x=$(cat <<E
b
E)
c",
            &[
                r"x=$(cat <<E
b
E) ",
                "cat Heredoc:E <Substitution",
                "; c",
            ],
        ),
        ("cat <<E\nnever; closed", &["cat Heredoc:E"]),
        (
            "$(jq <<- < \"a\") \\",
            &["$(jq <<- < \"a\") \\", "jq Heredoc: Read:a <Substitution"],
        ),
    ]);
    let text = r"cat <<'A'
x $y
A
cat <<B
$z
";
    let script = parse(text);
    let shown: Vec<_> = script
        .heredocs
        .iter()
        .map(|heredoc| {
            (
                heredoc.body.span.text(text),
                heredoc.quoted,
                heredoc.closed,
                heredoc.body.variables().len(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("x $y\n", true, true, 0), ("$z\n", false, false, 1)]
    );
}

/// Each invocation as the program with its wrappers before it, and the text at the span of each of
/// its words.
fn invocations(text: &str) -> Vec<String> {
    let script = parse(text);
    let show = |found: &Invocation<'_>| {
        let wrappers: String = found
            .wrappers
            .iter()
            .map(|wrapper| format!("{}>", wrapper.program))
            .collect();
        let args: String = found
            .args
            .iter()
            .map(|word| format!(" {}", word.span.text(text)))
            .collect();
        format!("{wrappers}{}{args}", found.program)
    };

    script.invocations().iter().map(show).collect()
}

#[test]
fn wrappers_are_seen_through() {
    let cases: &[(&str, &str)] = &[
        (
            "sudo -E -u root A=1 /usr/bin/apt-get -y install",
            "sudo>apt-get -y install",
        ),
        (
            "env -i -u X A=1 exec nice -n 5 node x.js",
            "env>exec>nice>node x.js",
        ),
        ("exec gosu app tini -s -- node", "exec>gosu>tini>node"),
        ("find . | xargs -0 -n 1 -P4 rm -f", "xargs>rm -f"),
        ("timeout -k 5 30 curl x", "timeout>curl x"),
        ("setpriv --reuid 1 --clear-groups -- a", "setpriv>a"),
        ("command -v curl", "command -v curl"),
        ("command curl", "command>curl"),
        ("sudo", "sudo"),
        ("sudo -i", "sudo -i"),
        ("python3 -u -m pip install x", "python3>pip install x"),
        ("python x.py -m y", "python x.py -m y"),
        (
            "uv run --env-file .env uvicorn app:app",
            "uv>uvicorn app:app",
        ),
        (
            "wait-for-it.sh db:5432 -t 60 -- exec ./run",
            "wait-for-it.sh>exec>run",
        ),
        ("busybox wget x", "busybox>wget x"),
        ("\"$JAVA_HOME/bin/java\" -jar x", "java -jar x"),
        ("\"$(dirname x/y)\" z", "$(dirname x/y) z"),
    ];

    for (text, expected) in cases {
        let found = invocations(text);
        assert!(
            found.iter().any(|found| found == expected),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn nested_shells_keep_true_spans() {
    let cases: &[(&str, &[&str])] = &[
        (
            "sudo sh -c 'curl x | sh'",
            &["sudo>sh -c 'curl x | sh'", "sudo>sh>curl x", "sudo>sh>sh"],
        ),
        (
            r#"bash -lc "echo \"a b\" $(c) && d""#,
            &[
                r#"bash -lc "echo \"a b\" $(c) && d""#,
                "c",
                r#"bash>echo "a b\" $(c)"#,
                "bash>d",
            ],
        ),
        ("su -c 'a b' user", &["su -c 'a b' user", "su>a b"]),
        ("eval a 'b; c'", &["eval a 'b; c'", "eval>a b", "eval>c"]),
        (
            r"bash -eo pipefail <<'E'
a $x
E
b",
            &["bash -eo pipefail", "b", "bash>a $x"],
        ),
        (
            r"bash x.sh <<E
a
E",
            &["bash x.sh"],
        ),
        (
            "sh -c \"sh -c 'a b'\"",
            &["sh -c \"sh -c 'a b'\"", "sh>sh -c 'a b'", "sh>sh>a b"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(invocations(text), *expected, "{text}");
    }
    // Substitutions of the outer shell are listed once.
    let script = parse("sh -c \"$(curl x)\"");
    assert_eq!(
        script
            .commands
            .iter()
            .filter(|command| command.name() == "curl")
            .count(),
        1
    );
}

#[test]
fn arguments_follow_getopt() {
    let text = "curl -fsSLo out --retry=3 -H 'A: b' -X POST https://x -- -k";
    let script = parse(text);
    let found = &script.invocations()[0];
    assert_eq!(
        found.flag(&["-s", "--silent"]).map(Word::text),
        Some("-fsSLo")
    );
    assert!(found.flag(&["-k"]).is_none());
    let value = |names: &[&str]| {
        found
            .option(names)
            .map(|found| (found.value, found.span.text(text)))
    };

    assert_eq!(value(&["-o", "--output"]), Some(("out", "out")));
    assert_eq!(value(&["--retry"]), Some(("3", "3")));
    assert_eq!(value(&["-H"]), Some(("A: b", "'A: b'")));
    let positionals: Vec<&str> = found
        .positionals(&["-o", "-H", "-X"])
        .iter()
        .map(|word| word.span.text(text))
        .collect();
    assert_eq!(positionals, ["https://x", "-k"]);
    let attached = parse("gcc -Wall -obin x.c");
    assert_eq!(
        attached.invocations()[0]
            .option(&["-o"])
            .map(|found| found.value),
        Some("bin")
    );
    assert_eq!(
        parse("apt-get -y install x").invocations()[0].subcommand(&[]),
        Some("install")
    );
}

#[test]
fn pipes_failures_and_options_are_decidable() {
    let at = |script: &Script, name: &str| {
        script
            .commands
            .iter()
            .position(|found| found.name() == name)
            .unwrap()
    };

    let script = parse("{ a; b; } | (c && d) | e; f $(g | h)");
    let feeders = |name: &str| -> Vec<&str> {
        script
            .feeders(&script.commands[at(&script, name)])
            .into_iter()
            .map(Command::name)
            .collect()
    };

    assert_eq!(feeders("e"), ["a", "b", "c", "d"]);
    assert_eq!(feeders("d"), ["a", "b"]);
    assert_eq!(feeders("h"), ["g"]);
    assert!(feeders("f").is_empty());
    let cases: &[(&str, bool)] = &[
        ("x", false),
        ("x || true", true),
        ("x && y || true", true),
        ("x && y", false),
        ("(x; y) || z", true),
        ("if x; then y; fi", true),
        ("! x", true),
        ("y || x", false),
        ("x | y || true", true),
    ];

    for (text, expected) in cases {
        let script = parse(text);
        assert_eq!(
            script.failure_is_handled(&script.commands[at(&script, "x")]),
            *expected,
            "{text}"
        );
    }

    let cases: &[(&str, bool, bool)] = &[
        ("set -euo pipefail; x", true, true),
        ("set -o pipefail && x", false, true),
        ("x; set -e", false, false),
        ("set -e; set +e; x", false, false),
        ("(set -e; y); x", false, false),
        ("set -ex\n( x )", true, false),
        ("set -e; sh -c 'x'", false, false),
        ("bash -eo pipefail -c 'x'", true, true),
        ("bash -c 'set -e; x'", true, false),
    ];

    for (text, errexit, pipefail) in cases {
        let script = parse(text);
        let command = &script.commands[at(&script, "x")];
        assert_eq!(
            script.option_before(command, ShellOption::ErrExit),
            *errexit,
            "{text}"
        );
        assert_eq!(
            script.option_before(command, ShellOption::PipeFail),
            *pipefail,
            "{text}"
        );
    }
}

#[test]
fn exec_forms_are_not_expanded() {
    let source = r#"["sudo", "sh", "-c", "curl \"$X\" | sh"]"#;
    let mut map = OffsetMap::verbatim(22);
    for (local, location) in [(5, 28), (6, 29), (8, 32)] {
        map.push(local, location);
    }

    let script = exec([
        ("sudo", Span::new(1, 7), None),
        ("sh", Span::new(9, 13), None),
        ("-c", Span::new(15, 19), None),
        ("curl \"$X\" | sh", Span::new(21, 39), Some(&map)),
    ]);
    let found = script.invocations();
    let programs: Vec<&str> = found.iter().map(|found| found.program).collect();
    assert_eq!(programs, ["sh", "curl", "sh"]);
    assert_eq!(found[1].name.span.text(source), "curl");
    assert_eq!(found[1].args[0].variables()[0].name_span.text(source), "X");
    assert_eq!(found[1].wrappers.len(), 2);
    assert_eq!(
        exec([
            ("echo", Span::new(0, 4), None),
            ("$X", Span::new(5, 7), None)
        ])
        .commands[0]
            .words[1]
            .literal(),
        Some("$X")
    );
}

#[test]
fn hostile_nesting_stays_cheap() {
    for open in [
        "(",
        "{ ",
        "$(",
        "\"$(",
        "`",
        "${a:-",
        "$((",
        "((",
        "if ",
        "case x in a) ",
        "<(",
        "a=(",
        "f() ",
        "<<A ",
        "{{",
        "${{",
        "[[ ",
        "while a; do ",
        "sh -c '",
    ] {
        let text = open.repeat(10_000);
        parse(&text);
        parse(&format!("{text}x{}", ")".repeat(10_000)));
    }

    parse(&"a|".repeat(100_000));
    parse(&"${{ ' ".repeat(50_000));
    parse(&"cat <<A\n".repeat(50_000));
}

fn spans_hold(text: &str, word: &Word) {
    assert!(
        text.get(word.span.range()).is_some(),
        "{:?} in {text:?}",
        word.span
    );

    for part in &word.parts {
        assert!(
            text.get(part.span.range()).is_some(),
            "{part:?} in {text:?}"
        );
        assert!(word.text().is_char_boundary(part.offset as usize));
    }

    for variable in word.variables() {
        assert!(
            text.get(variable.name_span.range()).is_some(),
            "{variable:?} in {text:?}"
        );
    }
}

/// Of a word that stands in the text as it is. A nested script is decoded: `eval $\\if` asks for
/// `if`.
fn names_stand(text: &str, word: &Word) {
    for variable in word.variables() {
        assert_eq!(variable.name_span.text(text), variable.name);
    }
}

#[test]
fn a_variable_of_a_nested_script_ends_where_it_ended_outside() {
    let text = "sh -c X$X'if '";
    let script = parse(text);
    let words = script.commands.iter().flat_map(|command| &command.words);
    let variables: Vec<(&str, &str)> = words
        .flat_map(|word| word.variables())
        .map(|variable| (variable.name.as_str(), variable.name_span.text(text)))
        .collect();
    assert_eq!(variables, [("X", "X"), ("X", "X")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn any_text_gives_spans_inside_it(
        text in "( |a|b|é|=|\\n|\\r|;|&|\\||\\(|\\)|\\{|\\}|<|>|'|\"|`|\\$|\\\\|#|!|-|\\[|\\]|\\*|EOF|<<EOF|if |then |fi|do |done|case |in |esac|for |while |sh -c |eval |sudo |X|:-|\\$\\(|\\$\\{){0,60}"
    ) {
        let script = parse(&text);

        for command in &script.commands {
            prop_assert!(text.get(command.span.range()).is_some());
            command.words.iter().for_each(|word| spans_hold(&text, word));
            if !script.within(command, BlockKind::Shell) {
                command.words.iter().for_each(|word| names_stand(&text, word));
            }

            command.assignments.iter().for_each(|found| spans_hold(&text, &found.value));
            command.redirects.iter().for_each(|found| spans_hold(&text, &found.target));
            script.feeders(command);
            script.failure_is_handled(command);
            script.option_before(command, ShellOption::ErrExit);
        }

        for block in &script.blocks {
            prop_assert!(text.get(block.span.range()).is_some());
            prop_assert!(block.pipeline == 0 || (block.pipeline as usize) < script.pipelines.len());
        }

        script.heredocs.iter().for_each(|heredoc| spans_hold(&text, &heredoc.body));
        script.invocations();
    }
}
