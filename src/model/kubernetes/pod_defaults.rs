//! Settings of a pod that its containers inherit.

use std::collections::HashMap;

use super::labels::Labels;
use super::manifest_reader::ManifestReader;
use super::volume::Volume;
use crate::model::Setting;
use crate::model::spec_reader::SpecReader;

/// What a pod gives to each of its containers.
pub(super) struct PodDefaults<'t, 'p> {
    pub spec: ManifestReader<'t>,
    pub security: Setting<ManifestReader<'t>>,
    pub annotations: &'p Labels,
    /// By name.
    pub volumes: HashMap<&'p str, &'p Volume>,
    /// There may be more volumes.
    pub volumes_open: bool,
    pub windows: bool,
    /// `hostUsers: false`: root in the container is an ordinary user outside.
    pub own_users: bool,
}

impl<'t> PodDefaults<'t, '_> {
    /// A value of the container's `securityContext`, or else of the pod's.
    pub fn inherited(
        &self,
        container: &Setting<ManifestReader<'t>>,
        path: &[&str],
    ) -> Setting<ManifestReader<'t>> {
        let of_container = container.clone().and_then(|context| context.path(path));
        let of_pod = self.security.clone().and_then(|context| context.path(path));

        of_container.or(of_pod)
    }
}
