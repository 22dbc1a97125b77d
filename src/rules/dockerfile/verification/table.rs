//! Flags, settings and variables that switch a check off.

/// What is switched off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Off {
    Certificates,
    Signatures,
}

/// Programs and the flags that switch a check off.
pub(super) const FLAGS: &[(&[&str], &[&str], Off)] = &[
    (
        &["curl"],
        &["-k", "--insecure", "--proxy-insecure", "--doh-insecure"],
        Off::Certificates,
    ),
    (&["wget"], &["--no-check-certificate"], Off::Certificates),
    (
        &["apt-get", "apt", "aptitude"],
        &[
            "--allow-unauthenticated",
            "--force-yes",
            "--allow-insecure-repositories",
        ],
        Off::Signatures,
    ),
    (&["apk"], &["--allow-untrusted"], Off::Signatures),
    (
        &["yum", "dnf", "tdnf", "microdnf", "dnf5"],
        &["--nogpgcheck", "--nogpg", "--no-gpgchecks"],
        Off::Signatures,
    ),
    (&["zypper"], &["--no-gpg-checks"], Off::Signatures),
    (
        &["rpm"],
        &["--nosignature", "--nodigest", "--nogpg", "--nocheck-sig"],
        Off::Signatures,
    ),
    (
        &["conda", "mamba", "micromamba"],
        &["--insecure", "-k"],
        Off::Certificates,
    ),
    (
        &["helm"],
        &["--insecure-skip-tls-verify"],
        Off::Certificates,
    ),
    (&["uv"], &["--allow-insecure-host"], Off::Certificates),
];

/// Options whose value, or the rest of whose text, switches a check off. Each has a `=`.
pub(super) const SETTINGS: &[(&str, Off)] = &[
    ("acquire::https::verify-peer=false", Off::Certificates),
    ("acquire::https::verify-host=false", Off::Certificates),
    ("acquire::allowinsecurerepositories=true", Off::Signatures),
    ("acquire::allowinsecurerepositories=1", Off::Signatures),
    ("apt::get::allowunauthenticated=true", Off::Signatures),
    ("apt::get::allowunauthenticated=1", Off::Signatures),
    ("sslverify=0", Off::Certificates),
    ("sslverify=false", Off::Certificates),
    ("gpgcheck=0", Off::Signatures),
    ("http.sslverify=false", Off::Certificates),
    ("http.sslverify=0", Off::Certificates),
    ("strict-ssl=false", Off::Certificates),
    ("--strict-ssl=false", Off::Certificates),
    ("stricthostkeychecking=no", Off::Certificates),
];

/// Programs whose arguments are settings, or that write settings into files.
pub(super) const CONFIGURING: &[&str] = &[
    "apt",
    "apt-get",
    "conda",
    "curl",
    "dnf",
    "echo",
    "gem",
    "git",
    "microdnf",
    "npm",
    "pip",
    "pip3",
    "pnpm",
    "printf",
    "rsync",
    "scp",
    "sed",
    "ssh",
    "tdnf",
    "tee",
    "wget",
    "yarn",
    "yum",
    "yum-config-manager",
];

/// Programs that take a setting as two words, a name and a value.
pub(super) const PAIR_PROGRAMS: &[&str] = &[
    "bundle", "composer", "conda", "git", "npm", "pip", "pip3", "pnpm", "yarn",
];

/// Settings in two words that switch the verification of certificates off.
pub(super) const PAIRS: &[&str] = &[
    "enablestrictssl",
    "global.trusted-host",
    "http.sslverify",
    "https.sslverify",
    "secure-http",
    "ssl_verify",
    "ssl_verify_mode",
    "strict-ssl",
];

/// Variables that switch a check off, with the values that do.
pub(super) const VARIABLES: &[(&str, &[&str], Off)] = &[
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"], Off::Certificates),
    ("PYTHONHTTPSVERIFY", &["0"], Off::Certificates),
    ("NPM_CONFIG_STRICT_SSL", &["false", "0"], Off::Certificates),
    ("npm_config_strict_ssl", &["false", "0"], Off::Certificates),
    ("YARN_STRICT_SSL", &["false", "0"], Off::Certificates),
    ("YARN_ENABLE_STRICT_SSL", &["false", "0"], Off::Certificates),
    ("GONOSUMCHECK", &["1", "true"], Off::Signatures),
    ("GOSUMDB", &["off"], Off::Signatures),
    ("SSL_NO_VERIFY", &["1", "true"], Off::Certificates),
];
