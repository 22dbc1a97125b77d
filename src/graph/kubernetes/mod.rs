//! How Kubernetes objects relate: which select, scale, guard and name which. Built once from the
//! facts.
//!
//! Two objects meet in one namespace, or where one of them sets none. Objects of a chart meet only
//! objects of the same chart: what else is installed beside it is unknown. Objects of examples and
//! tests may meet those of production, and are no evidence for them.

mod folders;
mod label_index;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::model::Many;
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::model::file_role::Role;
use crate::model::id::IdVec;
use crate::model::kubernetes::{Autoscaler, Body, Kustomization, Object, Selector, Workload};
use crate::source::{FileId, parent};
use folders::FolderIndex;
pub use folders::PodsAround;
use label_index::{LabelIndex, Pods};

/// How many pairs of an object that selects and a workload are looked at. Where thousands of
/// selectors meet thousands of pods, the rest of the pairs is unknown.
const MAX_PAIRS: usize = 1 << 22;

/// How many objects are kept that select a workload, and how many workloads that an object selects:
/// the first ones. Rules show few of them, and each of thousands may select each of thousands.
const MAX_JOINED: usize = 64;

/// How many workloads are looked at for one selector of a peer.
const MAX_PEERS: usize = 4096;

/// The objects of the repository, joined.
#[derive(Debug, Default)]
pub struct Cluster<'a> {
    /// By the object that has the pods; only workloads have one.
    links: IdVec<Object, Option<WorkloadLinks<'a>>>,
    /// By the object that selects.
    selected: IdVec<Object, Option<Selected<'a>>>,
    /// By kind and name.
    named: HashMap<(&'a str, &'a str), Vec<&'a Object>>,
    /// In the order of the files.
    of_kind: HashMap<&'a str, Vec<&'a Object>>,
    all: Vec<&'a Object>,
    pub kustomizations: Vec<&'a Kustomization>,
    folders: FolderIndex<'a>,
    /// Files that try or show something.
    practice_files: HashSet<FileId>,
    /// See [`Cluster::is_operated`].
    operated: OnceLock<HashSet<String>>,
    /// How many pairs of an object and a workload were looked at so far.
    pairs: usize,
}

/// What is joined to a workload.
#[derive(Debug, Default)]
pub struct WorkloadLinks<'a> {
    /// Services that select its pods.
    pub services: Many<&'a Object>,
    pub budgets: Many<&'a Object>,
    pub policies: Many<&'a Object>,
    pub autoscalers: Many<&'a Object>,
}

/// What an object selects.
#[derive(Debug, Default)]
pub struct Selected<'a> {
    pub workloads: Many<Pods<'a>>,
}

impl<'a> Cluster<'a> {
    pub fn new(facts: &'a Facts<'a>) -> Self {
        let objects = with_charts(facts);
        let all: Vec<&Object> = objects.iter().map(|(object, _)| *object).collect();
        let mut cluster = Self {
            kustomizations: facts
                .files
                .iter()
                .filter_map(|file| file.kustomization.as_deref())
                .collect(),
            folders: FolderIndex::new(facts, all.iter().copied()),
            practice_files: all
                .iter()
                .map(|object| object.file)
                .filter(|file| facts.role(*file) == Role::Practice)
                .collect(),
            links: IdVec::with(all.len(), || None),
            selected: IdVec::with(all.len(), || None),
            all,
            ..Self::default()
        };

        cluster.index_objects();
        cluster.join_objects(facts, &objects);

        if cluster.pairs > MAX_PAIRS {
            cluster
                .links
                .iter_mut()
                .flatten()
                .for_each(WorkloadLinks::open);
        }

        // Bundles repeat each other's objects, so those in a workload's own file come first.
        for (object, links) in cluster.all.iter().zip(cluster.links.iter_mut()) {
            if let Some(links) = links {
                links
                    .services
                    .sort_by_key(|service| service.file != object.file);
            }
        }

        cluster
    }

