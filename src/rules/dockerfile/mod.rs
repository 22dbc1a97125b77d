//! How a Dockerfile is written: copies, downloads, packages, structure, variables, start forms.

pub(crate) mod copy_form;
pub(crate) mod dockerignore;
pub(crate) mod download;
pub(crate) mod frozen_install;
pub(crate) mod instructions;
pub(crate) mod invalid_instruction;
pub(crate) mod package_install;
pub(crate) mod package_pins;
pub(crate) mod package_waste;
pub(crate) mod run_habits;
pub(crate) mod ssh_server;
pub(crate) mod start_form;
pub(crate) mod undefined_variable;
pub(crate) mod verification;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "absolute-workdir",
        run: CheckFn::Dockerfile(instructions::absolute_workdir),
    },
    Check {
        rule: "apk-cache",
        run: CheckFn::Dockerfile(package_waste::apk_cache),
    },
    Check {
        rule: "apt-lists",
        run: CheckFn::Dockerfile(package_waste::apt_lists),
    },
    Check {
        rule: "apt-recommends",
        run: CheckFn::Dockerfile(package_waste::apt_recommends),
    },
    Check {
        rule: "cd-not-workdir",
        run: CheckFn::Dockerfile(run_habits::cd_not_workdir),
    },
    Check {
        rule: "copy-destination",
        run: CheckFn::Dockerfile(copy_form::destination),
    },
    Check {
        rule: "copy-not-add",
        run: CheckFn::Dockerfile(copy_form::copy_not_add),
    },
    Check {
        rule: "curl-pipe-shell",
        run: CheckFn::Dockerfile(download::curl_pipe_shell),
    },
    Check {
        rule: "dependency-layer-order",
        run: CheckFn::Dockerfile(package_install::layer_order),
    },
    Check {
        rule: "dist-upgrade",
        run: CheckFn::Dockerfile(package_install::dist_upgrade),
    },
    Check {
        rule: "dnf-cache",
        run: CheckFn::Dockerfile(package_waste::dnf_cache),
    },
    Check {
        rule: "dockerignore",
        run: CheckFn::Dockerfile(dockerignore::check),
    },
    Check {
        rule: "duplicate-stage",
        run: CheckFn::Dockerfile(instructions::duplicate_stage),
    },
    Check {
        rule: "exec-form-command",
        run: CheckFn::Dockerfile(start_form::exec_form),
    },
    Check {
        rule: "frozen-install",
        run: CheckFn::Dockerfile(frozen_install::check),
    },
    Check {
        rule: "invalid-instruction",
        run: CheckFn::Dockerfile(invalid_instruction::check),
    },
    Check {
        rule: "invalid-port",
        run: CheckFn::Dockerfile(instructions::invalid_port),
    },
    Check {
        rule: "json-command",
        run: CheckFn::Dockerfile(start_form::json_command),
    },
    Check {
        rule: "legacy-env-format",
        run: CheckFn::Dockerfile(instructions::legacy_env),
    },
    Check {
        rule: "maintainer",
        run: CheckFn::Dockerfile(instructions::maintainer),
    },
    Check {
        rule: "missing-assume-yes",
        run: CheckFn::Dockerfile(package_install::assume_yes),
    },
    Check {
        rule: "multiple-command",
        run: CheckFn::Dockerfile(start_form::multiple_command),
    },
    Check {
        rule: "multiple-healthcheck",
        run: CheckFn::Dockerfile(start_form::multiple_healthcheck),
    },
    Check {
        rule: "no-sudo",
        run: CheckFn::Dockerfile(run_habits::no_sudo),
    },
    Check {
        rule: "npm-cache",
        run: CheckFn::Dockerfile(package_waste::npm_cache),
    },
    Check {
        rule: "package-update-alone",
        run: CheckFn::Dockerfile(package_install::update_alone),
    },
    Check {
        rule: "pinned-os-package",
        run: CheckFn::Dockerfile(package_pins::system),
    },
    Check {
        rule: "pinned-package",
        run: CheckFn::Dockerfile(package_pins::language),
    },
    Check {
        rule: "pip-cache",
        run: CheckFn::Dockerfile(package_waste::pip_cache),
    },
    Check {
        rule: "pipefail",
        run: CheckFn::Dockerfile(download::pipefail),
    },
    Check {
        rule: "platform-in-from",
        run: CheckFn::Dockerfile(instructions::platform),
    },
    Check {
        rule: "remote-add-checksum",
        run: CheckFn::Dockerfile(copy_form::remote_add),
    },
    Check {
        rule: "ssh-server",
        run: CheckFn::Container(ssh_server::container),
    },
    Check {
        rule: "ssh-server",
        run: CheckFn::Dockerfile(ssh_server::dockerfile),
    },
    Check {
        rule: "syntax-error",
        run: CheckFn::Dockerfile(invalid_instruction::unreadable),
    },
    Check {
        rule: "undefined-variable",
        run: CheckFn::Dockerfile(undefined_variable::check),
    },
    Check {
        rule: "unknown-stage",
        run: CheckFn::Dockerfile(instructions::unknown_stage),
    },
    Check {
        rule: "verification-disabled",
        run: CheckFn::Dockerfile(verification::check),
    },
    Check {
        rule: "world-writable",
        run: CheckFn::Dockerfile(run_habits::world_writable),
    },
    Check {
        rule: "yarn-cache",
        run: CheckFn::Dockerfile(package_waste::yarn_cache),
    },
    Check {
        rule: "zypper-cache",
        run: CheckFn::Dockerfile(package_waste::zypper_cache),
    },
];
