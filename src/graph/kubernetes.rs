//! How Kubernetes objects hang together: who selects, scales, guards and names whom. Built once
//! from the facts; nothing here judges.
//!
//! Two objects meet in one namespace or where one of them does not say its own. Objects of a chart
//! meet only objects of the same chart: what else is installed beside it cannot be known.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
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
    folders: Folders<'a>,
    /// How many pairs of an object and a workload were looked at so far.
    pairs: usize,
}

/// How many pairs of an object that selects and a workload are looked at. Where thousands of
/// selectors meet thousands of pods, who selects whom is unknown from there on.
const MAX_PAIRS: usize = 1 << 22;

/// How many objects a workload knows that select it, and how many workloads an object knows that it
/// selects: the first ones. Rules show few of them, and each of thousands may select each of
/// thousands.
const MAX_JOINED: usize = 64;

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
                Body::Autoscaler(_) => cluster.scale(&index, object, chart),
                _ => {}
            }
        }

        if cluster.pairs > MAX_PAIRS {
            for joined in cluster.pods.values_mut() {
                joined.may_be_served = true;
                joined.may_be_guarded = true;
                joined.may_be_isolated = true;
                joined.may_be_scaled = true;
            }
        }
        // Bundles repeat each other's objects; what stands in a pod's own file is meant first.
        for (location, joined) in &mut cluster.pods {
            joined
                .services
                .sort_by_key(|service| service.file != location.file);
        }

        cluster.folders = Folders::new(facts, &all);
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

    /// The objects of a kind and name, in the order of the files.
    pub fn of_name(&self, kind: &str, name: &str) -> Vec<&'a Object> {
        self.named.get(&(kind, name)).cloned().unwrap_or_default()
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

        for (target, workload) in self.candidates(index, object, chart, selector) {
            if self.pairs > MAX_PAIRS {
                found.more = true;
                break;
            }

            let joined = self.pods.entry(target.location()).or_default();
            let known = selector.matches(&workload.pod_labels) == Some(true);
            let (list, maybe) = match &object.body {
                Body::Service(_) => (&mut joined.services, &mut joined.may_be_served),
                Body::DisruptionBudget(_) => (&mut joined.budgets, &mut joined.may_be_guarded),
                _ => (&mut joined.policies, &mut joined.may_be_isolated),
            };

            if !known {
                *maybe = true;
                found.more = true;
                continue;
            }

            if list.len() < MAX_JOINED {
                list.push(object);
            }

            if found.workloads.len() < MAX_JOINED {
                found.workloads.push((target, workload));
            }
        }

        self.selected.insert(object.location(), found);
    }

    /// The workloads that an object selects, or may.
    fn candidates(
        &mut self,
        index: &Index<'a>,
        object: &Object,
        chart: &str,
        selector: &Selector,
    ) -> Vec<(&'a Object, &'a Workload)> {
        let pairs = &mut self.pairs;
        let mut fitting = |candidates: &[&[Pods<'a>]], matched: &mut bool| {
            let mut fitting = Vec::new();

            for &(target, workload) in candidates.iter().copied().flatten() {
                *pairs += 1;
                if *pairs > MAX_PAIRS {
                    break;
                }

                let matches = selector.matches(&workload.pod_labels);

                if target.shares_namespace(object) && matches != Some(false) {
                    *matched |= matches == Some(true);
                    fitting.push((target, workload));
                }
            }

            fitting
        };

        // Where nothing says the namespace, pods beside a Service are meant and not namesakes in
        // other folders.
        if matches!(object.body, Body::Service(_)) && object.namespace.value().is_none() {
            let mut matched = false;
            let folder = parent(index.facts.path(object.file));
            let beside = fitting(
                &index.candidates(selector, chart, Some(folder)),
                &mut matched,
            );
            if matched {
                return beside;
            }
        }

        fitting(&index.candidates(selector, chart, None), &mut false)
    }

    fn scale(&mut self, index: &Index<'a>, object: &'a Object, chart: &'a str) {
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
                index
                    .by_chart
                    .get(chart)
                    .into_iter()
                    .flatten()
                    .map(|(target, _)| *target)
                    .collect()
            }
        };

        for target in candidates {
            self.pairs += 1;

            if self.pairs > MAX_PAIRS {
                found.more = true;
                break;
            }

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
                if joined.autoscalers.len() < MAX_JOINED {
                    joined.autoscalers.push(object);
                }

                found.workloads.push((target, workload));
            } else if kind_fits {
                joined.may_be_scaled = true;
            }
        }

        self.selected.insert(object.location(), found);
    }
}

