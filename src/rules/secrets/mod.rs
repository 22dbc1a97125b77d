//! Credentials in variables, arguments, commands, files and plain text; default credentials.

pub(crate) mod default_credentials;
pub(crate) mod found_in_text;
pub(crate) mod generic_credential;
pub(crate) mod kube_secrets;
pub(crate) mod logged_credential;
pub(crate) mod secret_file_copied;
pub(crate) mod secret_in_build_arg;
pub(crate) mod secret_in_command;
pub(crate) mod secret_in_env;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        "committed-secret",
        CheckFn::File(kube_secrets::generated_secrets),
    ),
    Check::new("committed-secret", CheckFn::Object(kube_secrets::committed)),
    Check::new(
        "connection-string",
        CheckFn::File(found_in_text::connection),
    ),
    Check::new(
        "default-credentials",
        CheckFn::Container(default_credentials::container),
    ),
    Check::new(
        "default-credentials",
        CheckFn::Dockerfile(default_credentials::dockerfile),
    ),
    Check::new(
        "default-credentials",
        CheckFn::File(default_credentials::chart),
    ),
    Check::new(
        "default-credentials",
        CheckFn::File(default_credentials::compose),
    ),
    Check::new(
        "generic-credential",
        CheckFn::File(generic_credential::check),
    ),
    Check::new("logged-credential", CheckFn::File(logged_credential::check)),
    Check::new("private-key", CheckFn::File(found_in_text::key)),
    Check::new("provider-token", CheckFn::File(found_in_text::token)),
    Check::new(
        "secret-file-copied",
        CheckFn::Dockerfile(secret_file_copied::check),
    ),
    Check::new(
        "secret-in-build-arg",
        CheckFn::Dockerfile(secret_in_build_arg::dockerfile),
    ),
    Check::new(
        "secret-in-build-arg",
        CheckFn::Service(secret_in_build_arg::service),
    ),
    Check::new(
        "secret-in-command",
        CheckFn::Container(secret_in_command::container),
    ),
    Check::new(
        "secret-in-command",
        CheckFn::Dockerfile(secret_in_command::dockerfile),
    ),
    Check::new(
        "secret-in-command",
        CheckFn::File(secret_in_command::script),
    ),
    Check::new(
        "secret-in-command",
        CheckFn::File(secret_in_command::gitlab),
    ),
    Check::new(
        "secret-in-command",
        CheckFn::Workflow(secret_in_command::workflow),
    ),
    Check::new(
        "secret-in-configmap",
        CheckFn::File(kube_secrets::generated_config_maps),
    ),
    Check::new(
        "secret-in-configmap",
        CheckFn::Object(kube_secrets::in_config_map),
    ),
    Check::new(
        "secret-in-env",
        CheckFn::Container(default_credentials::secret_container),
    ),
    Check::new(
        "secret-in-env",
        CheckFn::Container(secret_in_env::container),
    ),
    Check::new(
        "secret-in-env",
        CheckFn::Dockerfile(default_credentials::secret_dockerfile),
    ),
    Check::new(
        "secret-in-env",
        CheckFn::Dockerfile(secret_in_env::dockerfile),
    ),
    Check::new(
        "secret-in-env",
        CheckFn::File(default_credentials::secret_compose),
    ),
    Check::new(
        "secret-in-env",
        CheckFn::File(secret_in_command::script_variables),
    ),
    Check::new("secret-in-env", CheckFn::File(secret_in_env::gitlab)),
    Check::new("secret-in-env", CheckFn::Service(secret_in_env::labels)),
    Check::new(
        "secret-in-env",
        CheckFn::Workflow(secret_in_command::variables),
    ),
    Check::new("secret-in-env", CheckFn::Workflow(secret_in_env::workflow)),
];
