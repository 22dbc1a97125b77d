//! Workloads by their labels, so that a selector looks at few of them.

use std::collections::HashMap;

use crate::model::facts::Facts;
use crate::model::kubernetes::{Object, Selector, Workload};
use crate::source::parent;

/// An object with what makes its pods.
pub(super) type Pods<'a> = (&'a Object, &'a Workload);

/// A chart, and one folder of it or all of them.
type Section<'a> = (&'a str, Option<&'a str>);

/// Workloads by section, and by label in each.
pub(super) struct LabelIndex<'a> {
    by_label: HashMap<(Section<'a>, &'a str, &'a str), Vec<Pods<'a>>>,
    /// Workloads of which some labels are unknown.
    open: HashMap<Section<'a>, Vec<Pods<'a>>>,
    by_section: HashMap<Section<'a>, Vec<Pods<'a>>>,
}

impl<'a> LabelIndex<'a> {
    /// The index of objects, each with the folder of its chart.
    pub fn new(facts: &'a Facts<'a>, objects: &[(&'a Object, &'a str)]) -> Self {
        let mut index = Self {
            by_label: HashMap::new(),
            open: HashMap::new(),
            by_section: HashMap::new(),
        };

        for &(object, chart) in objects {
            if let Some(workload) = object.workload() {
                let folder = parent(facts.path(object.file));
                index.add((chart, None), (object, workload));
                index.add((chart, Some(folder)), (object, workload));
            }
        }

        index
    }

    fn add(&mut self, section: Section<'a>, pods: Pods<'a>) {
        self.by_section.entry(section).or_default().push(pods);

        let labels = &pods.1.pod_labels;
        if labels.has_unknown() {
            self.open.entry(section).or_default().push(pods);
            return;
        }

        for (key, value) in &labels.entries {
            if let Some(value) = value.value() {
                self.by_label
                    .entry((section, &key.value, value))
                    .or_default()
                    .push(pods);
            }
        }
    }

    /// All workloads of a chart.
    pub fn of_chart(&self, chart: &'a str) -> &[Pods<'a>] {
        self.by_section
            .get(&(chart, None))
            .map_or(&[], Vec::as_slice)
    }

    /// The workloads of a chart, or of one folder of it, that a selector may select.
    pub fn candidates<'s>(
        &'s self,
        selector: &'s Selector,
        chart: &'s str,
        folder: Option<&'s str>,
    ) -> impl Iterator<Item = Pods<'a>> + use<'s, 'a> {
        let section = (chart, folder);
        let labels = &selector.labels.entries;
        let known_label = labels
            .iter()
            .find_map(|(key, value)| Some((key.value.as_str(), value.value()?.as_str())));
        let lists = match known_label {
            Some((key, value)) => [
                self.by_label.get(&(section, key, value)),
                self.open.get(&section),
            ],
            None => [self.by_section.get(&section), None],
        };

        lists.into_iter().flatten().flatten().copied()
    }
}