    fn index_objects(&mut self) {
        for object in &self.all {
            let kind = object.kind.value.as_str();
            self.of_kind.entry(kind).or_default().push(object);

            if let Some(name) = &object.name {
                self.named
                    .entry((kind, &name.value))
                    .or_default()
                    .push(object);
            }
        }
    }

    fn join_objects(&mut self, facts: &'a Facts<'a>, objects: &[(&'a Object, &'a str)]) {
        let index = LabelIndex::new(facts, objects);
        let everything = Selector::default();

        for &(object, chart) in objects {
            let selector = match &object.body {
                Body::Service(service) => service.selector.as_ref(),
                Body::DisruptionBudget(budget) => budget.selector.as_ref(),
                Body::NetworkPolicy(policy) => {
                    Some(policy.selector.as_ref().unwrap_or(&everything))
                }
                Body::Autoscaler(autoscaler) => {
                    self.scale(&index, object, autoscaler, chart);
                    None
                }
                Body::Workload(_) => {
                    self.links[object.id].get_or_insert_default();
                    None
                }
                _ => None,
            };

            if let Some(selector) = selector {
                let candidates = self.candidates(facts, &index, object, chart, selector);
                self.select(object, selector, candidates);
            }
        }
    }

    /// The workloads that an object selects, or may.
    fn candidates(
        &mut self,
        facts: &Facts,
        index: &LabelIndex<'a>,
        object: &Object,
        chart: &str,
        selector: &Selector,
    ) -> Vec<Pods<'a>> {
        // Without a namespace, the pods beside a Service are meant, and not their namesakes in
        // other folders.
        if matches!(object.body, Body::Service(_)) && object.namespace.value().is_none() {
            let folder = parent(facts.path(object.file));
            let beside = index.candidates(selector, chart, Some(folder));
            let beside = self.selectable(object, selector, beside);

            if beside
                .iter()
                .any(|(_, workload)| is_certain(selector, workload))
            {
                return beside;
            }
        }

        self.selectable(object, selector, index.candidates(selector, chart, None))
    }

    /// Those of some workloads that an object selects, or may.
    fn selectable(
        &mut self,
        object: &Object,
        selector: &Selector,
        workloads: impl Iterator<Item = Pods<'a>>,
    ) -> Vec<Pods<'a>> {
        let mut selectable = Vec::new();

        for (target, workload) in workloads {
            self.pairs += 1;
            if self.pairs > MAX_PAIRS {
                break;
            }

            if target.shares_namespace(object)
                && self.is_evidence(target, object)
                && selector.matches(&workload.pod_labels) != Some(false)
            {
                selectable.push((target, workload));
            }
        }

        selectable
    }

    fn select(&mut self, object: &'a Object, selector: &Selector, candidates: Vec<Pods<'a>>) {
        let mut selected = Selected::default();

        for (target, workload) in candidates {
            if self.pairs > MAX_PAIRS {
                selected.workloads.open();
                break;
            }

            let is_evidence = self.is_evidence(object, target);
            let links = self.links[target.id].get_or_insert_default();
            let selecting = match &object.body {
                Body::Service(_) => &mut links.services,
                Body::DisruptionBudget(_) => &mut links.budgets,
                _ => &mut links.policies,
            };

            if !is_certain(selector, workload) {
                if is_evidence {
                    selecting.open();
                }

                selected.workloads.open();
                continue;
            }

            if selecting.len() < MAX_JOINED && is_evidence {
                selecting.push(object);
            }

            if selected.workloads.len() < MAX_JOINED {
                selected.workloads.push((target, workload));
            }
        }

        self.selected[object.id] = Some(selected);
    }

    fn scale(
        &mut self,
        index: &LabelIndex<'a>,
        object: &'a Object,
        autoscaler: &Autoscaler,
        chart: &'a str,
    ) {
        let kind = autoscaler.target_kind.value();
        let name = autoscaler.target_name.value();
        let candidates: Vec<&Object> = match name {
            Some(name) => self.of_name(kind.map_or("Deployment", String::as_str), name),
            // A templated name may be that of any workload of the chart.
            None => index.of_chart(chart).iter().map(|pods| pods.0).collect(),
        };
        let mut selected = Selected {
            workloads: Many::default().open_if(name.is_none()),
        };

        for target in candidates {
            self.pairs += 1;
            if self.pairs > MAX_PAIRS {
                selected.workloads.open();
                break;
            }

            let Some(workload) = target.workload() else {
                continue;
            };

            if !target.shares_namespace(object) || !self.is_evidence(target, object) {
                continue;
            }

            let is_evidence = self.is_evidence(object, target);
            let links = self.links[target.id].get_or_insert_default();

            if name.is_some() {
                if links.autoscalers.len() < MAX_JOINED && is_evidence {
                    links.autoscalers.push(object);
                }

                selected.workloads.push((target, workload));
            } else if is_evidence && kind.is_none_or(|kind| *kind == target.kind.value) {
                links.autoscalers.open();
            }
        }

        self.selected[object.id] = Some(selected);
    }
}

