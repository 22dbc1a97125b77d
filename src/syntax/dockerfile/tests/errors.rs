//! What the builder refuses, at the exact token, and what stands in spite of it.

use super::{check, parse};

/// Asserts the problems of each file: `kind message start..end`, kind `error` for those of the
/// lines themselves.
#[track_caller]
fn refused(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let parsed = parse(text);
        let errors = parsed
            .errors
            .iter()
            .map(|one| ("error".to_owned(), &one.message, one.span));
        let faults = parsed
            .tree
            .faults
            .iter()
            .map(|one| (format!("{:?}", one.kind), &one.message, one.span));
        let found: Vec<String> = errors
            .chain(faults)
            .map(|(kind, message, span)| format!("{kind} {message} {}..{}", span.start, span.end))
            .collect();
        assert_eq!(found, *expected, "in {text:?}");
    }
}

#[test]
fn files() {
    refused(&[
        (
            "",
            &["error no instructions, expected at least `FROM` 0..0"],
        ),
        (
            "\n  \n",
            &["error no instructions, expected at least `FROM` 4..4"],
        ),
        (
            r"# only

# comments
",
            &["error no instructions, expected at least `FROM` 0..6"],
        ),
        (
            "ARG A=1\n",
            &["NoStage no stage to build, expected `FROM` after this 0..3"],
        ),
        (
            "RUN x\nFROM a\n",
            &["BeforeFrom RUN is not allowed before the first FROM; only ARG is 0..3"],
        ),
        (
            "RUN x\n",
            &["BeforeFrom RUN is not allowed before the first FROM; only ARG is 0..3"],
        ),
    ]);
}

