//! Hosts, ports, selectors, references, exposure, proxies, scrape targets and builds that must
//! agree.

pub(crate) mod compose_build;
pub(crate) mod compose_files;
pub(crate) mod compose_ports;
pub(crate) mod compose_wiring;
pub(crate) mod dangling;
pub(crate) mod dangling_names;
pub(crate) mod exposure;
pub(crate) mod health_endpoint;
pub(crate) mod kube_wiring;
pub(crate) mod port_mismatch;
pub(crate) mod prometheus;
pub(crate) mod proxy_upstream;
pub(crate) mod undefined_reference;

use crate::rules::check::{Check, CheckFn};

/// The checks of this wing, sorted by rule.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        rule: "bind-all-interfaces",
        run: CheckFn::Service(compose_ports::bind_all_interfaces),
    },
    Check {
        rule: "browser-internal-host",
        run: CheckFn::Container(kube_wiring::browser_internal_host),
    },
    Check {
        rule: "browser-internal-host",
        run: CheckFn::Dockerfile(kube_wiring::browser_image),
    },
    Check {
        rule: "browser-internal-host",
        run: CheckFn::Service(compose_wiring::browser_internal_host),
    },
    Check {
        rule: "dangling-ingress",
        run: CheckFn::Object(dangling_names::ingress),
    },
    Check {
        rule: "dangling-network-policy",
        run: CheckFn::Object(dangling::network_policy),
    },
    Check {
        rule: "dangling-reference",
        run: CheckFn::Workload(dangling_names::reference),
    },
    Check {
        rule: "dangling-service",
        run: CheckFn::Object(dangling::service),
    },
    Check {
        rule: "duplicate-container-name",
        run: CheckFn::Project(compose_ports::duplicate_container_name),
    },
    Check {
        rule: "egress-policy",
        run: CheckFn::Repository(exposure::egress),
    },
    Check {
        rule: "fixed-name-replicas",
        run: CheckFn::Service(compose_ports::fixed_name_replicas),
    },
    Check {
        rule: "health-endpoint",
        run: CheckFn::Container(health_endpoint::container),
    },
    Check {
        rule: "health-endpoint",
        run: CheckFn::Dockerfile(health_endpoint::dockerfile),
    },
    Check {
        rule: "inconsistent-url",
        run: CheckFn::Project(compose_wiring::inconsistent_url),
    },
    Check {
        rule: "ingress-tls",
        run: CheckFn::Object(exposure::tls),
    },
    Check {
        rule: "localhost-dependency",
        run: CheckFn::Container(kube_wiring::localhost_dependency),
    },
    Check {
        rule: "localhost-dependency",
        run: CheckFn::Service(compose_wiring::localhost_dependency),
    },
    Check {
        rule: "missing-build-file",
        run: CheckFn::Project(compose_build::missing_file),
    },
    Check {
        rule: "missing-mounted-file",
        run: CheckFn::Project(compose_files::missing_mounted_file),
    },
    Check {
        rule: "namespace-quota",
        run: CheckFn::Object(exposure::quota),
    },
    Check {
        rule: "network-policy",
        run: CheckFn::Repository(exposure::policy),
    },
    Check {
        rule: "port-conflict",
        run: CheckFn::Project(compose_ports::port_conflict),
    },
    Check {
        rule: "port-mismatch",
        run: CheckFn::Container(port_mismatch::container),
    },
    Check {
        rule: "port-mismatch",
        run: CheckFn::Dockerfile(port_mismatch::dockerfile),
    },
    Check {
        rule: "privileged-port",
        run: CheckFn::Service(compose_ports::privileged_port),
    },
    Check {
        rule: "prometheus-rule-file",
        run: CheckFn::File(prometheus::rule_file),
    },
    Check {
        rule: "prometheus-target",
        run: CheckFn::File(prometheus::target),
    },
    Check {
        rule: "proxy-upstream",
        run: CheckFn::File(proxy_upstream::file),
    },
    Check {
        rule: "proxy-upstream",
        run: CheckFn::Service(proxy_upstream::labels),
    },
    Check {
        rule: "service-exposure",
        run: CheckFn::Object(exposure::service),
    },
    Check {
        rule: "undeclared-build-arg",
        run: CheckFn::Service(compose_build::undeclared_arg),
    },
    Check {
        rule: "undefined-reference",
        run: CheckFn::Service(undefined_reference::check),
    },
    Check {
        rule: "unknown-host",
        run: CheckFn::Container(kube_wiring::unknown_host),
    },
    Check {
        rule: "unknown-host",
        run: CheckFn::Service(compose_wiring::unknown_host),
    },
];
