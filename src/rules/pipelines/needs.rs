//! `undefined-needs` and `cyclic-needs`: the order of jobs.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::analysis::Analysis;
use crate::finding::{Finding, Sink};
use crate::model::workflow::{JobId, Workflow};
use crate::suggest::nearest;

pub fn undefined(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    for job in &workflow.jobs {
        for needed in &job.needs {
            if workflow.job(&needed.value).is_some() || needed.value.contains("${{") {
                continue;
            }

            let ids = workflow.jobs.iter().map(|job| job.id.value.as_str());
            let help = match nearest(&needed.value, ids) {
                Some(id) => format!("did you mean `{id}`?"),
                None => {
                    "name a job in this workflow; to wait for another workflow, use `workflow_run`"
                        .to_owned()
                }
            };

            sink.report(
                Finding::new(
                    needed.location,
                    format!(
                        "job `{}` needs `{}`, which is not a job in this workflow",
                        job.id.value, needed.value
                    ),
                )
                .help(help),
            );
        }
    }
}

/// How many needs are followed in one workflow to find its cycles. GitHub rejects a workflow for
/// one cycle.
const MAX_FOLLOWED: usize = 1 << 20;

pub fn cyclic(_: &Analysis, workflow: &Workflow, sink: &mut Sink) {
    let mut reported: HashSet<JobId> = HashSet::new();
    let mut followed = 0;

    for start in workflow.circling() {
        if reported.contains(&start) || followed > MAX_FOLLOWED {
            continue;
        }

        if let Some(cycle) = shortest_cycle(workflow, start, &mut followed) {
            sink.report(cycle_finding(workflow, &cycle));
            reported.extend(cycle);
        }
    }
}

/// The finding for a cycle of jobs, at the `needs` of the first one.
fn cycle_finding(workflow: &Workflow, cycle: &[JobId]) -> Finding {
    let start = cycle[0];
    let names: Vec<&str> = cycle
        .iter()
        .chain([&start])
        .map(|&index| workflow.jobs[index].id.value.as_str())
        .collect();
    let job = &workflow.jobs[start];
    let next = &workflow.jobs[cycle.get(1).copied().unwrap_or(start)];
    let location = job
        .needs
        .iter()
        .find(|needed| needed.value.eq_ignore_ascii_case(&next.id.value))
        .map_or(job.id.location, |needed| needed.location);
    let mut finding = Finding::new(
        location,
        format!("jobs need each other in a cycle: `{}`", names.join("` → `")),
    )
    .help("remove one `needs` to break the cycle; GitHub rejects the workflow");
    for &index in &cycle[1..] {
        finding = finding.related(workflow.jobs[index].id.location, "part of the cycle");
    }

    finding
}

/// The shortest way from a job back to itself, beginning with the job.
fn shortest_cycle(workflow: &Workflow, start: JobId, followed: &mut usize) -> Option<Vec<JobId>> {
    let mut came_from: HashMap<JobId, JobId> = HashMap::new();
    let mut queue = VecDeque::from([start]);

    while let Some(job) = queue.pop_front() {
        for next in workflow.needed_jobs(job) {
            *followed += 1;

            if next == start {
                let mut path = vec![job];
                while let Some(&before) = came_from.get(&path[path.len() - 1]) {
                    path.push(before);
                }

                path.reverse();
                return Some(path);
            }

            came_from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                job
            });
        }
    }

    None
}
