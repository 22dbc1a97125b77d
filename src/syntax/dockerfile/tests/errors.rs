//! What the builder refuses, at the exact token, and what stands in spite of it.

use super::check;

#[test]
fn files() {
    check(
        "",
        r##"
            error no instructions, expected at least `FROM` 0..0
        "##,
    );
    check(
        "\n  \n",
        r##"
            error no instructions, expected at least `FROM` 4..4
        "##,
    );
    check(
        "# only\n\n# comments\n",
        r##"
            comment # only 0..6
            comment # comments 8..18
            error no instructions, expected at least `FROM` 0..6
        "##,
    );
    check(
        "ARG A=1\n",
        r##"
            Arg ARG 0..7
            name A 4..5
            default 1 6..7
            NoStage no stage to build, expected `FROM` after this 0..3
        "##,
    );
    check(
        "RUN x\nFROM a\n",
        r##"
            Run RUN 0..5
            shell x 4..5
            From FROM 6..12
            image a 11..12
            BeforeFrom RUN stands before the first FROM, where only ARG may 0..3
        "##,
    );
    check(
        "RUN x\n",
        r##"
            Run RUN 0..5
            shell x 4..5
            BeforeFrom RUN stands before the first FROM, where only ARG may 0..3
        "##,
    );
}

#[test]
fn directives() {
    check(
        "# escape=x\nFROM a\n",
        r##"
            directive Escape 2..8
            value x 9..10
            From FROM 11..17
            image a 16..17
            error the escape character is either `\` or a backtick 9..10
        "##,
    );
    check(
        "# escape=`\n# escape=\\\nFROM a\n",
        r##"
            directive Escape 2..8
            value ` 9..10
            directive Escape 13..19
            value \ 20..21
            From FROM 22..28
            image a 27..28
            error this directive is given twice 13..19
        "##,
    );
}

#[test]
fn from() {
    check(
        "FROM\n",
        r##"
            From FROM 0..4
            image  4..4
            Arguments FROM needs an image: `FROM image` or `FROM image AS name` 0..4
        "##,
    );
    check(
        "FROM a b\n",
        r##"
            From FROM 0..8
            image a 5..6
            Arguments FROM takes `image` or `image AS name`, not two words 7..8
        "##,
    );
    check(
        "FROM a is b\n",
        r##"
            From FROM 0..11
            image a 5..6
            Arguments FROM has `AS` between the image and the stage's name 7..9
        "##,
    );
    check(
        "FROM a AS b c\n",
        r##"
            From FROM 0..13
            image a 5..6
            Arguments FROM takes `image` or `image AS name`, not 4 words 7..13
        "##,
    );
    check(
        "FROM a AS 1b\nRUN x\n",
        r##"
            From FROM 0..12
            image a 5..6
            name 1b 10..12
            Run RUN 13..18
            shell x 17..18
            StageName a stage's name begins with a letter and goes on with letters, digits, `-`, `_` and `.` 10..12
        "##,
    );
    check(
        "FROM a AS\n",
        r##"
            From FROM 0..9
            image a 5..6
            Arguments FROM takes `image` or `image AS name`, not two words 7..9
        "##,
    );
}

#[test]
fn unknown_instructions() {
    check(
        "FROM a\nRUNN x\nINSTALL y\n  more z\nCMD x\n",
        r##"
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
        "##,
    );
    check(
        "FROM a\nRUN x &&\n  y &&\n  z\nCMD x\n",
        r##"
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
            UnknownInstruction unknown instruction, unless the line before should go on here 18..19
        "##,
    );
}

#[test]
fn pairs() {
    check(
        "FROM a\nENV A\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..12
            invalid
            error ENV has a name but no value, expected `KEY=value` 11..12
        "##,
    );
    check(
        "FROM a\nENV\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..10
            invalid
            Arguments ENV needs a pair: `KEY=value` 7..10
        "##,
    );
    check(
        "FROM a\nENV A=1 B\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..16
            key A 11..12
            value 1 13..14
            error expected `KEY=value` here; a value with spaces needs quotes 15..16
        "##,
    );
    check(
        "FROM a\nLABEL =x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Label LABEL 7..15
            Arguments LABEL has no name before `=` 13..15
        "##,
    );
    check(
        "FROM a\nARG\n",
        r##"
            From FROM 0..6
            image a 5..6
            Arg ARG 7..10
            Arguments ARG needs a name: `ARG NAME` or `ARG NAME=default` 7..10
        "##,
    );
    check(
        "FROM a\nARG =x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Arg ARG 7..13
            Arguments ARG has no name before `=` 11..13
        "##,
    );
}

#[test]
fn copy() {
    check(
        "FROM a\nCOPY a\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..13
            invalid
            Arguments COPY needs a source and a destination 12..13
        "##,
    );
    check(
        "FROM a\nCOPY\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..11
            invalid
            Arguments COPY needs a source and a destination 7..11
        "##,
    );
    check(
        "FROM a\nCOPY [\"a\"]\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..17
            invalid
            Arguments COPY needs a source and a destination 13..16
        "##,
    );
    check(
        "FROM a\nCOPY --from=$x a b\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..25
            flag from 12..18
            flag-value $x 19..21
            from $x 19..21
            source a 22..23
            destination b 24..25
            VariableInFrom `--from` takes no variable; name a stage with FROM and use that 19..21
        "##,
    );
    check(
        "FROM a\nCMD [\"a\", 1]\n",
        r##"
            From FROM 0..6
            image a 5..6
            Cmd CMD 7..19
            invalid
            error a JSON array of arguments holds strings only 11..19
        "##,
    );
}

#[test]
fn flags() {
    check(
        "FROM a\nCOPY --form=b c d\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..24
            flag form 12..18
            flag-value b 19..20
            source c 21..22
            destination d 23..24
            UnknownFlag COPY has no flag `--form`; it takes `--chown`, `--from`, `--chmod`, `--link`, `--parents`, `--exclude` 12..18
        "##,
    );
    check(
        "FROM a\nCOPY --link=no a b\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..25
            flag link 12..18
            flag-value no 19..21
            source a 22..23
            destination b 24..25
            FlagValue `--link` is either `true` or `false` 19..21
        "##,
    );
    check(
        "FROM a\nCOPY --chown a b\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..23
            flag chown 12..19
            source a 20..21
            destination b 22..23
            FlagValue `--chown` needs a value: `--chown=…` 12..19
        "##,
    );
    check(
        "FROM a\nCOPY --from=a --from=b c d\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..33
            flag from 12..18
            flag-value a 19..20
            flag from 21..27
            flag-value b 28..29
            from a 19..20
            source c 30..31
            destination d 32..33
            DuplicateFlag `--from` is given twice 21..27
        "##,
    );
}

#[test]
fn run_flags() {
    check(
        "FROM a\nRUN --network=x y\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..24
            flag network 11..20
            flag-value x 21..22
            shell y 23..24
            FlagValue a network is `default`, `none` or `host` 21..22
        "##,
    );
    check(
        "FROM a\nRUN --security=x y\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..25
            flag security 11..21
            flag-value x 22..23
            shell y 24..25
            FlagValue security is `sandbox` or `insecure` 22..23
        "##,
    );
    check(
        "FROM a\nRUN --mount=type=x y\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..27
            flag mount 11..18
            flag-value type=x 19..25
            mount-key type 19..23
            mount-value x 24..25
            shell y 26..27
            FlagValue a mount is one of bind, cache, tmpfs, secret, ssh 24..25
        "##,
    );
    check(
        "FROM a\nRUN --mount=from=$x,traget=/y z\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..38
            flag mount 11..18
            flag-value from=$x,traget=/y 19..36
            mount-key from 19..23
            mount-value $x 24..26
            mount-key traget 27..33
            mount-value /y 34..36
            shell z 37..38
            VariableInFrom `from` takes no variable; name a stage with FROM and use that 24..26
            FlagValue a mount has no key `traget` 27..33
        "##,
    );
    check(
        "FROM a\nRUN --mount=type=cache,sharing=x z\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..41
            flag mount 11..18
            flag-value type=cache,sharing=x 19..39
            mount-key type 19..23
            mount-value cache 24..29
            mount-key sharing 30..37
            mount-value x 38..39
            shell z 40..41
            FlagValue sharing is `shared`, `private` or `locked` 38..39
        "##,
    );
    check(
        "FROM a\nRUN --mount=cache z\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..26
            flag mount 11..18
            flag-value cache 19..24
            mount-key cache 19..24
            shell z 25..26
            FlagValue `cache` needs a value: `cache=…` 19..24
        "##,
    );
    check(
        "FROM a\nCMD --x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Cmd CMD 7..14
            flag x 11..14
            shell  14..14
            UnknownFlag CMD has no flag `--x` 11..14
        "##,
    );
}

#[test]
fn shell() {
    check(
        "FROM a\nSHELL bash -c\n",
        r##"
            From FROM 0..6
            image a 5..6
            Shell SHELL 7..20
            invalid
            ShellForm SHELL takes a JSON array of strings: `SHELL ["/bin/sh", "-c"]` 13..20
        "##,
    );
    check(
        "FROM a\nSHELL []\n",
        r##"
            From FROM 0..6
            image a 5..6
            Shell SHELL 7..15
            invalid
            Arguments SHELL needs a JSON array: `SHELL ["/bin/sh", "-c"]` 7..12
        "##,
    );
    check(
        "FROM a\nSHELL\n",
        r##"
            From FROM 0..6
            image a 5..6
            Shell SHELL 7..12
            invalid
            Arguments SHELL needs a JSON array: `SHELL ["/bin/sh", "-c"]` 7..12
        "##,
    );
}

#[test]
fn healthcheck() {
    check(
        "FROM a\nHEALTHCHECK\n",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..18
            invalid
            Arguments HEALTHCHECK needs `CMD` and a command, or `NONE` 7..18
        "##,
    );
    check(
        "FROM a\nHEALTHCHECK CMD\n",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..22
            invalid
            Arguments HEALTHCHECK CMD needs a command 19..22
        "##,
    );
    check(
        "FROM a\nHEALTHCHECK CMD []\n",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..25
            invalid
            Arguments HEALTHCHECK CMD needs a command 19..22
        "##,
    );
    check(
        "FROM a\nHEALTHCHECK NONE x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..25
            none NONE 19..23
            Arguments HEALTHCHECK NONE takes no arguments 24..25
        "##,
    );
    check(
        "FROM a\nHEALTHCHECK curl x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..25
            invalid
            HealthcheckKind HEALTHCHECK goes on with `CMD` and a command, or with `NONE` 19..23
        "##,
    );
    check(
        "FROM a\nHEALTHCHECK --interval=5 --timeout=1us --retries=-1 CMD x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..64
            flag interval 19..29
            flag-value 5 30..31
            flag timeout 32..41
            flag-value 1us 42..45
            flag retries 46..55
            flag-value -1 56..58
            shell x 63..64
            FlagValue expected a duration such as `30s` or `1m30s` 30..31
            FlagValue a duration is 0 or at least 1ms 42..45
            FlagValue retries is a whole number that is not negative 56..58
        "##,
    );
}

#[test]
fn single_arguments() {
    check(
        "FROM a\nEXPOSE\n",
        r##"
            From FROM 0..6
            image a 5..6
            Expose EXPOSE 7..13
            Arguments EXPOSE needs a port 7..13
        "##,
    );
    check(
        "FROM a\nVOLUME\n",
        r##"
            From FROM 0..6
            image a 5..6
            Volume VOLUME 7..13
            Arguments VOLUME needs a path 7..13
        "##,
    );
    check(
        "FROM a\nVOLUME [\"\"]\n",
        r##"
            From FROM 0..6
            image a 5..6
            Volume VOLUME 7..18
            word  15..17
            Arguments VOLUME takes no empty path 15..17
        "##,
    );
    check(
        "FROM a\nUSER\n",
        r##"
            From FROM 0..6
            image a 5..6
            User USER 7..11
            invalid
            Arguments USER needs one argument 7..11
        "##,
    );
    check(
        "FROM a\nWORKDIR\n",
        r##"
            From FROM 0..6
            image a 5..6
            Workdir WORKDIR 7..14
            invalid
            Arguments WORKDIR needs one argument 7..14
        "##,
    );
    check(
        "FROM a\nSTOPSIGNAL\n",
        r##"
            From FROM 0..6
            image a 5..6
            Stopsignal STOPSIGNAL 7..17
            invalid
            Arguments STOPSIGNAL needs one argument 7..17
        "##,
    );
    check(
        "FROM a\nMAINTAINER\n",
        r##"
            From FROM 0..6
            image a 5..6
            Maintainer MAINTAINER 7..17
            invalid
            Arguments MAINTAINER needs one argument 7..17
        "##,
    );
}

#[test]
fn onbuild() {
    check(
        "FROM a\nONBUILD\n",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..14
            invalid
            Arguments ONBUILD needs an instruction 7..14
        "##,
    );
    check(
        "FROM a\nONBUILD ONBUILD RUN x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..28
            invalid
            OnbuildTrigger ONBUILD cannot be triggered by ONBUILD 15..22
        "##,
    );
    check(
        "FROM a\nONBUILD FROM x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..21
            invalid
            OnbuildTrigger FROM cannot be triggered by ONBUILD 15..19
        "##,
    );
    check(
        "FROM a\nONBUILD maintainer x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..27
            invalid
            OnbuildTrigger MAINTAINER cannot be triggered by ONBUILD 15..25
        "##,
    );
    check(
        "FROM a\nONBUILD FOO x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..20
            invalid
            UnknownInstruction unknown instruction 15..18
        "##,
    );
    check(
        "FROM a\nONBUILD COPY x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..21
            Copy COPY 15..21
            invalid
            Arguments COPY needs a source and a destination 20..21
        "##,
    );
}

#[test]
fn words_that_do_not_lex() {
    check(
        "FROM a\nENV A=\"x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..15
            key A 11..12
            value "x 13..15
            BadWord this quote is not closed 13..14
        "##,
    );
    check(
        "FROM a\nENV A=${x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..16
            key A 11..12
            value ${x 13..16
            BadWord this substitution is not closed 13..16
        "##,
    );
    check(
        "FROM a\nENV A=${x:1:2} B=${}\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..27
            key A 11..12
            value ${x:1:2} 13..21
            key B 22..23
            value ${} 24..27
            BadWord the builder does not know this substitution 13..21
            BadWord a substitution needs a variable name 24..26
        "##,
    );
    check(
        "FROM a\nUSER ${u!}\n",
        r##"
            From FROM 0..6
            image a 5..6
            User USER 7..17
            word ${u!} 12..17
            BadWord the builder does not know this substitution 12..16
        "##,
    );
    check(
        "FROM ${p.v}\n",
        r##"
            From FROM 0..11
            image ${p.v} 5..11
        "##,
    );
    check(
        "FROM a\nENV A=b\\\nc${x\n",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..20
            key A 11..12
            value bc${x 13..20
            BadWord this substitution is not closed 17..20
        "##,
    );
}
