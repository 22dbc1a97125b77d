//! What is in each folder, and what all objects have, for rules that would look at all of them
//! otherwise.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::label_index::Pods;
use crate::model::facts::Facts;
use crate::model::file_kind::FileKind;
use crate::model::kubernetes::{Body, Labels, Object, Workload};
use crate::source::parent;

/// A folder, and whether templates make what is counted in it.
type TemplatedFolder<'a> = (bool, &'a str);

/// The workloads in and around a folder.
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

#[derive(Debug, Default)]
pub(super) struct FolderIndex<'a> {
    pub objects: HashMap<&'a str, Vec<&'a Object>>,
    pub kinds: HashSet<(&'a str, &'a str)>,
    pub workloads: Vec<Pods<'a>>,
    /// Keys of labels that any pod carries.
    pub label_keys: HashSet<&'a str>,
    pub labels: HashSet<(&'a str, &'a str)>,
    /// Some labels of some pod are unknown.
    pub has_open_labels: bool,
    /// The namespaces of Services that no template makes; `None` for those without one.
    pub service_namespaces: HashSet<Option<&'a str>>,
    /// The namespaces that objects set.
    pub namespaces: HashSet<&'a str>,
    pods: HashMap<TemplatedFolder<'a>, PodsAround>,
    /// The same, for the folder above each.
    pods_below: HashMap<TemplatedFolder<'a>, PodsAround>,
    services: HashSet<TemplatedFolder<'a>>,
    services_below: HashSet<TemplatedFolder<'a>>,
    /// The names of custom objects and releases, from which others are made.
    makers: HashSet<&'a str>,
    /// The names of objects of other kinds.
    other_names: HashSet<&'a str>,
    /// The lengths of those names.
    other_lengths: BTreeSet<usize>,
    /// Whether the name of a Service is unknown: of one that no template makes, and of a templated
    /// one.
    nameless_service: [bool; 2],
    /// FolderIndex with a file that was not understood, in themselves or below.
    unread: HashSet<&'a str>,
}

impl<'a> FolderIndex<'a> {
    pub fn new(facts: &'a Facts<'a>, objects: impl Iterator<Item = &'a Object>) -> Self {
        let mut folders = Self::default();

        for object in objects {
            folders.add(object, parent(facts.path(object.file)));
        }

        let releases = facts
            .files
            .iter()
            .filter_map(|file| file.kustomization.as_deref())
            .flat_map(|kustomization| &kustomization.releases);
        folders
            .makers
            .extend(releases.map(|name| name.value.as_str()));

        folders.other_lengths = folders.other_names.iter().map(|name| name.len()).collect();

        for (source, file) in facts.repository.files().iter().zip(&facts.files) {
            let is_unread = file.kind == FileKind::Template
                || (file.kind == FileKind::Kubernetes && !file.errors.is_empty());
            if is_unread {
                folders.add_unread(source.folder());
            }
        }

        folders
    }

    fn add(&mut self, object: &'a Object, folder: &'a str) {
        let namespace = object.namespace.value().map(String::as_str);
        self.objects.entry(folder).or_default().push(object);
        self.kinds.insert((folder, &object.kind.value));
        self.namespaces.extend(namespace);

        if object.is_operated()
            && let Some(name) = &object.name
        {
            self.makers.insert(&name.value);
        }

        match &object.body {
            Body::Workload(workload) => self.add_workload(object, workload, folder),
            Body::Service(_) => {
                self.nameless_service[usize::from(object.helm)] |= object.name.is_none();

                if !object.helm {
                    self.service_namespaces.insert(namespace);
                }

                if object.kind.value == "Service" {
                    self.services.insert((object.helm, folder));
                    self.services_below.insert((object.helm, parent(folder)));
                }
            }
            Body::Other => self
                .other_names
                .extend(object.name.as_ref().map(|name| name.value.as_str())),
            _ => {}
        }
    }

    fn add_workload(&mut self, object: &'a Object, workload: &'a Workload, folder: &'a str) {
        self.workloads.push((object, workload));
        self.add_labels(&workload.pod_labels);
        self.pods
            .entry((object.helm, folder))
            .or_default()
            .add(workload.guessed);
        self.pods_below
            .entry((object.helm, parent(folder)))
            .or_default()
            .add(workload.guessed);
    }

    fn add_labels(&mut self, labels: &'a Labels) {
        self.has_open_labels |= labels.has_unknown();

        for (key, value) in &labels.entries {
            self.label_keys.insert(&key.value);

            if let Some(value) = value.value() {
                self.labels.insert((&key.value, value));
            }
        }
    }

    /// Marks a folder and those above it.
    fn add_unread(&mut self, folder: &'a str) {
        let mut folder = folder;

        // The folders above one that is marked are marked too.
        while self.unread.insert(folder) && !folder.is_empty() {
            folder = parent(folder);
        }
    }

    /// The workloads in a folder, in those beside it, in the one above and in those that it holds.
    pub fn pods_around(&self, helm: bool, folder: &str) -> PodsAround {
        let (here, above) = ((helm, folder), (helm, parent(folder)));
        let counts = [
            self.pods.get(&here),
            self.pods.get(&above),
            self.pods_below.get(&here),
            self.pods_below.get(&above),
        ];

        PodsAround {
            any: counts.iter().flatten().any(|pods| pods.any),
            guessed: counts.iter().flatten().any(|pods| pods.guessed),
        }
    }

    /// Whether a Service is in one of the folders of [`FolderIndex::pods_around`].
    pub fn has_service_around(&self, helm: bool, folder: &str) -> bool {
        let (here, above) = ((helm, folder), (helm, parent(folder)));

        self.services.contains(&here)
            || self.services.contains(&above)
            || self.services_below.contains(&here)
            || self.services_below.contains(&above)
    }

    pub const fn has_nameless_service(&self, helm: bool) -> bool {
        let [plain, templated] = self.nameless_service;

        if helm { templated } else { plain }
    }

    /// Whether a name begins with the name of an object of another kind.
    pub fn has_other_prefix(&self, name: &str) -> bool {
        let lengths = self.other_lengths.range(..=name.len());
        lengths
            .filter_map(|&length| name.get(..length))
            .any(|prefix| self.other_names.contains(prefix))
    }

    /// Whether an operator or a Helm release may make an object of this name: it has the name of a
    /// custom object or release, or begins with it.
    pub fn may_be_made(&self, name: &str) -> bool {
        self.makers.contains(name)
            || name
                .match_indices('-')
                .any(|(end, _)| self.makers.contains(&name[..end]))
    }

    /// Whether every file of a folder, and of those below it, was understood.
    pub fn is_all_read(&self, folder: &str) -> bool {
        !self.unread.contains(folder)
    }

    pub fn has_pods(&self) -> bool {
        !self.pods.is_empty()
    }
}
