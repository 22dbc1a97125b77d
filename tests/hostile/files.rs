//! Files that are none, links that lead elsewhere, rules that take files away, and names and sizes
//! out of the ordinary.
#![cfg(unix)]

use super::repository::Item::{Bytes, Fifo, File, Folder, Link, Mode, Sparse, Tracked};
use super::repository::{Case, FAULT, FAULTY, Item, Location, check};

const REPOSITORY: Item = Folder("r/.git");
const DOCKERFILE: Item = File("r/Dockerfile", FAULTY);
const COMPOSE: &str = r"services:
  shop:
    build: .
";

/// What git and the linter read besides what is linted must be a file of the repository to count.
#[test]
fn files_of_control_are_regular_and_inside() {
    let found = &[FAULT];
    check(&[
        Case::new(
            "ignore file: FIFO",
            &[REPOSITORY, DOCKERFILE, Fifo("r/.gitignore")],
            1,
        )
        .says(found),
        Case::new(
            "own ignore file: FIFO, deep",
            &[REPOSITORY, DOCKERFILE, Fifo("r/a/b/.deploylintignore")],
            1,
        )
        .says(found),
        Case::new(
            "ignore file: endless",
            &[
                REPOSITORY,
                DOCKERFILE,
                Link("r/.deploylintignore", "/dev/zero"),
            ],
            1,
        )
        .says(found),
        Case::new(
            "ignore file: outside",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("list", "*\n"),
                Link("r/.gitignore", "../list"),
            ],
            1,
        )
        .says(found),
        Case::new(
            "ignore file: inside",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("r/l", "Dockerfile\n"),
                Link("r/.gitignore", "l"),
            ],
            0,
        )
        .never(found),
        Case::new(
            "ignore file: folder",
            &[REPOSITORY, DOCKERFILE, Folder("r/.gitignore")],
            1,
        )
        .says(found),
        Case::new(
            "exclude: FIFO",
            &[DOCKERFILE, Fifo("r/.git/info/exclude")],
            1,
        )
        .says(found),
        Case::new(
            "exclude: outside",
            &[
                DOCKERFILE,
                File("list", "*\n"),
                Link("r/.git/info/exclude", "{out}/list"),
            ],
            1,
        )
        .says(found),
        Case::new(
            "exclude: regular",
            &[DOCKERFILE, File("r/.git/info/exclude", "Dockerfile\n")],
            0,
        )
        .never(found),
        Case::new("index: FIFO", &[DOCKERFILE, Fifo("r/.git/index")], 1).says(found),
        Case::new(
            "index: endless",
            &[
                DOCKERFILE,
                Folder("r/.git"),
                Link("r/.git/index", "/dev/zero"),
            ],
            1,
        )
        .says(found),
        Case::new(".git: FIFO", &[DOCKERFILE, Fifo("r/.git")], 1).says(found),
        Case::new(
            ".git: endless",
            &[DOCKERFILE, Link("r/.git", "/dev/zero")],
            1,
        )
        .says(found),
        Case::new(
            "commondir: FIFO",
            &[
                DOCKERFILE,
                Fifo("w/worktrees/x/gitdir"),
                File("r/.git", "gitdir: ../w/worktrees/x"),
            ],
            1,
        )
        .says(found),
    ]);
}

