//! Rules of other linters against ours: pages and `rules/data/peers.toml` agree, and neither names
//! a rule twice or forgets one.

use std::collections::{BTreeMap, BTreeSet};

use deploylint::catalog;
use deploylint::catalog::peer::Peer;

/// How a reason may begin, so that reasons stay comparable.
const KINDS: &[&str] = &[
    "style only: ",
    "not a fault",
    "about ",
    "needs ",
    "a convention of ",
    "an inventory: ",
    "part of ",
    "planned: ",
    "not reported: ",
];

/// Ids that the pages list for a linter.
fn answered_by_pages(peer: Peer) -> BTreeSet<&'static str> {
    catalog::rules()
        .iter()
        .filter_map(|rule| rule.answers.get(&peer))
        .flatten()
        .map(String::as_str)
        .collect()
}

#[test]
fn every_rule_of_a_peer_has_an_answer_or_a_reason() {
    for peer in Peer::ALL {
        let list = peer.list();
        let name = peer.as_str();
        let listed: BTreeSet<&str> = list.answered.iter().map(String::as_str).collect();
        let pages = answered_by_pages(peer);

        let forgotten: Vec<_> = listed.difference(&pages).collect();
        assert!(
            forgotten.is_empty(),
            "{name}: no page lists {forgotten:?} under [answers]"
        );

        let unlisted: Vec<_> = pages.difference(&listed).collect();
        assert!(
            unlisted.is_empty(),
            "{name}: `answered` in rules/data/peers.toml lacks {unlisted:?}"
        );

        let both: Vec<_> = listed
            .iter()
            .filter(|id| list.unanswered.contains_key(**id))
            .collect();
        assert!(both.is_empty(), "{name}: answered and unanswered: {both:?}");
    }
}

#[test]
fn no_rule_is_listed_twice() {
    for peer in Peer::ALL {
        let name = peer.as_str();
        let ids = &peer.list().answered;
        assert!(
            ids.is_sorted_by(|a, b| a < b),
            "{name}: `answered` is sorted, each id once"
        );

        let mut spellings: BTreeMap<String, &str> = BTreeMap::new();
        for id in ids.iter().chain(peer.list().unanswered.keys()) {
            let other = spellings.insert(id.to_lowercase(), id);
            assert_eq!(other, None, "{name}: `{id}` differs only in case");
        }
    }

    for rule in catalog::rules() {
        for (peer, ids) in &rule.answers {
            let unique: BTreeSet<&String> = ids.iter().collect();
            assert_eq!(
                unique.len(),
                ids.len(),
                "rules/{}.md names an id of {} twice",
                rule.name,
                peer.as_str()
            );
        }
    }
}

#[test]
fn every_reason_has_a_kind() {
    for peer in Peer::ALL {
        for (id, reason) in &peer.list().unanswered {
            let name = format!("{}:{id}", peer.as_str());
            assert!(
                KINDS.iter().any(|kind| reason.starts_with(kind)),
                "{name}: the reason must begin with one of {KINDS:?}: {reason}"
            );
            assert!(reason.len() <= 90, "{name}: the reason is too long");
        }
    }
}

/// `see` is for standards and links; what another linter calls the fault is data.
#[test]
fn see_names_no_rule_of_a_peer() {
    for rule in catalog::rules() {
        for entry in &rule.see {
            let prefix = entry.split(':').next().unwrap_or(entry).to_lowercase();
            let peer = Peer::ALL.into_iter().find(|peer| peer.as_str() == prefix);
            assert_eq!(
                peer, None,
                "rules/{}.md: move `{entry}` from `see` to [answers]",
                rule.name
            );
        }
    }
}
