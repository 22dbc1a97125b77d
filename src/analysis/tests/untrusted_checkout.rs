//! Tests of [`untrusted_checkout`](crate::analysis::untrusted_checkout).

use super::analyze;
use crate::analysis::untrusted_checkout::{
    Site, checked_out_inputs, passes_head, script_input, untrusted_checkout_of, untrusted_code_at,
};
use crate::model::workflow::JobId;

const PATH: &str = ".github/workflows/w.yml";

fn workflow(event: &str, jobs: &str) -> String {
    format!("on: {event}\njobs:\n  a:\n    runs-on: x\n{jobs}")
}

#[test]
fn checkouts_of_the_head_are_found_at_what_names_it() {
    for (jobs, expected) in [
        ("    steps:\n      - uses: actions/checkout@v4\n", None),
        (
            "    steps:\n      - uses: actions/checkout@v4\n        with:\n          \
             ref: ${{ github.event.pull_request.head.sha }}\n",
            Some("${{ github.event.pull_request.head.sha }}"),
        ),
        (
            "    steps:\n      - uses: actions/checkout@v4\n        with:\n          \
             ref: ${{ github.event.pull_request.base.sha }}\n",
            None,
        ),
        // Of another input than `ref` and `repository`.
        (
            "    steps:\n      - uses: actions/checkout@v4\n        with:\n          \
             path: ${{ github.head_ref }}\n",
            None,
        ),
        (
            "    steps:\n      - uses: actions/checkout@v4\n        with:\n          \
             ref: refs/pull/${{ github.event.number }}/merge\n",
            Some("${{ github.event.number }}"),
        ),
        (
            "    env:\n      R: ${{ github.head_ref }}\n    steps:\n      \
             - uses: actions/checkout@v4\n        with:\n          ref: ${{ env.R }}\n",
            Some("${{ env.R }}"),
        ),
        (
            "    steps:\n      - run: gh pr checkout 7 && make\n",
            Some("gh pr checkout 7"),
        ),
        (
            "    steps:\n      - run: git fetch origin pull/7/head\n",
            Some("git fetch origin pull/7/head"),
        ),
        (
            "    steps:\n      - env: {R: '${{ github.head_ref }}'}\n        \
             run: git checkout \"$R\"\n",
            Some("git checkout \"$R\""),
        ),
        ("    steps:\n      - run: git checkout main\n", None),
        // It does not run.
        (
            "    steps:\n      - if: false\n        run: gh pr checkout 7\n",
            None,
        ),
    ] {
        for (event, is_privileged) in [("pull_request_target", true), ("pull_request", false)] {
            analyze(&[(PATH, &workflow(event, jobs))], |repo| {
                let workflow = repo.workflow(PATH);
                let site = Site {
                    workflow,
                    job: Some(JobId::new(0)),
                    step: Some(0),
                };
                let text = |location| repo.analysis.facts.text(location);
                assert_eq!(untrusted_code_at(site).map(text), expected, "{jobs}");

                let step = &workflow.jobs[JobId::new(0)].steps[0];
                let found = untrusted_checkout_of(workflow, step).map(text);
                assert_eq!(
                    found,
                    if is_privileged { expected } else { None },
                    "{event} {jobs}"
                );
            });
        }
    }
}

#[test]
fn outputs_that_look_up_the_head_name_it() {
    let jobs = "    steps:\n      - id: pr\n        run: echo \"sha=$(gh pr view --json \
                headRefOid)\" >> $GITHUB_OUTPUT\n      - uses: actions/checkout@v4\n        \
                with:\n          ref: ${{ steps.pr.outputs.NAME }}\n";

    for (output, expected) in [("sha", true), ("number", false), ("base_sha", false)] {
        let text = workflow("issue_comment", &jobs.replace("NAME", output));
        analyze(&[(PATH, &text)], |repo| {
            let site = Site {
                workflow: repo.workflow(PATH),
                job: Some(JobId::new(0)),
                step: Some(1),
            };
            assert_eq!(untrusted_code_at(site).is_some(), expected, "{output}");
        });
    }
}

#[test]
fn inputs_of_a_called_workflow_are_checked_out() {
    let jobs = "    steps:\n      - uses: actions/checkout@v4\n        with:\n          \
                ref: ${{ inputs.commit }}\n          path: ${{ inputs.folder }}\n";
    analyze(&[(PATH, &workflow("workflow_call", jobs))], |repo| {
        let site = Site {
            workflow: repo.workflow(PATH),
            job: Some(JobId::new(0)),
            step: Some(0),
        };
        let found: Vec<(String, String)> = checked_out_inputs(site)
            .into_iter()
            .map(|(name, location)| (name, repo.show(location)))
            .collect();
        let place = format!("{PATH}:8:${{{{ inputs.commit }}}}");
        assert_eq!(found, [("commit".to_owned(), place)]);
    });

    let caller = "on: pull_request_target\njobs:\n  a:\n    uses: ./.github/workflows/t.yml\n    \
                  with:\n      one: ${{ github.head_ref }}\n      two: main\n";
    analyze(&[(PATH, caller)], |repo| {
        let workflow = repo.workflow(PATH);
        let passed: Vec<bool> = workflow.jobs[JobId::new(0)]
            .with
            .iter()
            .filter_map(|input| input.value.location())
            .map(|location| passes_head(workflow, JobId::new(0), location))
            .collect();
        assert_eq!(passed, [true, false]);
    });
}

#[test]
fn the_script_of_a_step_is_its_input() {
    let jobs = "    steps:\n      - uses: actions/github-script@v7\n        with: {script: a()}\n      \
                - uses: actions/github-script@v7\n        with: {script: 'a(${{ github.sha }})'}\n      \
                - run: a\n";
    analyze(&[(PATH, &workflow("push", jobs))], |repo| {
        let steps = &repo.workflow(PATH).jobs[JobId::new(0)].steps;
        let scripts: Vec<&str> = steps.iter().map(script_input).collect();
        assert_eq!(scripts, ["a()", "a(${{ github.sha }})", ""]);
    });
}