/// What rules ask of the objects of a folder.
#[derive(Debug, Default)]
struct Folders<'a> {
    objects: HashMap<&'a str, Vec<&'a Object>>,
    kinds: HashSet<(&'a str, &'a str)>,
    /// Whether templates make them, and their folder: what is there of workloads.
    pods: HashMap<(bool, &'a str), PodsAround>,
    /// The same for the folders that a folder holds.
    pods_below: HashMap<(bool, &'a str), PodsAround>,
    services: HashSet<(bool, &'a str)>,
    services_below: HashSet<(bool, &'a str)>,
    /// Keys of labels that any pod carries.
    label_keys: HashSet<&'a str>,
    labels: HashSet<(&'a str, &'a str)>,
    /// Some pod has labels that cannot be known.
    has_open_labels: bool,
    workloads: Vec<Pods<'a>>,
    /// The namespaces of Services that no template makes; `None` for those that do not say.
    service_namespaces: HashSet<Option<&'a str>>,
    /// The namespaces that any object says it is in.
    namespaces: HashSet<&'a str>,
    /// The names of objects of other kinds.
    other_names: HashSet<&'a str>,
    /// How long those names are.
    other_lengths: BTreeSet<usize>,
    /// Whether a Service has a name that cannot be known.
    nameless_service: [bool; 2],
    /// Folders with a file that was not understood, in themselves or below.
    unread: HashSet<&'a str>,
    /// Folders with a custom object of which pods may come; found by the first rule that asks.
    operated: OnceLock<HashSet<String>>,
}

/// What is there of workloads in a folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodsAround {
    pub any: bool,
    /// One of them is a guess from what a custom object looks like.
    pub guessed: bool,
}

impl PodsAround {
    fn add(&mut self, guessed: bool) {
        self.any = true;
        self.guessed |= guessed;
    }
}

impl<'a> Folders<'a> {
    fn new(facts: &'a Facts<'a>, all: &[(&'a Object, &'a str)]) -> Self {
        let mut folders = Self::default();

        for &(object, _) in all {
            let folder = parent(facts.path(object.file));
            folders.objects.entry(folder).or_default().push(object);
            folders.kinds.insert((folder, &object.kind.value));
            folders
                .namespaces
                .extend(object.namespace.value().map(String::as_str));
            match &object.body {
                Body::Workload(workload) => {
                    folders
                        .pods
                        .entry((object.helm, folder))
                        .or_default()
                        .add(workload.guessed);
                    folders
                        .pods_below
                        .entry((object.helm, parent(folder)))
                        .or_default()
                        .add(workload.guessed);
                    folders.workloads.push((object, workload));
                    folders.has_open_labels |= is_open(&workload.pod_labels);

                    for (key, value) in &workload.pod_labels.entries {
                        folders.label_keys.insert(&key.value);
                        folders.labels.extend(
                            value
                                .value()
                                .map(|value| (key.value.as_str(), value.as_str())),
                        );
                    }
                }
                Body::Service(_) => {
                    folders.nameless_service[usize::from(object.helm)] |= object.name.is_none();

                    if !object.helm {
                        folders
                            .service_namespaces
                            .insert(object.namespace.value().map(String::as_str));
                    }
                }
                Body::Other => folders
                    .other_names
                    .extend(object.name.as_ref().map(|name| name.value.as_str())),
                _ => {}
            }

            if object.kind.value == "Service" && matches!(object.body, Body::Service(_)) {
                folders.services.insert((object.helm, folder));
                folders.services_below.insert((object.helm, parent(folder)));
            }
        }

        folders.other_lengths = folders.other_names.iter().map(|name| name.len()).collect();

        for (source, file) in facts.repository.files().iter().zip(&facts.files) {
            let unread = file.kind == FileKind::Template
                || (file.kind == FileKind::Kubernetes && !file.errors.is_empty());
            let mut folder = Some(source.folder()).filter(|_| unread);
            // The folders above one that is listed are listed too.
            while let Some(own) = folder.filter(|own| folders.unread.insert(own)) {
                folder = (!own.is_empty()).then(|| parent(own));
            }
        }

        folders
    }
}

/// What rules ask of many objects, each answered without a look at all of them.
impl<'a> Cluster<'a> {
    /// The objects of a folder, in the order of the files.
    pub fn in_folder(&self, folder: &str) -> &[&'a Object] {
        self.folders.objects.get(folder).map_or(&[], Vec::as_slice)
    }

    /// The workloads in a folder, in those beside it, in the one above and in those that it holds,
    /// whose text a template makes or not.
    pub fn pods_around(&self, helm: bool, folder: &str) -> PodsAround {
        let (own, above) = ((helm, folder), (helm, parent(folder)));
        let found = [
            self.folders.pods.get(&own),
            self.folders.pods.get(&above),
            self.folders.pods_below.get(&own),
            self.folders.pods_below.get(&above),
        ];
        let mut around = PodsAround::default();
        for one in found.into_iter().flatten().filter(|one| one.any) {
            around.add(one.guessed);
        }

        around
    }

    /// Whether a Service is in the same folders as in [`Cluster::pods_around`].
    pub fn has_service_around(&self, helm: bool, folder: &str) -> bool {
        let (own, above) = ((helm, folder), (helm, parent(folder)));
        self.folders.services.contains(&own)
            || self.folders.services.contains(&above)
            || self.folders.services_below.contains(&own)
            || self.folders.services_below.contains(&above)
    }

    /// Whether an object of a kind is in a folder.
    pub fn has_kind_in(&self, folder: &str, kind: &str) -> bool {
        self.folders.kinds.contains(&(folder, kind))
    }

    /// Whether a Service, of a template or not, has a name that cannot be known.
    pub fn has_nameless_service(&self, helm: bool) -> bool {
        self.folders.nameless_service[usize::from(helm)]
    }

    /// Whether any pod carries a label of this key.
    pub fn has_label_key(&self, key: &str) -> bool {
        self.folders.label_keys.contains(key)
    }

    /// Whether a Service that no template makes may be in the namespace of an object.
    pub fn has_service_beside(&self, object: &Object) -> bool {
        let namespaces = &self.folders.service_namespaces;
        match object.namespace.value() {
            Some(own) => namespaces.contains(&None) || namespaces.contains(&Some(own)),
            None => !namespaces.is_empty(),
        }
    }

    /// Whether any object says that it is in this namespace.
    pub fn has_namespace(&self, name: &str) -> bool {
        self.folders.namespaces.contains(name)
    }

    /// Whether the name of an object of another kind is how a name begins.
    pub fn has_other_prefix(&self, name: &str) -> bool {
        let lengths = self.folders.other_lengths.range(..=name.len());
        lengths.into_iter().any(|&length| {
            name.get(..length)
                .is_some_and(|prefix| self.folders.other_names.contains(prefix))
        })
    }

    /// Whether every file of a folder, and of those below it, was understood.
    pub fn is_all_read(&self, folder: &str) -> bool {
        !self.folders.unread.contains(folder)
    }

    /// Whether an object in a folder is of a sort that `is_custom` knows, which is the same for
    /// each call.
    pub fn is_operated(
        &self,
        facts: &Facts,
        folder: &str,
        is_custom: impl Fn(&Object) -> bool,
    ) -> bool {
        let operated = self.folders.operated.get_or_init(|| {
            let custom = self.objects().filter(|object| is_custom(object));
            custom
                .map(|object| parent(facts.path(object.file)).to_owned())
                .collect()
        });

        operated.contains(folder)
    }

    /// Whether a Service of this name is here, in any namespace.
    pub fn has_service_named(&self, name: &str) -> bool {
        let mut found = self.named.get(&("Service", name)).into_iter().flatten();
        found.any(|object| matches!(object.body, Body::Service(_)))
    }

    /// Whether anything here has pods.
    pub fn has_pods(&self) -> bool {
        !self.folders.pods.is_empty()
    }

    /// Whether a selector of an object may select pods; of very many pods only the first are looked
    /// at, and the others may.
    pub fn may_select(&self, object: &Object, selector: &Selector) -> bool {
        let labels = &selector.labels.entries;
        let wanted = labels
            .iter()
            .filter_map(|(key, value)| Some((key.value.as_str(), value.value()?.as_str())));
        let carried = |label: (&str, &str)| {
            Selector::is_added(label.0) || self.folders.labels.contains(&label)
        };

        if !self.folders.has_open_labels && !wanted.into_iter().all(carried) {
            return false;
        }

        let looked_at = self.folders.workloads.iter().take(MAX_REACHED);
        self.folders.workloads.len() > MAX_REACHED
            || looked_at.into_iter().any(|(other, workload)| {
                other.shares_namespace(object)
                    && selector.matches(&workload.pod_labels) != Some(false)
            })
    }
}

/// How many workloads are looked at for one selector of a peer.
const MAX_REACHED: usize = 4096;

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

/// Workloads by their labels, so that a selector looks at few of them. Each list is kept for a
/// whole chart and for each folder of it.
struct Index<'a> {
    facts: &'a Facts<'a>,
    by_label: HashMap<(Part<'a>, &'a str, &'a str), Vec<Pods<'a>>>,
    /// Workloads with labels that cannot be known.
    open: HashMap<Part<'a>, Vec<Pods<'a>>>,
    by_part: HashMap<Part<'a>, Vec<Pods<'a>>>,
    by_chart: HashMap<&'a str, Vec<Pods<'a>>>,
}

/// A chart, and one folder of it.
type Part<'a> = (&'a str, Option<&'a str>);

impl<'a> Index<'a> {
    fn new(facts: &'a Facts<'a>, all: &[(&'a Object, &'a str)]) -> Self {
        let mut index = Self {
            facts,
            by_label: HashMap::new(),
            open: HashMap::new(),
            by_part: HashMap::new(),
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
            for part in [
                (chart, None),
                (chart, Some(parent(facts.path(object.file)))),
            ] {
                index
                    .by_part
                    .entry(part)
                    .or_default()
                    .push((object, workload));
                if is_open(&workload.pod_labels) {
                    index.open.entry(part).or_default().push((object, workload));
                    continue;
                }

                for (key, value) in &workload.pod_labels.entries {
                    let Some(value) = value.value() else { continue };

                    index
                        .by_label
                        .entry((part, &key.value, value))
                        .or_default()
                        .push((object, workload));
                }
            }
        }

        index
    }

    fn candidates<'s>(
        &'s self,
        selector: &'s Selector,
        chart: &'s str,
        folder: Option<&'s str>,
    ) -> [&'s [Pods<'a>]; 2] {
        let part = (chart, folder);
        let labels = &selector.labels.entries;
        let first = labels
            .iter()
            .find_map(|(key, value)| Some((key.value.as_str(), value.value()?.as_str())));
        let lists = match first {
            Some((key, value)) => [self.by_label.get(&(part, key, value)), self.open.get(&part)],
            None => [self.by_part.get(&part), None],
        };

        lists.map(|list| list.map_or(&[][..], Vec::as_slice))
    }
}

fn is_open(labels: &Labels) -> bool {
    labels.open || labels.entries.iter().any(|(_, value)| value.is_unknown())
}
