//! Which variables have to be documented, and which documented ones nobody reads: little
//! repositories, and what the rules about env examples say of each.

use deploylint::config::Config;
use deploylint::engine::lint_texts;

const RULES: &[&str] = &["env-example", "undocumented-variable", "stale-variable"];

const DOCKERFILE: (&str, &str) = ("Dockerfile", "FROM python:3.13-slim\nCOPY . .\n");

/// `rule path text`, one a line, in the order of places; a `?` marks a note.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let outcome = lint_texts(Config::default(), files);
    let findings = outcome
        .findings
        .iter()
        .filter(|finding| RULES.contains(&finding.rule));
    findings
        .map(|finding| {
            let source = &outcome.sources[finding.location.file.0 as usize];
            let mark = if finding.level.as_str() == "note" {
                "?"
            } else {
                ""
            };

            format!(
                "{}{mark} {} {}",
                finding.rule,
                source.path,
                finding.location.span.text(&source.text)
            )
        })
        .collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(found(files), expected, "{files:#?}");
}

#[test]
fn source_needs_an_example_where_something_is_deployed() {
    let code = (
        "app/main.py",
        "import os\nKEY = os.environ['BILLING_KEY']\n",
    );
    check(
        &[code, DOCKERFILE],
        &["env-example app/main.py BILLING_KEY"],
    );
    check(&[code], &[]);
    // One address that may stay empty is a feature that may be off; several are worth a note.
    let optional = ("a.js", "connect(process.env.STORE_URL)");
    check(&[optional, DOCKERFILE], &[]);
    check(
        &[
            optional,
            ("b.js", "sign(process.env.SIGNING_KEY)"),
            DOCKERFILE,
        ],
        &["env-example? a.js STORE_URL"],
    );
}

#[test]
fn what_anything_sets_needs_no_example() {
    let code = (
        "app/main.py",
        "import os\nKEY = os.environ['BILLING_KEY']\n",
    );
    for setter in [
        ("app/Dockerfile", "FROM python:3.13\nENV BILLING_KEY=x\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    build: .\n    environment:\n      BILLING_KEY: dummy\n",
        ),
        (
            "k8s/config.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  BILLING_KEY: x\n",
        ),
        (
            ".github/workflows/a.yaml",
            "on: push\nenv:\n  BILLING_KEY: ${{ secrets.BILLING_KEY }}\njobs: {}\n",
        ),
        (
            "app/other.py",
            "import os\nos.environ['BILLING_KEY'] = key\n",
        ),
        (
            "app/other.py",
            "import os\nx = os.getenv('BILLING_KEY', 'x')\n",
        ),
    ] {
        check(&[code, DOCKERFILE, setter], &[]);
    }

    for other in [
        (
            "app/other.py",
            "import os\nok = os.environ['BILLING_KEY'] == key\n",
        ),
        ("README.md", "Set BILLING_KEY.\n"),
        ("run.sh", "echo $MY_BILLING_KEY\n"),
    ] {
        assert!(!found(&[code, DOCKERFILE, other]).is_empty(), "{other:?}");
    }
}

#[test]
fn the_nearest_example_counts() {
    let example = (".env.example", "A_KEY=\n");
    let read = |path: &'static str| {
        (
            path,
            "import os\nos.environ['A_KEY']\nos.environ['B_KEY']\n",
        )
    };

    check(
        &[example, read("a/main.py")],
        &["undocumented-variable a/main.py B_KEY"],
    );
    // Another service's example names it.
    check(
        &[example, read("a/main.py"), ("b/.env.example", "B_KEY=\n")],
        &["stale-variable? b/.env.example B_KEY"][..0],
    );
    // No example belongs to this folder.
    check(&[("b/.env.example", "A_KEY=\n"), read("a/main.py")], &[]);
    for path in ["tests/a.py", "examples/a.py", "scripts/a.py", "docs/a.py"] {
        check(&[example, read(path)], &[]);
    }
}

#[test]
fn a_variable_is_said_once() {
    let files = [
        (".env.example", "A_KEY=\n"),
        ("a.py", "import os\nos.getenv('B_KEY')\n"),
        ("b.py", "import os\nos.environ['B_KEY']\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: acme/a:1\n    environment:\n      C: ${C_KEY:?}\n",
        ),
        ("c.py", "import os\nos.environ['C_KEY']\n"),
    ];
    check(
        &files,
        &[
            "undocumented-variable b.py B_KEY",
            "undocumented-variable compose.yaml ${C_KEY:?}",
        ],
    );
}

#[test]
fn what_is_asked_for_before_it_is_read_may_be_missing() {
    let tested = "import os\nif 'SIGNING_KEY' in os.environ:\n    use(os.environ['SIGNING_KEY'])\n";
    check(
        &[(".env.example", "A_KEY=\n"), ("a.py", tested)],
        &["undocumented-variable? a.py SIGNING_KEY"],
    );
}

#[test]
fn stale_variables() {
    let example = (".env.example", "A_KEY=\nOLD_KEY=\nB_KEY=\n");
    let code = (
        "a.py",
        "import os\nos.environ['A_KEY']\nos.environ['B_KEY']\n",
    );
    let stale = &["stale-variable? .env.example OLD_KEY"];
    check(&[example, code], stale);
    check(
        &[
            example,
            code,
            ("README.md", "OLD_KEY\n"),
            (".env", "OLD_KEY=1\n"),
        ],
        stale,
    );
    for other in [
        ("b.ts", "config.oldKey"),
        ("run.sh", "echo $OLD_KEY"),
        ("b.cs", "Get(\"OLD_KEY\")"),
        ("b.ts", "const all = { ...process.env };"),
        ("b.ts", "process.env[name]"),
        ("b.go", "package b\nvar _ = viper.AutomaticEnv\n"),
        ("run.sh", "docker run --env-file .env acme/a\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: acme/a:1\n    env_file: .env\n",
        ),
    ] {
        check(&[example, code, other], &[]);
    }
    // Nothing that is seen reads any of them.
    check(
        &[
            example,
            (
                "compose.yaml",
                "services:\n  a:\n    image: acme/a:1\n    environment: [\"A=${A_KEY}${B_KEY}\"]\n",
            ),
        ],
        &[],
    );
    // Nothing but compose can read it.
    check(
        &[
            example,
            (
                "compose.yaml",
                "services:\n  a:\n    image: postgres:17\n    environment: [\"A=${A_KEY}${B_KEY}\"]\n",
            ),
        ],
        stale,
    );
    // Names that libraries read, and names made of parts.
    check(
        &[
            (
                ".env.example",
                "A_KEY=\nOTEL_SERVICE_NAME=\nB_KEY=\nX__Y=\n",
            ),
            code,
        ],
        &[],
    );
}

#[test]
fn compile_time_reads_and_groups_of_settings_are_left_alone() {
    check(
        &[
            ("src/lib.rs", "const DATA: &str = env!(\"DATA_KEY\");\n"),
            DOCKERFILE,
        ],
        &[],
    );
    let settings = "class Settings(BaseSettings):\n    store: Store\n    token: str\n";
    check(
        &[
            (".env.example", "STORE__HOST=\n"),
            ("app/settings.py", settings),
        ],
        &["undocumented-variable app/settings.py token"],
    );
}
