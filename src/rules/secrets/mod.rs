//! Credentials in variables, arguments, commands, files and plain text; default credentials.

pub(crate) mod default_credentials;
pub(crate) mod found_in_text;
pub(crate) mod generic_credential;
pub(crate) mod kube_secrets;
pub(crate) mod secret_file_copied;
pub(crate) mod secret_in_build_arg;
pub(crate) mod secret_in_command;
pub(crate) mod secret_in_env;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "committed-secret",
        run: CheckFn::Object(kube_secrets::committed),
    },
    Check {
        rule: "connection-string",
        run: CheckFn::File(found_in_text::connection),
    },
    Check {
        rule: "default-credentials",
        run: CheckFn::Container(default_credentials::container),
    },
    Check {
        rule: "default-credentials",
        run: CheckFn::Dockerfile(default_credentials::dockerfile),
    },
    Check {
        rule: "default-credentials",
        run: CheckFn::File(default_credentials::compose),
    },
    Check {
        rule: "generic-credential",
        run: CheckFn::File(generic_credential::check),
    },
    Check {
        rule: "private-key",
        run: CheckFn::File(found_in_text::key),
    },
    Check {
        rule: "provider-token",
        run: CheckFn::File(found_in_text::token),
    },
    Check {
        rule: "secret-file-copied",
        run: CheckFn::Dockerfile(secret_file_copied::check),
    },
    Check {
        rule: "secret-in-build-arg",
        run: CheckFn::Dockerfile(secret_in_build_arg::dockerfile),
    },
    Check {
        rule: "secret-in-build-arg",
        run: CheckFn::Service(secret_in_build_arg::service),
    },
    Check {
        rule: "secret-in-command",
        run: CheckFn::Container(secret_in_command::container),
    },
    Check {
        rule: "secret-in-command",
        run: CheckFn::Dockerfile(secret_in_command::dockerfile),
    },
    Check {
        rule: "secret-in-command",
        run: CheckFn::File(secret_in_command::script),
    },
    Check {
        rule: "secret-in-command",
        run: CheckFn::Workflow(secret_in_command::workflow),
    },
    Check {
        rule: "secret-in-configmap",
        run: CheckFn::Object(kube_secrets::in_config_map),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Container(default_credentials::secret_container),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Container(secret_in_env::container),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Dockerfile(default_credentials::secret_dockerfile),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Dockerfile(secret_in_env::dockerfile),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::File(default_credentials::secret_compose),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::File(secret_in_command::script_variables),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Service(secret_in_env::labels),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Workflow(secret_in_command::variables),
    },
    Check {
        rule: "secret-in-env",
        run: CheckFn::Workflow(secret_in_env::workflow),
    },
];
