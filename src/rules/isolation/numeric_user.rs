//! `numeric-user`: a pod that must not run as root, with an image whose user is a name.

use crate::analysis::workload::container_title;
use crate::analysis::{Analysis, Owner};
use crate::finding::{Finding, Sink};
use crate::model::container::Container;

/// The kubelet does not resolve names: it cannot verify that `app` is not root, and does not start
/// the container.
pub fn check(ctx: &Analysis, owner: Owner, container: &Container, sink: &mut Sink) {
    let Owner::Kubernetes(object, workload) = owner else {
        return;
    };

    let Some(demand) = container.security.run_as_non_root.known() else {
        return;
    };

    if !demand.value || !container.security.user.is_absent() || workload.pod.windows {
        return;
    }

    let Some((dockerfile, stage)) = ctx.graph.build_of(container) else {
        return;
    };

    let Some(user) = dockerfile.user(stage).0.known() else {
        return;
    };

    let name = user.value.split(':').next().unwrap_or("");
    if name.is_empty() || name == "root" || name.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }

    sink.report(
        Finding::new(
            user.location,
            format!(
                "{} does not start: the image's user `{name}` is not numeric",
                container_title(object, container)
            ),
        )
        .label("the kubelet cannot verify that this user is not root")
        .related(demand.location, "`runAsNonRoot` requires a numeric user")
        .help("set a numeric USER in the image, or set `runAsUser` in the pod")
        .anchor(object.anchor),
    );
}