#[test]
fn a_configuration_is_a_file_of_the_repository() {
    const LINE: &str = "api-host = wrong\n";
    check(&[
        Case::new(
            "FIFO",
            &[REPOSITORY, DOCKERFILE, Fifo("r/deploylint.toml")],
            1,
        )
        .says(&[FAULT, "not a regular file"]),
        Case::new(
            "endless",
            &[
                REPOSITORY,
                DOCKERFILE,
                Link("r/.config/deploylint.toml", "/dev/zero"),
            ],
            1,
        )
        .says(&[FAULT]),
        Case::new(
            "dangling",
            &[REPOSITORY, DOCKERFILE, Link("r/deploylint.toml", "nowhere")],
            1,
        )
        .says(&[FAULT, "leads nowhere"]),
        Case::new(
            "outside",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("x", LINE),
                Link("r/deploylint.toml", "{out}/x"),
            ],
            2,
        )
        .says(&["out of the repository"])
        .never(&["api-host"]),
        Case::new(
            "its folder outside",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("c/deploylint.toml", LINE),
                Link("r/.github", "../c"),
            ],
            2,
        )
        .never(&["api-host"]),
        Case::new(
            "inside",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("r/etc/lint", "fail-on = 'never'\n"),
                Link("r/deploylint.toml", "etc/lint"),
            ],
            0,
        )
        .says(&[FAULT]),
        Case::new(
            "oversize",
            &[REPOSITORY, DOCKERFILE, Sparse("r/deploylint.toml", 1 << 30)],
            2,
        )
        .says(&["larger than the 8 MiB"]),
        Case::new("named: FIFO", &[REPOSITORY, DOCKERFILE, Fifo("r/f")], 2)
            .run(&["--config", "f"])
            .says(&["not a regular file"]),
        Case::new("named: endless", &[REPOSITORY, DOCKERFILE], 2)
            .run(&["--config", "/dev/zero"])
            .says(&["not a regular file"]),
        Case::new(
            "named: out",
            &[REPOSITORY, DOCKERFILE, File("x", LINE), Link("r/l", "../x")],
            2,
        )
        .run(&["--config", "l"])
        .never(&["api-host"]),
        Case::new(
            "above, in a folder that others write to",
            &[
                Mode("", 0o777),
                File("deploylint.toml", "fail-on = 'never'\n"),
                DOCKERFILE,
            ],
            1,
        )
        .says(&["other users"]),
        Case::new(
            "above, in a folder of one's own",
            &[
                Mode("", 0o755),
                File("deploylint.toml", "fail-on = 'never'\n"),
                DOCKERFILE,
            ],
            0,
        )
        .says(&[FAULT]),
        Case::new(
            "above the repository",
            &[
                REPOSITORY,
                File("deploylint.toml", "fail-on = 'never'\n"),
                DOCKERFILE,
            ],
            1,
        )
        .says(&[FAULT]),
    ]);
}

#[test]
fn rules_take_nothing_away_unsaid() {
    let found = &[FAULT];
    check(&[
        Case::new(
            "above the root",
            &[
                REPOSITORY,
                DOCKERFILE,
                File(".gitignore", "*\n"),
                File(".deploylintignore", "*\n"),
            ],
            1,
        )
        .says(found),
        Case::new(
            "a FIFO above the root",
            &[REPOSITORY, DOCKERFILE, Fifo(".gitignore")],
            1,
        )
        .says(found),
        Case::new(
            "another tool's file",
            &[REPOSITORY, DOCKERFILE, File("r/.ignore", "*\n")],
            1,
        )
        .says(found),
        Case::new(
            "tracked",
            &[
                DOCKERFILE,
                File("r/.gitignore", "Dockerfile\n"),
                Tracked(&["Dockerfile"]),
            ],
            1,
        )
        .says(found),
        Case::new(
            "tracked in an ignored folder",
            &[
                File("r/a/b/Dockerfile", FAULTY),
                File("r/a/c/Dockerfile", FAULTY),
                File("r/.gitignore", "/a\n"),
                Tracked(&["a/b/Dockerfile"]),
            ],
            1,
        )
        .says(&["a/b/Dockerfile:1:6: error"])
        .never(&["a/c/"]),
        Case::new(
            "not tracked",
            &[
                DOCKERFILE,
                File("r/.gitignore", "Dockerfile\n"),
                Tracked(&["x"]),
            ],
            0,
        )
        .says(&["1 path ignored"]),
        Case::new(
            "tracked, and ignored by the linter's file",
            &[
                DOCKERFILE,
                File("r/.deploylintignore", "Dockerfile\n"),
                Tracked(&["Dockerfile"]),
            ],
            0,
        )
        .never(found),
        Case::new(
            "a checkout within",
            &[
                REPOSITORY,
                File("r/.gitignore", "Docker*\n"),
                Folder("r/in/.git"),
                File("r/in/Dockerfile", FAULTY),
            ],
            1,
        )
        .says(found),
        Case::new(
            "all excluded",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("r/deploylint.toml", "exclude = ['**']\n"),
            ],
            0,
        )
        .says(&["2 files excluded by the configuration"]),
        Case::new(
            "all excluded, named",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("r/deploylint.toml", "exclude = ['**']\n"),
            ],
            2,
        )
        .run(&["."])
        .says(&["every file in this folder is excluded"]),
    ]);
}

