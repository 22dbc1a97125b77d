//! Tests of [`hosts`](crate::analysis::hosts).

use super::analyze;
use crate::analysis::hosts;

#[test]
fn names_of_variables_say_who_uses_an_address() {
    for (name, outward, browser) in [
        ("PUBLIC_URL", true, true),
        ("CORS_ORIGINS", true, false),
        ("BASE_URL", true, false),
        ("API_BASE_URL", true, false),
        ("DATABASE_URL", false, false),
        ("DATABASE_URL_BASE", false, false),
        ("MYBASE_URL", false, false),
        ("NEXT_PUBLIC_API", true, true),
        ("VITE_API", false, true),
    ] {
        assert_eq!(hosts::is_outward(name), outward, "{name}");
        assert_eq!(hosts::is_for_browsers(name), browser, "{name}");
    }
}

#[test]
fn placeholders_are_no_hosts() {
    for (host, expected) in [
        ("your-server", true),
        ("YOUR_HOST", true),
        ("hostname", true),
        ("host-gateway", true),
        ("hostname1", false),
        ("db", false),
    ] {
        assert_eq!(hosts::is_placeholder(host), expected, "{host}");
    }
}

const COMPOSE: (&str, &str) = (
    "compose.yaml",
    "services:\n  web:\n    image: acme/web:1\n    ports: ['8080:80', '9000-9002:9000-9002']\n    \
     expose: ['7000/tcp']\n    networks: {default: {aliases: [front]}}\n  db:\n    \
     image: postgres:16\n  other:\n    image: acme/other:1\n    network_mode: host\n  \
     linked:\n    image: acme/linked:1\n    extra_hosts: ['legacy:10.0.0.1']\n",
);

#[test]
fn services_serve_what_they_map_expose_or_are_known_for() {
    analyze(&[COMPOSE], |repo| {
        for (service, port, expected) in [
            ("web", 80, true),
            ("web", 8080, true),
            ("web", 9001, true),
            ("web", 9003, false),
            ("web", 7000, true),
            ("db", 5432, true),
            ("db", 80, false),
        ] {
            let (_, found) = repo.service("compose.yaml", service);
            assert_eq!(hosts::serves(found, port), expected, "{service} {port}");
        }
    });
}

#[test]
fn names_resolve_on_the_networks_of_a_project() {
    let elsewhere = (
        "x/compose.yaml",
        "services:\n  cache:\n    image: redis:7\n",
    );
    analyze(&[COMPOSE, elsewhere], |repo| {
        let project = repo.project("compose.yaml");
        let mut names: Vec<&str> = hosts::names(project).into_iter().collect();
        names.sort_unstable();
        assert_eq!(names, ["db", "front", "linked", "other", "web"]);
        assert_eq!(hosts::nearest_name(project, "fromt"), Some("front"));
        assert_eq!(hosts::nearest_name(project, "queue-of-another"), None);

        for (service, host, expected) in [
            ("web", "db", true),
            ("web", "front", true),
            ("web", "gone", false),
            // A project of another folder with no network in common.
            ("web", "cache", false),
            ("web", "your-db", true),
            ("linked", "legacy", true),
            // The host's network has names of its own.
            ("other", "gone", true),
        ] {
            let (project, found) = repo.service("compose.yaml", service);
            let may_reach = hosts::may_reach(&repo.analysis, project, found, host);
            assert_eq!(may_reach, expected, "{service} {host}");
        }
    });
}

#[test]
fn external_networks_connect_projects() {
    let text = "services:\n  web:\n    image: acme/web:1\n    networks: [shared]\n  alone:\n    \
                image: acme/x:1\nnetworks:\n  shared: {external: true}\n";
    analyze(&[("compose.yaml", text)], |repo| {
        for (service, expected) in [("web", true), ("alone", false)] {
            let (project, found) = repo.service("compose.yaml", service);
            assert_eq!(hosts::is_connected(project, found), expected, "{service}");
        }
    });
}

#[test]
fn model_servers_and_stores_are_called_by_programs() {
    analyze(&[COMPOSE], |repo| {
        let (_, web) = repo.service("compose.yaml", "web");
        let (_, db) = repo.service("compose.yaml", "db");

        for (name, server, expected) in [
            ("API_BASE_URL", web, true),
            ("OPENAI_BASE_URL", web, false),
            ("API_BASE_URL", db, false),
            ("PUBLIC_DB_URL", db, true),
            ("API_HOST", web, false),
        ] {
            assert_eq!(hosts::may_be_for_browsers(name, server), expected, "{name}");
        }
    });
}

#[test]
fn swarms_are_known_by_the_path() {
    assert!(hosts::is_swarm("deploy/stack.yml"));
    assert!(hosts::is_swarm("docker-swarm/web.yml"));
    assert!(!hosts::is_swarm("compose.yaml"));
}
