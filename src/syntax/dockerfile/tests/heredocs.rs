//! Heredocs: every way to open one, what opens none, and what is left when one is not closed.

use super::check;

#[test]
fn terminators_are_exact_and_may_be_quoted() {
    check(
        r"FROM a
RUN <<EOF
echo
EOF",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..25
            shell <<EOF 11..16
            heredoc EOF 11..16
            body echo\n 17..22
            end EOF 22..25
        "##,
    );
    check(
        r"FROM a
RUN <<EOF
EOF
CMD x",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..20
            shell <<EOF 11..16
            heredoc EOF 11..16
            body  17..17
            end EOF 17..20
            Cmd CMD 21..26
            shell x 25..26
        "##,
    );
    check(
        "FROM a\nRUN <<-EOF\n\ta\n\t\tEOF\n",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..26
            shell <<-EOF 11..17
            heredoc tabs EOF 11..17
            body \ta\n 18..21
            end EOF 23..26
        "##,
    );
    check(
        r"FROM a
RUN <<'EOF'
$a
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..25
            shell <<'EOF' 11..18
            heredoc quoted EOF 11..18
            body $a\n 19..22
            end EOF 22..25
        "##,
    );
    check(
        r#"FROM a
RUN <<"E F"
E
E F
"#,
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..24
            shell <<"E F" 11..18
            heredoc quoted E F 11..18
            body E\n 19..21
            end E F 21..24
        "##,
    );
    check(
        r"FROM a
RUN 3<<EOF
x
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..23
            shell 3<<EOF 11..17
            heredoc 3 EOF 11..17
            body x\n 18..20
            end EOF 20..23
        "##,
    );
    check(
        r"FROM a
RUN <<  EOF  > f
x
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..29
            shell <<  EOF  > f 11..23
            heredoc EOF 11..18
            body x\n 24..26
            end EOF 26..29
        "##,
    );
}

#[test]
fn a_heredoc_may_be_any_word_of_the_command() {
    check(
        r"FROM a
RUN cat <<EOF > f
x
EOF
# next
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..30
            shell cat <<EOF > f 11..24
            heredoc EOF 15..20
            body x\n 25..27
            end EOF 27..30
            comment # next 31..37
        "##,
    );
    check(
        r"FROM a
RUN a && python3 <<'PY' && b
x
PY
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..40
            shell a && python3 <<'PY' && b 11..35
            heredoc quoted PY 24..30
            body x\n 36..38
            end PY 38..40
        "##,
    );
    check(
        r"FROM a
RUN <<A cat && cat <<B
a
A
b
B
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..37
            shell <<A cat && cat <<B 11..29
            heredoc A 11..14
            body a\n 30..32
            end A 32..33
            heredoc B 26..29
            body b\n 34..36
            end B 36..37
        "##,
    );
}

#[test]
fn bodies_hold_no_comments_continuations_or_instructions() {
    check(
        r"FROM a
RUN --mount=type=cache,target=/c <<EOF
# no comment \
FROM x
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..71
            flag mount 11..18
            flag-value type=cache,target=/c 19..39
            mount-key type 19..23
            mount-value cache 24..29
            mount-key target 30..36
            mount-value /c 37..39
            shell <<EOF 40..45
            heredoc EOF 40..45
            body # no comment \\nFROM x\n 46..68
            end EOF 68..71
        "##,
    );
    check(
        "FROM a\nCOPY <<one.txt <<-\"two\" /d/\n1\none.txt\n2\n\ttwo\n",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..51
            source-heredoc-0 <<one.txt 12..21
            source-heredoc-1 <<-"two" 22..30
            destination /d/ 31..34
            heredoc one.txt 12..21
            body 1\n 35..37
            end one.txt 37..44
            heredoc quoted tabs two 22..30
            body 2\n 45..47
            end two 48..51
        "##,
    );
    check(
        r"FROM a
ADD <<EOF /f
USER root
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Add ADD 7..33
            source-heredoc-0 <<EOF 11..16
            destination /f 17..19
            heredoc EOF 11..16
            body USER root\n 20..30
            end EOF 30..33
        "##,
    );
}