#[test]
fn what_is_named_is_read_or_refused() {
    let ignored = &[
        REPOSITORY,
        File("r/k/Dockerfile", FAULTY),
        File("r/.gitignore", "k/\n"),
    ];
    check(&[
        Case::new("ignored file", ignored, 1)
            .run(&["k/Dockerfile"])
            .says(&[FAULT]),
        Case::new("ignored folder", ignored, 1)
            .run(&["k"])
            .says(&[FAULT]),
        Case::new("ignored folder and a file", ignored, 1)
            .run(&["k", ".gitignore"])
            .says(&[FAULT]),
        Case::new(
            "its content ignored",
            &[
                REPOSITORY,
                File("r/k/Dockerfile", FAULTY),
                File("r/.gitignore", "k/*\n"),
            ],
            1,
        )
        .run(&["k"])
        .says(&[FAULT]),
        Case::new(
            "excluded file",
            &[
                REPOSITORY,
                DOCKERFILE,
                File("r/deploylint.toml", "exclude = ['Docker*']\n"),
            ],
            1,
        )
        .run(&["Dockerfile"])
        .says(&[FAULT]),
        Case::new(
            "in a folder that is never walked",
            &[REPOSITORY, File("r/node_modules/a/Dockerfile", FAULTY)],
            1,
        )
        .run(&["node_modules/a/Dockerfile"])
        .says(&[FAULT]),
        Case::new("FIFO", &[REPOSITORY, Fifo("r/a.yaml")], 2)
            .run(&["a.yaml"])
            .says(&["not a regular file"]),
        Case::new("oversize", &[REPOSITORY, Sparse("r/a.json", 9 << 20)], 2)
            .run(&["a.json"])
            .says(&["larger than the 8 MiB"]),
        Case::new(
            "a link out",
            &[
                REPOSITORY,
                File("Dockerfile", FAULTY),
                Link("r/Dockerfile", "../Dockerfile"),
            ],
            2,
        )
        .run(&["Dockerfile"])
        .says(&["out of the repository"])
        .never(&[FAULT]),
        Case::new(
            "a folder that is a link out",
            &[
                REPOSITORY,
                File("o/Dockerfile", FAULTY),
                Link("r/o", "../o"),
            ],
            2,
        )
        .run(&["o/Dockerfile"])
        .never(&[FAULT]),
        Case::new(
            "a link inside",
            &[
                REPOSITORY,
                File("r/d/Dockerfile", FAULTY),
                Link("r/Dockerfile", "d/Dockerfile"),
            ],
            1,
        )
        .run(&["Dockerfile"])
        .says(&[FAULT]),
        Case::new(
            "no repository: not the files beside it",
            &[DOCKERFILE, File("r/compose.yaml", COMPOSE)],
            2,
        )
        .run(&["compose.yaml", "missing"])
        .never(&[FAULT]),
        Case::new(
            "no repository: the rest is no evidence",
            &[DOCKERFILE, File("r/x/Dockerfile", FAULTY)],
            1,
        )
        .run(&["Dockerfile", "--verbose"])
        .says(&[FAULT, "read 1 text files"]),
        Case::new(
            "two roots",
            &[
                DOCKERFILE,
                Folder("o/.git"),
                File("o/Dockerfile", FAULTY),
                File("o/x", ""),
                File("y", ""),
            ],
            1,
        )
        .run(&["Dockerfile", "{out}/o/Dockerfile", "--verbose"])
        .says(&[
            "Dockerfile:1:6: error[pinned-image]",
            "/o/Dockerfile:1:6: error[pinned-image]",
            "read 2 text files",
        ]),
    ]);
}

