//! The typed view of every instruction.

use super::check;

#[test]
fn from() {
    check(
        "FROM alpine",
        r##"
            From FROM 0..11
            image alpine 5..11
        "##,
    );
    check(
        "from --platform=$BUILDPLATFORM \"alpine:3\"  as Build",
        r##"
            From from 0..51
            flag platform 5..15
            flag-value $BUILDPLATFORM 16..30
            platform $BUILDPLATFORM 16..30
            image "alpine:3" 31..41
            name Build 46..51
        "##,
    );
}

#[test]
fn arg() {
    check(
        "ARG A=1",
        r##"
            Arg ARG 0..7
            name A 4..5
            default 1 6..7
            NoStage no stage to build, expected `FROM` after this 0..3
        "##,
    );
    check(
        "FROM a\nARG A B=\"x y\" C=",
        r##"
            From FROM 0..6
            image a 5..6
            Arg ARG 7..23
            name A 11..12
            name B 13..14
            default "x y" 15..20
            name C 21..22
            default  23..23
        "##,
    );
}

#[test]
fn env_and_label() {
    check(
        "FROM a\nENV A=1 B=\"x y\" C=a\\ b D='$x'",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..36
            key A 11..12
            value 1 13..14
            key B 15..16
            value "x y" 17..22
            key C 23..24
            value a\ b 25..29
            key D 30..31
            value '$x' 32..36
        "##,
    );
    check(
        "FROM a\nENV A  b  c=d ",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..20
            legacy-key A 11..12
            value b  c=d 14..20
        "##,
    );
    check(
        r#"FROM a
LABEL a.b="c" \
  d=e"#,
        r##"
            From FROM 0..6
            image a 5..6
            Label LABEL 7..28
            key a.b 13..16
            value "c" 17..20
            key d 25..26
            value e 27..28
        "##,
    );
}

#[test]
fn copy_and_add() {
    check(
        r#"FROM a
COPY --from=0 --chown="a b" --link --exclude=*.a --exclude=b x y /z/"#,
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..75
            flag from 12..18
            flag-value 0 19..20
            flag chown 21..28
            flag-value a b 29..34
            flag link 35..41
            flag exclude 42..51
            flag-value *.a 52..55
            flag exclude 56..65
            flag-value b 66..67
            from 0 19..20
            source x 68..69
            source y 70..71
            destination /z/ 72..75
        "##,
    );
    check(
        "FROM a\nCOPY [\"a b\", \"c\\u0041\"]",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..30
            source a b 13..18
            destination cA 20..29
        "##,
    );
    check(
        "FROM a\nADD https://x.y/z.tgz /z",
        r##"
            From FROM 0..6
            image a 5..6
            Add ADD 7..31
            source https://x.y/z.tgz 11..28
            destination /z 29..31
        "##,
    );
}

#[test]
fn run() {
    check(
        r#"FROM a
RUN --mount=type=bind,from=b,Source=/x,rw --mount=type=secret,"id=a,b" --network=none -- make --x"#,
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..104
            flag mount 11..18
            flag-value type=bind,from=b,Source=/x,rw 19..48
            flag mount 49..56
            flag-value type=secret,id=a,b 57..77
            flag network 78..87
            flag-value none 88..92
            mount-key type 19..23
            mount-value bind 24..28
            mount-key from 29..33
            mount-value b 34..35
            mount-key source 36..42
            mount-value /x 43..45
            mount-key rw 46..48
            mount-key type 57..61
            mount-value secret 62..68
            mount-key id 70..72
            mount-value a 73..74
            mount-key b 75..76
            shell make --x 96..104
            FlagValue `b` requires a value: `b=…` 75..76
        "##,
    );
    check(
        "FROM a\nRUN [\"a\", \"b\\\"\"]",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..23
            exec a 12..15
            exec b" 17..22
        "##,
    );
    check(
        "FROM a\nRUN ['a']",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..16
            almost-json ['a'] 11..16
        "##,
    );
    check(
        "FROM a\nRUN [ -f x ] && y",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..24
            almost-json [ -f x ] && y 11..24
        "##,
    );
}

