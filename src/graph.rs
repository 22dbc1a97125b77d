//! The deployment graph: which Dockerfile a service builds, which workloads run the image, which Service selects them.
//! Every edge keeps the places of both its ends.

use crate::model::facts::Facts;

/// The joined repository.
#[derive(Debug)]
pub struct Graph<'a> {
    pub facts: &'a Facts<'a>,
}