#[test]
fn links_inside_are_what_they_lead_to() {
    check(&[
        Case::new(
            "a linked Dockerfile is there, and reported once",
            &[
                REPOSITORY,
                File("r/d/Dockerfile", FAULTY),
                Link("r/Dockerfile", "d/Dockerfile"),
                File("r/compose.yaml", COMPOSE),
            ],
            1,
        )
        .says(&["d/Dockerfile:1:6: error[pinned-image]"])
        .never(&[
            "\nDockerfile:1:6: error[pinned-image]",
            "missing-build-file",
        ]),
        Case::new(
            "a linked folder is there",
            &[
                REPOSITORY,
                File("r/d/Dockerfile", FAULTY),
                Link("r/shop", "d"),
                File(
                    "r/compose.yaml",
                    r"services:
  shop:
    build: ./shop
",
                ),
            ],
            1,
        )
        .never(&["missing-build-file"]),
        Case::new(
            "by its own name",
            &[
                REPOSITORY,
                File("r/img", FAULTY),
                Link("r/Dockerfile", "img"),
            ],
            1,
        )
        .says(&["Dockerfile:1:6: error[pinned-image]"]),
        Case::new(
            "git's own files are not",
            &[
                REPOSITORY,
                File("r/.git/config", FAULTY),
                Link("r/Dockerfile", ".git/config"),
            ],
            0,
        )
        .never(&[FAULT]),
        Case::new(
            "outside is not",
            &[
                REPOSITORY,
                File("Dockerfile", FAULTY),
                Link("r/Dockerfile", "../Dockerfile"),
            ],
            0,
        )
        .never(&[FAULT]),
        Case::new(
            "loops",
            &[
                REPOSITORY,
                DOCKERFILE,
                Link("r/a", "b"),
                Link("r/b", "a"),
                Link("r/s", "."),
                Link("r/u", ".."),
            ],
            1,
        )
        .says(&[FAULT]),
    ]);
}

#[test]
fn what_cannot_be_read_is_told_once() {
    check(&[
        Case::new(
            "UTF-16 without a mark",
            &[REPOSITORY, Bytes("r/Dockerfile", b"F\0R\0O\0M\0 \0a\0\n\0")],
            2,
        )
        .says(&["looks like UTF-16"])
        .never(&["syntax-error"]),
        Case::new(
            "NUL",
            &[
                REPOSITORY,
                Bytes("r/compose.yaml", b"services:\n  a:\n    image: b\n# \0\n"),
            ],
            2,
        )
        .says(&["NUL byte at byte 30"])
        .never(&["empty"]),
        Case::new(
            "Latin-1 in a Dockerfile",
            &[
                REPOSITORY,
                Bytes("r/Dockerfile", b"# \xFCber\nFROM debian\nCMD [\"a\"]\n"),
            ],
            1,
        )
        .says(&["Dockerfile:2:6: error[pinned-image]"]),
        Case::new(
            "Latin-1 in YAML",
            &[
                REPOSITORY,
                Bytes("r/compose.yaml", b"services:\n  a: {image: b}\n# \xFC\n"),
            ],
            2,
        )
        .says(&["invalid UTF-8"])
        .never(&["empty"]),
        Case::new(
            "oversize, deploys",
            &[REPOSITORY, Sparse("r/compose.yaml", 9 << 20)],
            2,
        )
        .says(&["error[unreadable-file]"]),
        Case::new(
            "oversize, deploys nothing",
            &[
                REPOSITORY,
                Sparse("r/api.yaml", 9 << 20),
                Sparse("r/big.txt", 9 << 20),
            ],
            0,
        )
        .run(&["--min-level", "note"])
        .says(&[
            "api.yaml:1:1: note[unreadable-file]",
            "big.txt:1:1: note[unreadable-file]",
        ]),
    ]);
}

