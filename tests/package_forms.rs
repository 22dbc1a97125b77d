//! Package rules read a command in whatever form a RUN gives it, and leave alone what no POSIX
//! shell runs.

mod common;

use common::Rules;
use deploylint::catalog::Profile;

/// What `apt-get install curl` and `pip install flask` break, and rules that they do not break.
const RULES: Rules = Rules {
    names: &[
        "apt-lists",
        "apt-recommends",
        "missing-assume-yes",
        "npm-cache",
        "package-update-alone",
        "pinned-os-package",
        "pinned-package",
        "pip-cache",
    ],
    profile: Profile::Strict,
};

#[test]
fn each_form_of_a_run_is_read() {
    for input in [
        r"//- Dockerfile
FROM debian:12.11
RUN apt-get install curl && pip install flask
    ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                    ^^^^ note[pinned-os-package]
                            ^^^^^^^^^^^ note[pip-cache]
                                        ^^^^^ warning[pinned-package]
",
        r"//- Dockerfile
FROM debian:12.11
RUN apt-get install curl; \
    ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                    ^^^^ note[pinned-os-package]
    pip install flask
    ^^^^^^^^^^^ note[pip-cache]
                ^^^^^ warning[pinned-package]
",
        r"//- Dockerfile
FROM debian:12.11
RUN <<EOF
apt-get install curl
^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                ^^^^ note[pinned-os-package]
pip install flask
^^^^^^^^^^^ note[pip-cache]
            ^^^^^ warning[pinned-package]
EOF
",
        r"//- Dockerfile
FROM debian:12.11
RUN <<-'EOF'
	set -e
	apt-get install curl
 ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                 ^^^^ note[pinned-os-package]
	pip install flask
 ^^^^^^^^^^^ note[pip-cache]
             ^^^^^ warning[pinned-package]
EOF
",
        r"//- Dockerfile
FROM debian:12.11
RUN <<EOF bash
apt-get install curl
^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                ^^^^ note[pinned-os-package]
pip install flask
^^^^^^^^^^^ note[pip-cache]
            ^^^^^ warning[pinned-package]
EOF
",
        r"//- Dockerfile
FROM debian:12.11
RUN bash <<EOF
apt-get install curl
^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                ^^^^ note[pinned-os-package]
pip install flask
^^^^^^^^^^^ note[pip-cache]
            ^^^^^ warning[pinned-package]
EOF
",
        r"//- Dockerfile
FROM debian:12.11
RUN <<EOF
#!/usr/bin/env bash
apt-get install curl
^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                ^^^^ note[pinned-os-package]
pip install flask
^^^^^^^^^^^ note[pip-cache]
            ^^^^^ warning[pinned-package]
EOF
",
        r#"//- Dockerfile
FROM debian:12.11
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get install curl && pip install flask
    ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                    ^^^^ note[pinned-os-package]
                            ^^^^^^^^^^^ note[pip-cache]
                                        ^^^^^ warning[pinned-package]
"#,
        r#"//- Dockerfile
FROM debian:12.11
RUN bash -c "apt-get install curl && pip install flask"
             ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                             ^^^^ note[pinned-os-package]
                                     ^^^^^^^^^^^ note[pip-cache]
                                                 ^^^^^ warning[pinned-package]
"#,
        r"//- Dockerfile
FROM debian:12.11
RUN bash -euxc 'apt-get install curl && pip install flask'
                ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                                ^^^^ note[pinned-os-package]
                                        ^^^^^^^^^^^ note[pip-cache]
                                                    ^^^^^ warning[pinned-package]
",
        r#"//- Dockerfile
FROM debian:12.11
RUN ["bash", "-c", "apt-get install curl && pip install flask"]
                    ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                                    ^^^^ note[pinned-os-package]
                                            ^^^^^^^^^^^ note[pip-cache]
                                                        ^^^^^ warning[pinned-package]
"#,
        r"//- Dockerfile
FROM debian:12.11
RUN sudo apt-get install curl && sudo -H pip install flask
         ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                         ^^^^ note[pinned-os-package]
                                         ^^^^^^^^^^^ note[pip-cache]
                                                     ^^^^^ warning[pinned-package]
",
        r"//- Dockerfile
FROM debian:12.11
RUN sudo -E bash -c 'apt-get install curl && pip install flask'
                     ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                                     ^^^^ note[pinned-os-package]
                                             ^^^^^^^^^^^ note[pip-cache]
                                                         ^^^^^ warning[pinned-package]
",
        r"//- Dockerfile
FROM debian:12.11
RUN env DEBIAN_FRONTEND=noninteractive apt-get install curl && env A=b pip install flask
                                       ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                                                       ^^^^ note[pinned-os-package]
                                                                       ^^^^^^^^^^^ note[pip-cache]
                                                                                   ^^^^^ warning[pinned-package]
",
        r"//- Dockerfile
FROM debian:12.11
RUN DEBIAN_FRONTEND=noninteractive apt-get install curl && A=b pip install flask
                                   ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                                                   ^^^^ note[pinned-os-package]
                                                               ^^^^^^^^^^^ note[pip-cache]
                                                                           ^^^^^ warning[pinned-package]
",
        r"//- Dockerfile
FROM debian:12.11
RUN if true; then apt-get install curl; fi && (pip install flask)
                  ^^^^^^^^^^^^^^^ note[apt-recommends], warning[missing-assume-yes]
                                  ^^^^ note[pinned-os-package]
                                               ^^^^^^^^^^^ note[pip-cache]
                                                           ^^^^^ warning[pinned-package]
",
    ] {
        RULES.check(input);
    }
}

/// A trigger is read where it is written, though its layer is another image's.
#[test]
fn triggers_are_read() {
    let rules = Rules {
        names: &["missing-assume-yes", "pinned-package"],
        ..RULES
    };
    rules.check(
        r"//- Dockerfile
FROM debian:12.11
ONBUILD RUN apt-get install curl && pip install flask
            ^^^^^^^^^^^^^^^ warning[missing-assume-yes]
                                                ^^^^^ warning[pinned-package]
",
    );
}

#[test]
fn what_no_posix_shell_runs_is_left_alone() {
    for input in [
        r"//- Dockerfile
FROM mcr.microsoft.com/windows/servercore:ltsc2022
RUN pip install flask & npm install -g serve
",
        r#"//- Dockerfile
FROM mcr.microsoft.com/windows/servercore:ltsc2022
SHELL ["powershell", "-Command"]
RUN pip install flask; npm install -g serve
"#,
        r"//- Dockerfile
# escape=`
FROM python:3.12-windowsservercore
RUN pip install flask `
  && npm install -g serve
",
        r#"//- Dockerfile
FROM debian:12.11
SHELL ["pwsh", "-c"]
RUN apt-get install curl; pip install flask
"#,
        r"//- Dockerfile
FROM debian:12.11
RUN <<EOF python3
apt-get install curl
pip install flask
EOF
",
        r"//- Dockerfile
FROM debian:12.11
RUN <<EOF
#!/usr/bin/env python3
apt-get install curl
pip install flask
EOF
",
        r"//- Dockerfile
FROM debian:12.11
RUN echo 'apt-get install curl' && printf 'pip install flask'
",
    ] {
        RULES.check(input);
    }
}