#[test]
fn cmd_entrypoint_and_shell() {
    check(
        r#"FROM a
CMD ["a" , "b"]
CMD [ ]
CMD a b
CMD
"#,
        r##"
            From FROM 0..6
            image a 5..6
            Cmd CMD 7..22
            exec a 12..15
            exec b 18..21
            Cmd CMD 23..30
            Cmd CMD 31..38
            shell a b 35..38
            Cmd CMD 39..42
            shell  42..42
        "##,
    );
    check(
        r#"FROM a
ENTRYPOINT ["a",\
"b"]"#,
        r##"
            From FROM 0..6
            image a 5..6
            Entrypoint ENTRYPOINT 7..29
            exec a 19..22
            exec b 25..28
        "##,
    );
    check(
        "FROM a\nSHELL [\"cmd\", \"/S\"]",
        r##"
            From FROM 0..6
            image a 5..6
            Shell SHELL 7..26
            exec cmd 14..19
            exec /S 21..25
        "##,
    );
}

#[test]
fn healthcheck() {
    check(
        r"FROM a
HEALTHCHECK --interval=1m30s --retries=3 CMD curl x || exit 1",
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..68
            flag interval 19..29
            flag-value 1m30s 30..35
            flag retries 36..45
            flag-value 3 46..47
            shell curl x || exit 1 52..68
        "##,
    );
    check(
        r#"FROM a
HEALTHCHECK --timeout=0 cmd ["x"]
healthcheck none"#,
        r##"
            From FROM 0..6
            image a 5..6
            Healthcheck HEALTHCHECK 7..40
            flag timeout 19..28
            flag-value 0 29..30
            exec x 36..39
            Healthcheck healthcheck 41..57
            none none 53..57
        "##,
    );
}

#[test]
fn words() {
    check(
        "FROM a\nEXPOSE 80 443/tcp $P 1-2",
        r##"
            From FROM 0..6
            image a 5..6
            Expose EXPOSE 7..31
            word 80 14..16
            word 443/tcp 17..24
            word $P 25..27
            word 1-2 28..31
        "##,
    );
    check(
        r#"FROM a
VOLUME /a /b
VOLUME ["/c d"]"#,
        r##"
            From FROM 0..6
            image a 5..6
            Volume VOLUME 7..19
            word /a 14..16
            word /b 17..19
            Volume VOLUME 20..35
            word /c d 28..34
        "##,
    );
    check(
        r#"FROM a
USER "app":${GID:-1}
WORKDIR C:\a b
STOPSIGNAL SIGQUIT
MAINTAINER me <a@b.c>"#,
        r##"
            From FROM 0..6
            image a 5..6
            User USER 7..27
            word "app":${GID:-1} 12..27
            Workdir WORKDIR 28..42
            word C:\a b 36..42
            Stopsignal STOPSIGNAL 43..61
            word SIGQUIT 54..61
            Maintainer MAINTAINER 62..83
            word me <a@b.c> 73..83
        "##,
    );
}

#[test]
fn onbuild() {
    check(
        "FROM a\nONBUILD COPY --chown=x a b",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..33
            Copy COPY 15..33
            flag chown 20..27
            flag-value x 28..29
            source a 30..31
            destination b 32..33
        "##,
    );
}

#[test]
fn a_template_has_no_errors() {
    check(
        r"FROM {{ base }}:{{ tag }} AS {{ x }}
{% if a %}
RUN x
",
        r##"
            From FROM 0..36
            image {{ base }}:{{ tag }} 5..25
            name {{ x }} 29..36
            Unknown {% 37..47
            invalid
            Run RUN 48..53
            shell x 52..53
        "##,
    );
}

#[test]
fn another_frontend_may_know_more() {
    check(
        r"# syntax=example.com/other
FROM a
INCLUDE x
RUN --why x",
        r##"
            directive Syntax 2..8
            value example.com/other 9..26
            From FROM 27..33
            image a 32..33
            Unknown INCLUDE 34..43
            invalid
            Run RUN 44..55
            flag why 48..53
            shell x 54..55
        "##,
    );
}
