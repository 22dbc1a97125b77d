//! From a rule of another linter to the rules that answer it, or to the reason why none does.

use super::Rule;
use super::peer::Peer;
use crate::suggest;

/// A rule of another linter, and what answers it.
#[derive(Debug)]
pub struct PeerRule {
    pub peer: Peer,
    pub id: &'static str,
    /// The rules that answer it, sorted by name. Empty if none does; then there is a reason.
    pub rules: Vec<&'static Rule>,
    pub reason: Option<&'static str>,
}

/// The rules of other linters that a user may mean by `DL3002` or `zizmor:unpinned-uses`, in any
/// case. Ids with a `*` are matched only if the linter is named, because they match any word.
pub fn find(query: &str) -> Vec<PeerRule> {
    let Some((peer, id)) = split_peer(query) else {
        return Peer::ALL
            .into_iter()
            .flat_map(|peer| peer_rules(peer, query))
            .collect();
    };

    let exact = peer_rules(peer, id);
    if !exact.is_empty() {
        return exact;
    }

    ids(peer)
        .filter(|pattern| pattern.contains('*') && matches_pattern(pattern, id))
        .max_by_key(|pattern| pattern.len())
        .map(|pattern| peer_rule(peer, pattern))
        .into_iter()
        .collect()
}

/// The id nearest to a misspelled one, with the linter's name if the query has one.
pub fn nearest(query: &str) -> Option<String> {
    if let Some((peer, id)) = split_peer(query) {
        return suggest::nearest(id, ids(peer)).map(|id| format!("{}:{id}", peer.as_str()));
    }

    Peer::ALL
        .into_iter()
        .find_map(|peer| suggest::nearest(query, ids(peer)))
        .map(str::to_owned)
}

/// `zizmor:unpinned-uses` in its two parts, if the first names a linter.
fn split_peer(query: &str) -> Option<(Peer, &str)> {
    let (name, id) = query.split_once(':')?;
    let peer = Peer::ALL
        .into_iter()
        .find(|peer| peer.as_str().eq_ignore_ascii_case(name))?;

    Some((peer, id))
}

fn ids(peer: Peer) -> impl Iterator<Item = &'static str> {
    let list = peer.list();
    let answered = list.answered.iter();
    answered.chain(list.unanswered.keys()).map(String::as_str)
}

/// The linter's rules with this id, or with this id after a folder: KICS has `dockerfile/…`.
fn peer_rules(peer: Peer, query: &str) -> Vec<PeerRule> {
    let wanted = normalized(peer, query);

    ids(peer)
        .filter(|id| {
            let unplaced = id.rsplit('/').next().unwrap_or(id);
            normalized(peer, id) == wanted || normalized(peer, unplaced) == wanted
        })
        .map(|id| peer_rule(peer, id))
        .collect()
}

/// An id without what its spellings differ in. Trivy's `AVD-DS-0002`, `DS-0002` and `DS002` are one
/// rule.
fn normalized(peer: Peer, id: &str) -> String {
    let id = id.to_ascii_lowercase();
    if peer != Peer::Trivy {
        return id;
    }

    let id = id.strip_prefix("avd-").unwrap_or(&id);
    let Some(digits) = id.find(|char: char| char.is_ascii_digit()) else {
        return id.to_owned();
    };
    let (family, number) = id.split_at(digits);
    let number = number.trim_start_matches('0');

    format!("{}{number}", family.trim_end_matches('-'))
}

/// Whether the id fits a pattern with one `*`.
fn matches_pattern(pattern: &str, id: &str) -> bool {
    let (pattern, id) = (pattern.to_ascii_lowercase(), id.to_ascii_lowercase());
    let Some((start, end)) = pattern.split_once('*') else {
        return pattern == id;
    };

    id.strip_prefix(start)
        .is_some_and(|rest| !rest.is_empty() && rest.ends_with(end))
}

fn peer_rule(peer: Peer, id: &'static str) -> PeerRule {
    let rules = super::rules()
        .iter()
        .filter(|rule| rule.answers_to(peer, id))
        .collect();
    let reason = peer.list().unanswered.get(id).map(String::as_str);

    PeerRule {
        peer,
        id,
        rules,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each hit as `peer id: rules`, or its reason.
    fn found(query: &str) -> Vec<String> {
        find(query)
            .iter()
            .map(|hit| {
                let names: Vec<&str> = hit.rules.iter().map(|rule| rule.name).collect();
                let answer = hit.reason.map_or(names.join(" "), |_| "-".to_owned());
                format!("{} {}: {answer}", hit.peer.as_str(), hit.id)
            })
            .collect()
    }

    #[test]
    fn ids_are_found_in_any_case_and_spelling() {
        for query in ["DL3002", "dl3002", "hadolint:DL3002", "Hadolint:dl3002"] {
            assert_eq!(found(query), ["hadolint DL3002: non-root-user"], "{query}");
        }

        for query in ["DS-0002", "AVD-DS-0002", "ds002", "trivy:DS-0002"] {
            assert_eq!(found(query), ["trivy DS-0002: non-root-user"], "{query}");
        }

        assert_eq!(
            found("kics:workdir-path-not-absolute"),
            ["kics dockerfile/workdir-path-not-absolute: absolute-workdir"]
        );
    }

    #[test]
    fn an_id_without_an_answer_has_a_reason() {
        assert_eq!(found("DL3059"), ["hadolint DL3059: -"]);
        assert_eq!(found("hadolint:DL9999"), Vec::<String>::new());
        assert_eq!(found("kube-linter:DL3059"), Vec::<String>::new());
    }

    #[test]
    fn a_pattern_needs_the_name_of_its_linter() {
        let tokens = ["gitleaks *: generic-credential provider-token"];
        assert_eq!(found("gitleaks:some-new-token"), tokens);
        assert_eq!(
            found("gitleaks:okta-client-id"),
            ["gitleaks *-client-id: -"]
        );
        assert_eq!(
            found("gitleaks:private-key"),
            ["gitleaks private-key: private-key"]
        );
        assert_eq!(found("some-new-token"), Vec::<String>::new());
    }

    #[test]
    fn a_misspelled_id_has_a_near_one() {
        assert_eq!(
            nearest("zizmor:unpined-uses").as_deref(),
            Some("zizmor:unpinned-uses")
        );
        assert_eq!(
            nearest("JSONArgsRecomended").as_deref(),
            Some("JSONArgsRecommended")
        );
        assert_eq!(nearest("a word unlike all"), None);
    }
}
