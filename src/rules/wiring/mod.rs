//! Hosts, ports, selectors, references, exposure, proxies, scrape targets and builds that must
//! agree.

mod called_ports;
pub(crate) mod compose_build;
pub(crate) mod compose_files;
pub(crate) mod compose_ports;
pub(crate) mod compose_wiring;
pub(crate) mod dangling;
pub(crate) mod dangling_names;
pub(crate) mod exposure;
pub(crate) mod health_endpoint;
pub(crate) mod kube_wiring;
pub(crate) mod misplaced_interpolation;
pub(crate) mod port_mismatch;
pub(crate) mod prometheus;
pub(crate) mod proxy_upstream;
pub(crate) mod service_port;
pub(crate) mod undefined_reference;
mod upstream;
pub(crate) mod url_port;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check::new(
        "bind-all-interfaces",
        CheckFn::Service(compose_ports::bind_all_interfaces),
    ),
    Check::new(
        "browser-internal-host",
        CheckFn::Container(kube_wiring::browser_internal_host),
    ),
    Check::new(
        "browser-internal-host",
        CheckFn::Dockerfile(kube_wiring::browser_image),
    ),
    Check::new(
        "browser-internal-host",
        CheckFn::Service(compose_wiring::browser_internal_host),
    ),
    Check::new("dangling-ingress", CheckFn::Object(dangling_names::ingress)),
    Check::new(
        "dangling-network-policy",
        CheckFn::Object(dangling::network_policy),
    ),
    Check::new(
        "dangling-reference",
        CheckFn::Workload(dangling_names::reference),
    ),
    Check::new("dangling-service", CheckFn::Object(dangling::service)),
    Check::new(
        "duplicate-container-name",
        CheckFn::Project(compose_ports::duplicate_container_name),
    ),
    Check::new("egress-policy", CheckFn::Repository(exposure::egress)),
    Check::new(
        "fixed-name-replicas",
        CheckFn::Service(compose_ports::fixed_name_replicas),
    ),
    Check::new(
        "health-endpoint",
        CheckFn::Container(health_endpoint::container),
    ),
    Check::new(
        "health-endpoint",
        CheckFn::Dockerfile(health_endpoint::dockerfile),
    ),
    Check::new(
        "inconsistent-url",
        CheckFn::Project(compose_wiring::inconsistent_url),
    ),
    Check::new("ingress-tls", CheckFn::Object(exposure::tls)),
    Check::new(
        "localhost-dependency",
        CheckFn::Container(kube_wiring::localhost_dependency),
    ),
    Check::new(
        "localhost-dependency",
        CheckFn::Service(compose_wiring::localhost_dependency),
    ),
    Check::new(
        "misplaced-interpolation",
        CheckFn::Project(misplaced_interpolation::check),
    ),
    Check::new(
        "missing-build-file",
        CheckFn::Project(compose_build::missing_file),
    ),
    Check::new(
        "missing-mounted-file",
        CheckFn::Project(compose_files::missing_mounted_file),
    ),
    Check::new("namespace-quota", CheckFn::Object(exposure::quota)),
    Check::new("network-policy", CheckFn::Repository(exposure::policy)),
    Check::new(
        "port-conflict",
        CheckFn::Project(compose_ports::port_conflict),
    ),
    Check::new(
        "port-mismatch",
        CheckFn::Container(port_mismatch::container),
    ),
    Check::new(
        "port-mismatch",
        CheckFn::Dockerfile(port_mismatch::dockerfile),
    ),
    Check::new("port-mismatch", CheckFn::Container(url_port::container)),
    Check::new("port-mismatch", CheckFn::Service(url_port::check)),
    Check::new(
        "privileged-port",
        CheckFn::Service(compose_ports::privileged_port),
    ),
    Check::new("prometheus-rule-file", CheckFn::File(prometheus::rule_file)),
    Check::new("prometheus-target", CheckFn::File(prometheus::target)),
    Check::new("proxy-upstream", CheckFn::File(proxy_upstream::file)),
    Check::new("proxy-upstream", CheckFn::Service(proxy_upstream::labels)),
    Check::new("service-exposure", CheckFn::Object(exposure::service)),
    Check::new("service-port", CheckFn::Object(service_port::check)),
    Check::new(
        "undeclared-build-arg",
        CheckFn::Service(compose_build::undeclared_arg),
    ),
    Check::new(
        "undefined-reference",
        CheckFn::Service(undefined_reference::check),
    ),
    Check::new(
        "unknown-host",
        CheckFn::Container(kube_wiring::unknown_host),
    ),
    Check::new(
        "unknown-host",
        CheckFn::Service(compose_wiring::unknown_host),
    ),
];
