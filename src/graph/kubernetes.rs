//! How Kubernetes objects hang together: who selects, scales, guards and names whom. Built once
//! from the facts; nothing here judges.
//!
//! Two objects meet in one namespace or where one of them does not say its own. Objects of a chart
//! meet only objects of the same chart: what else is installed beside it cannot be known.

use std::collections::HashMap;

use crate::model::facts::Facts;
use crate::model::kind::FileKind;
use crate::model::kubernetes::{Body, Kustomization, Labels, Object, Selector, Workload};
use crate::source::{Location, parent};

/// The objects of the repository, joined.
#[derive(Debug, Default)]
pub struct Cluster<'a> {
    /// By the place of the object that has the pods.
    pods: HashMap<Location, Joined<'a>>,
    /// By the place of the object that selects.
    selected: HashMap<Location, Selected<'a>>,
    /// By kind and name.
    named: HashMap<(&'a str, &'a str), Vec<&'a Object>>,
    /// In the order of the files.
    of_kind: HashMap<&'a str, Vec<&'a Object>>,
    all: Vec<(&'a Object, &'a str)>,
    pub kustomizations: Vec<&'a Kustomization>,
}

/// What is joined to a workload.
#[derive(Debug, Default)]
pub struct Joined<'a> {
    /// Services that select its pods.
    pub services: Vec<&'a Object>,
    pub budgets: Vec<&'a Object>,
    pub policies: Vec<&'a Object>,
    pub autoscalers: Vec<&'a Object>,
    /// Some Service may select its pods, but that cannot be known.
    pub may_be_served: bool,
    pub may_be_guarded: bool,
    pub may_be_isolated: bool,
    pub may_be_scaled: bool,
}

/// What an object selects.
#[derive(Debug, Default)]
pub struct Selected<'a> {
    pub workloads: Vec<Pods<'a>>,
    /// There may be others.
    pub more: bool,
}

impl<'a> Cluster<'a> {
    pub fn new(facts: &'a Facts<'a>) -> Self {
        let mut charts: Vec<&str> = facts
            .of_kind(FileKind::HelmChart)
            .map(|file| parent(facts.path(file)))
            .collect();
        charts.sort_unstable();
        let all: Vec<(&Object, &str)> = facts
            .objects()
            .map(|object| (object, chart_of(facts.path(object.file), object, &charts)))
            .collect();
        let kustomizations = facts
            .files
            .iter()
            .filter_map(|file| file.kustomization.as_deref())
            .collect();
        let mut cluster = Self {
            kustomizations,
            ..Self::default()
        };

        for (object, _) in &all {
            cluster
                .of_kind
                .entry(&object.kind.value)
                .or_default()
                .push(object);
            if let Some(name) = &object.name {
                cluster
                    .named
                    .entry((&object.kind.value, &name.value))
                    .or_default()
                    .push(object);
            }
        }

        let index = Index::new(facts, &all);

        for &(object, chart) in &all {
            match &object.body {
                Body::Workload(_) => drop(cluster.pods.entry(object.location()).or_default()),
                Body::Service(service) => {
                    if let Some(selector) = &service.selector {
                        cluster.select(&index, object, chart, selector);
                    }
                }
                Body::DisruptionBudget(budget) => {
                    if let Some(selector) = &budget.selector {
                        cluster.select(&index, object, chart, selector);
                    }
                }
                Body::NetworkPolicy(policy) => {
                    let everything = Selector::default();
                    cluster.select(
                        &index,
                        object,
                        chart,
                        policy.selector.as_ref().unwrap_or(&everything),
                    );
                }
                Body::Autoscaler(_) => cluster.scale(object, chart, &all),
                _ => {}
            }
        }
        // Bundles repeat each other's objects; what stands in a pod's own file is meant first.
        for (location, joined) in &mut cluster.pods {
            joined
                .services
                .sort_by_key(|service| service.file != location.file);
        }

        cluster.all = all;

        cluster
    }