#[test]
fn a_name_is_bytes() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let location = Location::new(&[REPOSITORY]);

    for name in [&b"r/\xE9"[..], b"r/\xE8"] {
        let folder = location.0.join(OsStr::from_bytes(name));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("Dockerfile"), FAULTY).unwrap();
    }

    let output = location.run(&[], b"");
    assert_eq!(output.code, Some(1), "{}", output.text);
    assert!(
        output.text.contains("and 1 more in 2 files"),
        "{}",
        output.text
    );
    assert!(!output.text.contains("unreadable-file"), "{}", output.text);
}

#[test]
fn standard_input_is_read_like_a_file() {
    let location = Location::new(&[REPOSITORY]);
    let utf16: Vec<u8> = "\u{feff}FROM debian\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (input, code, says) in [
        (utf16, 1, FAULT),
        (b"\xEF\xBB\xBFFROM debian\n".to_vec(), 1, FAULT),
        (b"FROM debian\n\0".to_vec(), 2, "NUL byte"),
        (vec![b'#'; (8 << 20) + 1], 2, "larger than the 8 MiB"),
    ] {
        let output = location.run(&["--stdin-filename", "Dockerfile"], &input);
        assert!(
            output.code == Some(code) && output.text.contains(says),
            "{:?} {}",
            output.code,
            output.text
        );
    }
}

#[test]
fn a_report_replaces_a_file_whole_and_through_no_link() {
    for (items, argument, code, kept) in [
        (
            &[
                REPOSITORY,
                DOCKERFILE,
                File("kept", "old"),
                Link("r/out", "../kept"),
            ][..],
            "out",
            2,
            Some("kept"),
        ),
        (
            &[DOCKERFILE, File("kept", "old"), Link("r/out", "../kept")],
            "out",
            2,
            Some("kept"),
        ),
        (
            &[
                REPOSITORY,
                DOCKERFILE,
                File("r/kept", "old"),
                Link("r/out", "kept"),
            ],
            "out",
            2,
            Some("r/kept"),
        ),
        (
            &[
                REPOSITORY,
                DOCKERFILE,
                File("d/out", "old"),
                Link("r/d", "../d"),
            ],
            "d/out",
            2,
            Some("d/out"),
        ),
        (&[REPOSITORY, DOCKERFILE, Fifo("r/out")], "out", 2, None),
        (&[REPOSITORY, DOCKERFILE], "/dev/full", 2, None),
        (
            &[REPOSITORY, DOCKERFILE, File("r/out", "old")],
            "out",
            1,
            None,
        ),
        (&[REPOSITORY, DOCKERFILE], "/dev/null", 1, None),
    ] {
        let location = Location::new(items);
        let output = location.run(&["--output-file", argument], b"");
        assert_eq!(output.code, Some(code), "{items:?}: {}", output.text);
        if let Some(kept) = kept {
            assert_eq!(location.read(kept), "old", "{items:?}");
        }

        let drafts = std::fs::read_dir(location.0.join("r")).unwrap().flatten();
        assert!(
            drafts
                .into_iter()
                .all(|entry| !entry.file_name().to_string_lossy().ends_with(".tmp")),
            "{items:?}"
        );
    }

    let location = Location::new(&[REPOSITORY, DOCKERFILE, File("r/out", "old")]);
    location.run(&["--output-file", "out"], b"");
    assert!(location.read("r/out").contains(FAULT));
}

#[test]
fn threads_are_bounded() {
    let location = Location::new(&[REPOSITORY, DOCKERFILE]);
    let output = location.run(&["--threads", "18446744073709551615"], b"");
    assert!(
        output.code == Some(1) && output.text.contains(FAULT),
        "{:?} {}",
        output.code,
        output.text
    );
}