#[test]
fn onbuild_carries_the_heredoc_of_its_trigger() {
    check(
        r"FROM a
ONBUILD RUN <<EOF
x
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Onbuild ONBUILD 7..30
            Run RUN 15..30
            shell <<EOF 19..24
            heredoc EOF 19..24
            body x\n 25..27
            end EOF 27..30
        "##,
    );
}

#[test]
fn line_ends_and_escapes() {
    check(
        "FROM a\nRUN <<EOF \\\n bash\r\nx\r\nEOF\r\nCMD x",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..32
            shell <<EOF    bash 11..24
            heredoc EOF 11..16
            body x\r\n 26..29
            end EOF 29..32
            Cmd CMD 34..39
            shell x 38..39
        "##,
    );
    check(
        r"FROM a
RUN <<EO\'F
x
EO'F
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..25
            shell <<EO\'F 11..18
            heredoc quoted EO'F 11..18
            body x\n 19..21
            end EO'F 21..25
        "##,
    );
}

#[test]
fn not_every_double_angle_opens_one() {
    check(
        "FROM a\nRUN [\"<<EOF\"]",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..20
            exec <<EOF 12..19
        "##,
    );
    check(
        "FROM a\nRUN \"<<EOF\" '<<X' \\<<Y a<<B <<<Z",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..39
            shell "<<EOF" '<<X' \<<Y a<<B <<<Z 11..39
        "##,
    );
    check(
        "FROM a\nUSER <<EOF",
        r##"
            From FROM 0..6
            image a 5..6
            User USER 7..17
            word <<EOF 12..17
        "##,
    );
    check(
        "FROM a\nRUN <<",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..13
            shell << 11..13
        "##,
    );
    check(
        "FROM a\nRUN echo 'it <<EOF",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..25
            shell echo 'it <<EOF 11..25
        "##,
    );
    check(
        "FROM a\nRUN echo ${a@Q} <<EOF",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..28
            shell echo ${a@Q} <<EOF 11..28
        "##,
    );
    check(
        r"FROM a
RUN echo $((1 <<2))
2))
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..30
            shell echo $((1 <<2)) 11..26
            heredoc 2)) 21..26
            body  27..27
            end 2)) 27..30
        "##,
    );
}

#[test]
fn an_unclosed_heredoc_ends_before_the_next_instruction() {
    check(
        r"FROM a
RUN <<EOF
x
FROM b
RUN y
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..19
            shell <<EOF 11..16
            heredoc EOF 11..16
            body x\n 17..19
            end  19..19
            From FROM 19..25
            image b 24..25
            Run RUN 26..31
            shell y 30..31
            error this heredoc is not closed, expected a line `EOF` 11..16
        "##,
    );
    check(
        r"FROM a
RUN <<EOF
x
 EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..24
            shell <<EOF 11..16
            heredoc EOF 11..16
            body x\n EOF\n 17..24
            end  24..24
            error this heredoc is not closed, expected a line `EOF` 11..16
        "##,
    );
    check(
        r"FROM a
RUN <<A <<B
x
A
y
CMD z
",
        r##"
            From FROM 0..6
            image a 5..6
            Run RUN 7..25
            shell <<A <<B 11..18
            heredoc A 11..14
            body x\n 19..21
            end A 21..22
            heredoc B 15..18
            body y\n 23..25
            end  25..25
            Cmd CMD 25..30
            shell z 29..30
            error this heredoc is not closed, expected a line `B` 15..18
        "##,
    );
}

#[test]
fn a_destination_is_no_heredoc() {
    check(
        r"FROM a
COPY a <<EOF
x
EOF
",
        r##"
            From FROM 0..6
            image a 5..6
            Copy COPY 7..25
            source a 12..13
            destination <<EOF 14..19
            heredoc EOF 14..19
            body x\n 20..22
            end EOF 22..25
            HeredocDestination a heredoc is a source; a destination must follow 14..19
        "##,
    );
}