    /// What is joined to a workload.
    pub fn joined(&self, object: &Object) -> Option<&Joined<'a>> {
        self.pods.get(&object.location())
    }

    /// What a Service, budget, policy or autoscaler is joined to.
    pub fn selected(&self, object: &Object) -> Option<&Selected<'a>> {
        self.selected.get(&object.location())
    }

    /// The objects of a kind and name that another object may mean.
    pub fn find(&self, kind: &str, name: &str, from: &Object) -> Vec<&'a Object> {
        let found = self.named.get(&(kind, name)).map_or(&[][..], Vec::as_slice);
        found
            .iter()
            .copied()
            .filter(|object| object.shares_namespace(from))
            .collect()
    }

    /// Every object, in the order of the files.
    pub fn objects(&self) -> impl Iterator<Item = &'a Object> {
        self.all.iter().map(|(object, _)| *object)
    }

    /// The objects of a kind, in the order of the files.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'a Object> {
        self.of_kind.get(kind).into_iter().flatten().copied()
    }

    fn select(
        &mut self,
        index: &Index<'a>,
        object: &'a Object,
        chart: &'a str,
        selector: &Selector,
    ) {
        let mut found = Selected::default();
        let matches = |pods: &Workload| selector.matches(&pods.pod_labels);
        let mut candidates = index.candidates(selector, chart);
        candidates.retain(|(target, pods)| {
            target.shares_namespace(object) && matches(pods) != Some(false)
        });
        // Where nothing says the namespace, pods beside a Service are meant and not namesakes in
        // other folders.
        if matches!(object.body, Body::Service(_)) && object.namespace.value().is_none() {
            let folder = |file| parent(index.facts.path(file));
            let beside = |target: &Object| folder(target.file) == folder(object.file);
            if candidates
                .iter()
                .any(|(target, pods)| beside(target) && matches(pods) == Some(true))
            {
                candidates.retain(|(target, _)| beside(target));
            }
        }

        for (target, workload) in candidates {
            let joined = self.pods.entry(target.location()).or_default();
            let known = matches(workload) == Some(true);
            let (list, maybe) = match &object.body {
                Body::Service(_) => (&mut joined.services, &mut joined.may_be_served),
                Body::DisruptionBudget(_) => (&mut joined.budgets, &mut joined.may_be_guarded),
                _ => (&mut joined.policies, &mut joined.may_be_isolated),
            };

            if known {
                list.push(object);
                found.workloads.push((target, workload));
            } else {
                *maybe = true;
                found.more = true;
            }
        }

        self.selected.insert(object.location(), found);
    }

    fn scale(&mut self, object: &'a Object, chart: &'a str, all: &[(&'a Object, &'a str)]) {
        let Body::Autoscaler(scaler) = &object.body else {
            return;
        };

        let mut found = Selected::default();
        let candidates: Vec<&Object> = match scaler.target_name.value() {
            Some(name) => {
                let kind = scaler
                    .target_kind
                    .value()
                    .map_or("Deployment", String::as_str);
                self.named
                    .get(&(kind, name.as_str()))
                    .cloned()
                    .unwrap_or_default()
            }
            // A templated name: every workload of the chart may be meant.
            None => {
                found.more = true;
                all.iter()
                    .filter(|(_, own)| *own == chart)
                    .map(|(target, _)| *target)
                    .collect()
            }
        };

        for target in candidates {
            let Some(workload) = target
                .workload()
                .filter(|_| target.shares_namespace(object))
            else {
                continue;
            };

            let kind_fits = scaler
                .target_kind
                .value()
                .is_none_or(|kind| *kind == target.kind.value);
            let joined = self.pods.entry(target.location()).or_default();

            if scaler.target_name.value().is_some() {
                joined.autoscalers.push(object);
                found.workloads.push((target, workload));
            } else if kind_fits {
                joined.may_be_scaled = true;
            }
        }

        self.selected.insert(object.location(), found);
    }
}

/// The folder of the chart that an object of a template belongs to; empty for all other objects.
fn chart_of<'a>(path: &'a str, object: &Object, charts: &[&'a str]) -> &'a str {
    if !object.helm {
        return "";
    }

    let mut folder = parent(path);
    while !folder.is_empty() && charts.binary_search(&folder).is_err() {
        folder = parent(folder);
    }

    if folder.is_empty() {
        parent(path)
    } else {
        folder
    }
}

/// An object with what makes its pods.
type Pods<'a> = (&'a Object, &'a Workload);

/// Workloads by their labels, so that a selector looks at few of them.
struct Index<'a> {
    facts: &'a Facts<'a>,
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<Pods<'a>>>,
    /// Workloads with labels that cannot be known.
    open: HashMap<&'a str, Vec<Pods<'a>>>,
    by_chart: HashMap<&'a str, Vec<Pods<'a>>>,
}

impl<'a> Index<'a> {
    fn new(facts: &'a Facts<'a>, all: &[(&'a Object, &'a str)]) -> Self {
        let mut index = Self {
            facts,
            by_label: HashMap::new(),
            open: HashMap::new(),
            by_chart: HashMap::new(),
        };

        for &(object, chart) in all {
            let Some(workload) = object.workload() else {
                continue;
            };

            index
                .by_chart
                .entry(chart)
                .or_default()
                .push((object, workload));
            if is_open(&workload.pod_labels) {
                index
                    .open
                    .entry(chart)
                    .or_default()
                    .push((object, workload));
                continue;
            }

            for (key, value) in &workload.pod_labels.entries {
                let Some(value) = value.value() else { continue };

                index
                    .by_label
                    .entry((chart, &key.value, value))
                    .or_default()
                    .push((object, workload));
            }
        }

        index
    }

    fn candidates(&self, selector: &Selector, chart: &str) -> Vec<Pods<'a>> {
        let first = selector
            .labels
            .entries
            .iter()
            .find_map(|(key, value)| Some((key.value.as_str(), value.value()?.as_str())));
        let known: &[_] = match first {
            Some((key, value)) => self
                .by_label
                .get(&(chart, key, value))
                .map_or(&[], Vec::as_slice),
            None => self.by_chart.get(chart).map_or(&[], Vec::as_slice),
        };

        let open: &[_] = match first {
            Some(_) => self.open.get(chart).map_or(&[], Vec::as_slice),
            None => &[],
        };

        [known, open].concat()
    }
}

fn is_open(labels: &Labels) -> bool {
    labels.open || labels.entries.iter().any(|(_, value)| value.is_unknown())
}