impl WorkloadLinks<'_> {
    /// Leaves open what else is joined to the workload.
    const fn open(&mut self) {
        self.services.open();
        self.budgets.open();
        self.policies.open();
        self.autoscalers.open();
    }
}

fn is_certain(selector: &Selector, workload: &Workload) -> bool {
    selector.matches(&workload.pod_labels) == Some(true)
}

/// All objects in the order of the files, each with the folder of its chart.
fn with_charts<'a>(facts: &'a Facts<'a>) -> Vec<(&'a Object, &'a str)> {
    let mut charts: Vec<&str> = facts
        .of_kind(FileKind::HelmChart)
        .map(|file| parent(facts.path(file)))
        .collect();
    charts.sort_unstable();

    facts
        .objects()
        .map(|object| (object, chart_of(facts.path(object.file), object, &charts)))
        .collect()
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

/// What rules ask of the objects, each answered without a look at all of them.
impl<'a> Cluster<'a> {
    /// What is joined to a workload.
    pub fn joined(&self, object: &Object) -> Option<&WorkloadLinks<'a>> {
        self.links.get(object.id)?.as_ref()
    }

    /// What a Service, budget, policy or autoscaler is joined to.
    pub fn selected(&self, object: &Object) -> Option<&Selected<'a>> {
        self.selected.get(object.id)?.as_ref()
    }

    /// Whether an object says something about another one: what tries or shows something says
    /// nothing about what is deployed.
    pub fn is_evidence(&self, object: &Object, other: &Object) -> bool {
        !self.practice_files.contains(&object.file) || self.practice_files.contains(&other.file)
    }

    /// The objects of a kind and name that another object may mean.
    pub fn find(&self, kind: &str, name: &str, from: &Object) -> Vec<&'a Object> {
        let objects = self.named.get(&(kind, name)).into_iter().flatten();
        objects
            .copied()
            .filter(|object| object.shares_namespace(from) && self.is_evidence(object, from))
            .collect()
    }

    /// The objects of a kind and name, in the order of the files.
    pub fn of_name(&self, kind: &str, name: &str) -> Vec<&'a Object> {
        self.named.get(&(kind, name)).cloned().unwrap_or_default()
    }

    /// The first object of a kind and name.
    pub fn first_of_name(&self, kind: &str, name: &str) -> Option<&'a Object> {
        self.named.get(&(kind, name))?.first().copied()
    }

    /// Every object, in the order of the files.
    pub fn objects(&self) -> impl Iterator<Item = &'a Object> {
        self.all.iter().copied()
    }

    /// The objects of a kind, in the order of the files.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'a Object> {
        self.of_kind.get(kind).into_iter().flatten().copied()
    }

    /// The objects of a folder, in the order of the files.
    pub fn in_folder(&self, folder: &str) -> &[&'a Object] {
        self.folders.objects.get(folder).map_or(&[], Vec::as_slice)
    }

    /// The workloads in a folder, in those beside it, in the one above and in those that it holds,
    /// made by templates or not.
    pub fn pods_around(&self, helm: bool, folder: &str) -> PodsAround {
        self.folders.pods_around(helm, folder)
    }

    /// Whether a Service is in the same folders as in [`Cluster::pods_around`].
    pub fn has_service_around(&self, helm: bool, folder: &str) -> bool {
        self.folders.has_service_around(helm, folder)
    }

    /// Whether an object of a kind is in a folder.
    pub fn has_kind_in(&self, folder: &str, kind: &str) -> bool {
        self.folders.kinds.contains(&(folder, kind))
    }

    /// Whether the name of a Service, of a template or not, is unknown.
    pub const fn has_nameless_service(&self, helm: bool) -> bool {
        self.folders.has_nameless_service(helm)
    }

    /// Whether any pod carries a label of this key.
    pub fn has_label_key(&self, key: &str) -> bool {
        self.folders.label_keys.contains(key)
    }

    /// Whether a Service that no template makes may be in the namespace of an object.
    pub fn has_service_beside(&self, object: &Object) -> bool {
        let namespaces = &self.folders.service_namespaces;

        match object.namespace.value() {
            Some(name) => namespaces.contains(&None) || namespaces.contains(&Some(name)),
            None => !namespaces.is_empty(),
        }
    }

    /// Whether any object sets this namespace.
    pub fn has_namespace(&self, name: &str) -> bool {
        self.folders.namespaces.contains(name)
    }

    /// Whether a name begins with the name of an object of another kind.
    pub fn has_other_prefix(&self, name: &str) -> bool {
        self.folders.has_other_prefix(name)
    }

    /// Whether an operator or a Helm release may make an object of this name.
    pub fn may_be_made(&self, name: &str) -> bool {
        self.folders.may_be_made(name)
    }

    /// Whether every file of a folder, and of those below it, was understood.
    pub fn is_all_read(&self, folder: &str) -> bool {
        self.folders.is_all_read(folder)
    }

    /// Whether an object in a folder is custom by `is_custom`, which is the same for each call.
    pub fn is_operated(
        &self,
        facts: &Facts,
        folder: &str,
        is_custom: impl Fn(&Object) -> bool,
    ) -> bool {
        let operated = self.operated.get_or_init(|| {
            let custom = self.objects().filter(|object| is_custom(object));
            custom
                .map(|object| parent(facts.path(object.file)).to_owned())
                .collect()
        });

        operated.contains(folder)
    }

    /// Whether a Service of this name is here, in any namespace.
    pub fn has_service_named(&self, name: &str) -> bool {
        let mut objects = self.named.get(&("Service", name)).into_iter().flatten();

        objects.any(|object| matches!(object.body, Body::Service(_)))
    }

    /// Whether any object has pods.
    pub fn has_pods(&self) -> bool {
        self.folders.has_pods()
    }

    /// Whether a selector of an object may select pods. Of very many pods only the first are looked
    /// at, and the others may be selected.
    pub fn may_select(&self, object: &Object, selector: &Selector) -> bool {
        if !self.folders.has_open_labels && !self.carries_labels(selector) {
            return false;
        }

        let workloads = &self.folders.workloads;
        workloads.len() > MAX_PEERS
            || workloads.iter().any(|(target, workload)| {
                target.shares_namespace(object)
                    && selector.matches(&workload.pod_labels) != Some(false)
            })
    }

    /// Whether each known label of a selector is one of some pod.
    fn carries_labels(&self, selector: &Selector) -> bool {
        selector.labels.entries.iter().all(|(key, value)| {
            let Some(value) = value.value() else {
                return true;
            };

            Selector::is_added(&key.value)
                || self
                    .folders
                    .labels
                    .contains(&(key.value.as_str(), value.as_str()))
        })
    }
}
