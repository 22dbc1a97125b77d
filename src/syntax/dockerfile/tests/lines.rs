//! Directives, continuations, comments, line ends.

use super::check;

#[test]
fn directives_stand_at_the_top_only() {
    check(
        r"# syntax=docker/dockerfile:1
#check = skip=all
# ESCAPE=`
FROM a
",
        r##"
            directive Syntax 2..8
            value docker/dockerfile:1 9..28
            directive Check 30..35
            value skip=all 38..46
            directive Escape 49..55
            value ` 56..57
            From FROM 58..64
            image a 63..64
        "##,
    );
    check(
        r"# hello
# escape=`
FROM a \
 AS b
",
        r##"
            From FROM 19..33
            image a 24..25
            name b 32..33
            comment # hello 0..7
            comment # escape=` 8..18
        "##,
    );
    check(
        r"# escape=`
# other=1
# syntax=x
FROM a
",
        r##"
            directive Escape 2..8
            value ` 9..10
            From FROM 32..38
            image a 37..38
            comment # other=1 11..20
            comment # syntax=x 21..31
        "##,
    );
    check(
        "\n# escape=`\nFROM a\n",
        r##"
            From FROM 12..18
            image a 17..18
            comment # escape=` 1..11
        "##,
    );
}

#[test]
fn a_backtick_escapes_where_the_directive_says_so() {
    check(
        r"# escape=`
FROM a
COPY a `
 C:\b\
RUN dir C:\
",
        r##"
            directive Escape 2..8
            value ` 9..10
            From FROM 11..17
            image a 16..17
            Copy COPY 18..33
            source a 23..24
            destination C:\b\ 28..33
            Run RUN 34..45
            shell dir C:\ 38..45
        "##,
    );
}

#[test]
fn a_byte_order_mark_hides_nothing() {
    check(
        "\u{feff}# escape=`\nFROM a `\n AS b",
        r##"
            directive Escape 5..11
            value ` 12..13
            From FROM 14..28
            image a 19..20
            name b 27..28
        "##,
    );
}

#[test]
fn continuations_hold_comments_and_empty_lines() {
    check(
        r"FROM a \
# note

  \
 AS b
RUN x
",
        r##"
            From FROM 0..26
            image a 5..6
            name b 25..26
            blank  16..16
            Run RUN 27..32
            shell x 31..32
            comment # note 9..15
        "##,
    );
    check(
        "FROM a\r\nRUN one \\\r\n  # note\r\n  two\r\nCMD x\r\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 8..34
            shell one                two 12..34
            Cmd CMD 36..41
            shell x 40..41
            comment # note 21..27
        "##,
    );
}

#[test]
fn a_continuation_may_stand_in_a_word_or_before_blanks() {
    check(
        "FROM a\nRUN cu\\\nrl \\  \nx # no comment\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..36
            shell cu\\nrl     x # no comment 11..36
        "##,
    );
}

#[test]
fn an_escaped_escape_does_not_continue_and_the_last_line_may() {
    check(
        r"FROM a
RUN x \\
CMD y
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..15
            shell x \\ 11..15
            Cmd CMD 16..21
            shell y 20..21
        "##,
    );
    check(
        "FROM a\nRUN x \\",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..12
            shell x 11..12
        "##,
    );
}

#[test]
fn white_space_before_instructions_is_ignored() {
    check(
        "FROM a\n  # indented\n  run x\n\tCmd y",
        r##"
            From FROM 0..6
            image a 5..6
            Run run 22..27
            shell x 26..27
            Cmd Cmd 29..34
            shell y 33..34
            comment # indented 9..19
        "##,
    );
}

#[test]
fn pieces_join_without_a_space() {
    check(
        r"FROM a
ENV P=/a:\
/b:\
$P Q=1
",
        r##"
            From FROM 0..6
            image a 5..6
            Env ENV 7..29
            key P 11..12
            value /a:/b:$P 13..25
            key Q 26..27
            value 1 28..29
        "##,
    );
    check(
        r"FROM é
RUN a \
 # é
 ü
",
        r##"
            From FROM 0..7
            image é 5..7
            Run RUN 8..25
            shell a          ü 12..25
            comment # é 17..21
        "##,
    );
}