#[test]
fn directives() {
    refused(&[
        (
            "# escape=x\nFROM a\n",
            &[r#"error the escape character must be `\` or a backtick 9..10"#],
        ),
        (
            r"# escape=`
# escape=\
FROM a
",
            &["error duplicate directive 13..19"],
        ),
    ]);
}

#[test]
fn from() {
    refused(&[
        (
            "FROM\n",
            &["Arguments FROM requires an image: `FROM image` or `FROM image AS name` 0..4"],
        ),
        (
            "FROM a b\n",
            &["Arguments FROM expects `image` or `image AS name`, not two words 7..8"],
        ),
        (
            "FROM a is b\n",
            &["Arguments FROM expects `AS` between the image and the stage name 7..9"],
        ),
        (
            "FROM a AS b c\n",
            &["Arguments FROM expects `image` or `image AS name`, not 4 words 7..13"],
        ),
        (
            "FROM a AS 1b\nRUN x\n",
            &[
                "StageName a stage name must start with a letter, followed by letters, digits, \
                 `-`, `_` or `.` 10..12",
            ],
        ),
        (
            "FROM a AS\n",
            &["Arguments FROM expects `image` or `image AS name`, not two words 7..9"],
        ),
    ]);
}

#[test]
fn unknown_instructions() {
    check(
        r"FROM a
RUNN x
INSTALL y
  more z
CMD x
",
        r#"
            From FROM 0..6
            image a 5..6
            Unknown RUNN 7..13
            invalid
            Unknown INSTALL 14..23
            invalid
            Unknown more 26..32
            invalid
            Cmd CMD 33..38
            shell x 37..38
            UnknownInstruction unknown instruction `RUNN`, did you mean `RUN`? 7..11
            UnknownInstruction unknown instruction 14..21
        "#,
    );
    check(
        r"FROM a
RUN x &&
  y &&
  z
CMD x
",
        r#"
            From FROM 0..6
            image a 5..6
            Run RUN 7..15
            shell x && 11..15
            Unknown y 18..22
            invalid
            Unknown z 25..26
            invalid
            Cmd CMD 27..32
            shell x 31..32
            UnknownInstruction unknown instruction, or a missing continuation on the previous line 18..19
        "#,
    );
}

#[test]
fn pairs() {
    refused(&[
        (
            "FROM a\nENV A\n",
            &["error ENV has a name but no value, expected `KEY=value` 11..12"],
        ),
        (
            "FROM a\nENV\n",
            &["Arguments ENV requires a pair: `KEY=value` 7..10"],
        ),
        (
            "FROM a\nENV A=1 B\n",
            &["error expected `KEY=value` here; a value with spaces needs quotes 15..16"],
        ),
        (
            "FROM a\nLABEL =x\n",
            &["Arguments LABEL has no name before `=` 13..15"],
        ),
        (
            "FROM a\nARG\n",
            &["Arguments ARG requires a name: `ARG NAME` or `ARG NAME=default` 7..10"],
        ),
        (
            "FROM a\nARG =x\n",
            &["Arguments ARG has no name before `=` 11..13"],
        ),
    ]);
}

#[test]
fn copy() {
    refused(&[
        (
            "FROM a\nCOPY a\n",
            &["Arguments COPY requires a source and a destination 12..13"],
        ),
        (
            "FROM a\nCOPY\n",
            &["Arguments COPY requires a source and a destination 7..11"],
        ),
        (
            "FROM a\nCOPY [\"a\"]\n",
            &["Arguments COPY requires a source and a destination 13..16"],
        ),
        (
            "FROM a\nCOPY --from=$x a b\n",
            &[
                "VariableInFrom `--from` cannot contain variables; name a stage with FROM and \
                 use that 19..21",
            ],
        ),
        (
            "FROM a\nCMD [\"a\", 1]\n",
            &["error a JSON array of arguments may contain only strings 11..19"],
        ),
    ]);
}

#[test]
fn flags() {
    refused(&[
        (
            "FROM a\nCOPY --form=b c d\n",
            &[
                "UnknownFlag COPY has no flag `--form`; known flags: `--chown`, `--from`, \
                 `--chmod`, `--link`, `--parents`, `--exclude` 12..18",
            ],
        ),
        (
            "FROM a\nCOPY --link=no a b\n",
            &["FlagValue `--link` must be `true` or `false` 19..21"],
        ),
        (
            "FROM a\nCOPY --chown a b\n",
            &["FlagValue `--chown` requires a value: `--chown=…` 12..19"],
        ),
        (
            "FROM a\nCOPY --from=a --from=b c d\n",
            &["DuplicateFlag duplicate flag `--from` 21..27"],
        ),
    ]);
}

#[test]
fn run_flags() {
    refused(&[
        (
            "FROM a\nRUN --network=x y\n",
            &["FlagValue the network must be `default`, `none` or `host` 21..22"],
        ),
        (
            "FROM a\nRUN --security=x y\n",
            &["FlagValue security must be `sandbox` or `insecure` 22..23"],
        ),
        (
            "FROM a\nRUN --mount=type=x y\n",
            &["FlagValue the mount type must be one of bind, cache, tmpfs, secret, ssh 24..25"],
        ),
        (
            "FROM a\nRUN --mount=from=$x,traget=/y z\n",
            &[
                "VariableInFrom `from` cannot contain variables; name a stage with FROM and use \
                 that 24..26",
                "FlagValue a mount has no key `traget` 27..33",
            ],
        ),
        (
            "FROM a\nRUN --mount=type=cache,sharing=x z\n",
            &["FlagValue sharing must be `shared`, `private` or `locked` 38..39"],
        ),
        (
            "FROM a\nRUN --mount=cache z\n",
            &["FlagValue `cache` requires a value: `cache=…` 19..24"],
        ),
        (
            "FROM a\nCMD --x\n",
            &["UnknownFlag CMD has no flag `--x` 11..14"],
        ),
    ]);
}

#[test]
fn shell() {
    refused(&[
        (
            "FROM a\nSHELL bash -c\n",
            &[
                r#"ShellForm SHELL requires a JSON array of strings: `SHELL ["/bin/sh", "-c"]` 13..20"#,
            ],
        ),
        (
            "FROM a\nSHELL []\n",
            &[r#"Arguments SHELL requires a JSON array: `SHELL ["/bin/sh", "-c"]` 7..12"#],
        ),
        (
            "FROM a\nSHELL\n",
            &[r#"Arguments SHELL requires a JSON array: `SHELL ["/bin/sh", "-c"]` 7..12"#],
        ),
    ]);
}

#[test]
fn healthcheck() {
    refused(&[
        (
            "FROM a\nHEALTHCHECK\n",
            &["Arguments HEALTHCHECK requires `CMD` and a command, or `NONE` 7..18"],
        ),
        (
            "FROM a\nHEALTHCHECK CMD\n",
            &["Arguments HEALTHCHECK CMD requires a command 19..22"],
        ),
        (
            "FROM a\nHEALTHCHECK CMD []\n",
            &["Arguments HEALTHCHECK CMD requires a command 19..22"],
        ),
        (
            "FROM a\nHEALTHCHECK NONE x\n",
            &["Arguments HEALTHCHECK NONE takes no arguments 24..25"],
        ),
        (
            "FROM a\nHEALTHCHECK curl x\n",
            &[
                "HealthcheckKind HEALTHCHECK must be followed by `CMD` and a command, or by \
                 `NONE` 19..23",
            ],
        ),
        (
            r"FROM a
HEALTHCHECK --interval=5 --timeout=1us --retries=-1 CMD x
",
            &[
                "FlagValue expected a duration such as `30s` or `1m30s` 30..31",
                "FlagValue a duration must be 0 or at least 1ms 42..45",
                "FlagValue retries must be a non-negative integer 56..58",
            ],
        ),
    ]);
}

#[test]
fn single_arguments() {
    refused(&[
        (
            "FROM a\nEXPOSE\n",
            &["Arguments EXPOSE requires a port 7..13"],
        ),
        (
            "FROM a\nVOLUME\n",
            &["Arguments VOLUME requires a path 7..13"],
        ),
        (
            "FROM a\nVOLUME [\"\"]\n",
            &["Arguments VOLUME does not accept an empty path 15..17"],
        ),
        (
            "FROM a\nUSER\n",
            &["Arguments USER requires one argument 7..11"],
        ),
        (
            "FROM a\nWORKDIR\n",
            &["Arguments WORKDIR requires one argument 7..14"],
        ),
        (
            "FROM a\nSTOPSIGNAL\n",
            &["Arguments STOPSIGNAL requires one argument 7..17"],
        ),
        (
            "FROM a\nMAINTAINER\n",
            &["Arguments MAINTAINER requires one argument 7..17"],
        ),
    ]);
}

#[test]
fn onbuild() {
    refused(&[
        (
            "FROM a\nONBUILD\n",
            &["Arguments ONBUILD requires an instruction 7..14"],
        ),
        (
            "FROM a\nONBUILD ONBUILD RUN x\n",
            &["OnbuildTrigger ONBUILD cannot be triggered by ONBUILD 15..22"],
        ),
        (
            "FROM a\nONBUILD FROM x\n",
            &["OnbuildTrigger FROM cannot be triggered by ONBUILD 15..19"],
        ),
        (
            "FROM a\nONBUILD maintainer x\n",
            &["OnbuildTrigger MAINTAINER cannot be triggered by ONBUILD 15..25"],
        ),
        (
            "FROM a\nONBUILD FOO x\n",
            &["UnknownInstruction unknown instruction 15..18"],
        ),
        (
            "FROM a\nONBUILD COPY x\n",
            &["Arguments COPY requires a source and a destination 20..21"],
        ),
    ]);
}

#[test]
fn words_that_do_not_lex() {
    refused(&[
        (
            "FROM a\nENV A=\"x\n",
            &["BadWord this quote is not closed 13..14"],
        ),
        (
            "FROM a\nENV A=${x\n",
            &["BadWord this substitution is not closed 13..16"],
        ),
        (
            "FROM a\nENV A=${x:1:2} B=${}\n",
            &[
                "BadWord the builder does not support this substitution 13..21",
                "BadWord a substitution needs a variable name 24..26",
            ],
        ),
        (
            "FROM a\nUSER ${u!}\n",
            &["BadWord the builder does not support this substitution 12..16"],
        ),
        ("FROM ${p.v}\n", &[]),
        (
            r"FROM a
ENV A=b\
c${x
",
            &["BadWord this substitution is not closed 17..20"],
        ),
    ]);
}

#[test]
fn a_broken_instruction_costs_only_itself() {
    check(
        r"FROM a b
COPY x
ENV A
USER app
",
        "From FROM 0..8
        image a 5..6
        Copy COPY 9..15
        invalid
        Env ENV 16..21
        invalid
        User USER 22..30
        word app 27..30
        error ENV has a name but no value, expected `KEY=value` 20..21
        Arguments FROM expects `image` or `image AS name`, not two words 7..8
        Arguments COPY requires a source and a destination 14..15",
    );
}

#[test]
fn an_overlong_line_is_found_by_its_first_word() {
    let long = format!(
        r"FROM a
RUN echo \
 {}
CMD x
",
        "x".repeat(70_000)
    );
    let errors = parse(&long).errors;
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].span.start, errors[0].span.len()), (18, 80));
    assert_eq!(parse(&long).tree.instructions.len(), 3);
}
