//! Tests of [`taint`](crate::analysis::taint).

use super::{Repo, analyze};
use crate::analysis::taint::{
    Taint, Writer, downloads_artifact, environment_writes, is_code_input, is_privileged, taint,
    untrusted_files_before,
};
use crate::analysis::untrusted_checkout::Site;
use crate::model::workflow::JobId;

const PATH: &str = ".github/workflows/w.yml";

fn workflow(event: &str, jobs: &str) -> String {
    format!("on: {event}\njobs:\n  a:\n    runs-on: x\n{jobs}")
}

fn show(repo: &Repo, taint: &Taint) -> String {
    let writer = match taint.writer {
        Writer::Insider => "insider",
        Writer::Outsider => "outsider",
        Writer::PrivilegedOutsider => "privileged",
    };
    let place = taint.location.map(|location| repo.show(location));

    match place {
        Some(place) => format!("{writer}: {} at {place}", taint.origin),
        None => format!("{writer}: {}", taint.origin),
    }
}

/// The taint of the last expression.
fn last_taint(repo: &Repo) -> Option<String> {
    let workflow = repo.workflow(PATH);
    let expression = workflow.expressions.last()?;

    taint(Site::of(workflow, expression), expression).map(|taint| show(repo, &taint))
}

#[test]
fn input_is_followed_to_where_it_is_used() {
    let title = "github.event.pull_request.title";

    for (event, jobs, expected) in [
        (
            "pull_request",
            "    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n",
            Some(format!("outsider: {title}")),
        ),
        (
            "pull_request_target",
            "    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n",
            Some(format!("privileged: {title}")),
        ),
        (
            "pull_request",
            "    steps:\n      - run: echo ${{ github.event.pull_request.number }}\n",
            None,
        ),
        (
            "pull_request",
            "    steps:\n      - run: echo ${{ github.sha }}\n",
            None,
        ),
        // A dump of the event holds it.
        (
            "pull_request",
            "    steps:\n      - run: echo ${{ toJSON(github.event) }}\n",
            Some("outsider: github.event".to_owned()),
        ),
        (
            "pull_request",
            "    env: {T: '${{ github.event.pull_request.title }}'}\n    steps:\n      \
             - run: echo ${{ env.T }}\n",
            Some(format!("outsider: {title} at {PATH}:5:${{{{ {title} }}}}")),
        ),
        // The variable of the step hides that of the job.
        (
            "pull_request",
            "    env: {T: '${{ github.event.pull_request.title }}'}\n    steps:\n      \
             - env: {T: fixed}\n        run: echo ${{ env.T }}\n",
            None,
        ),
        (
            "{workflow_dispatch: {inputs: {tag: {type: string}}}}",
            "    steps:\n      - run: echo ${{ inputs.tag }}\n",
            Some(format!("insider: inputs.tag at {PATH}:1:tag")),
        ),
        (
            "{workflow_dispatch: {inputs: {tag: {type: boolean}}}}",
            "    steps:\n      - run: echo ${{ inputs.tag }}\n",
            None,
        ),
        (
            "pull_request",
            "    strategy: {matrix: {t: ['${{ github.head_ref }}']}}\n    steps:\n      \
             - run: echo ${{ matrix.t }}\n",
            Some(format!(
                "outsider: github.head_ref at {PATH}:5:${{{{ github.head_ref }}}}"
            )),
        ),
    ] {
        analyze(&[(PATH, &workflow(event, jobs))], |repo| {
            assert_eq!(last_taint(repo), expected, "{event} {jobs}");
        });
    }
}

#[test]
fn outputs_pass_input_on() {
    let written = "    steps:\n      - id: s\n        env:\n          T: ${{ github.head_ref }}\n        \
                   run: |\n          x=$T\n          echo \"name=$x\" >> $GITHUB_OUTPUT\n          \
                   echo \"other=1\" >> $GITHUB_OUTPUT\n      - run: echo ${{ steps.s.outputs.NAME }}\n";
    let place = format!("{PATH}:8:${{{{ github.head_ref }}}}");

    for (output, expected) in [
        (
            "name",
            Some(format!("outsider: github.head_ref at {place}")),
        ),
        ("other", None),
        ("gone", None),
    ] {
        let jobs = written.replace("NAME", output);
        analyze(&[(PATH, &workflow("pull_request", &jobs))], |repo| {
            assert_eq!(last_taint(repo), expected, "{output}");
        });
    }

    let needed = "    outputs: {o: '${{ github.head_ref }}'}\n    steps: [{run: a}]\n  b:\n    \
                  runs-on: x\n    NEEDS\n    steps:\n      - run: echo ${{ needs.a.outputs.o }}\n";
    for (needs, is_tainted) in [("needs: a", true), ("if: true", false)] {
        let jobs = needed.replace("NEEDS", needs);
        analyze(&[(PATH, &workflow("pull_request", &jobs))], |repo| {
            assert_eq!(last_taint(repo).is_some(), is_tainted, "{needs}");
        });
    }
}

#[test]
fn circles_of_variables_end() {
    let jobs = "    env: {A: '${{ env.B }}', B: '${{ env.A }}'}\n    steps:\n      \
                - run: echo ${{ env.A }}\n";
    analyze(&[(PATH, &workflow("pull_request", jobs))], |repo| {
        assert_eq!(last_taint(repo), None);
    });
}

#[test]
fn scripts_write_input_to_the_environment_of_later_steps() {
    for (script, expected) in [
        (
            "echo \"A=$T\" >> $GITHUB_ENV",
            Some("echo \"A=$T\" >> $GITHUB_ENV"),
        ),
        (
            "echo \"$T\" >> \"$GITHUB_PATH\"",
            Some("echo \"$T\" >> \"$GITHUB_PATH\""),
        ),
        ("echo \"A=1\" >> $GITHUB_ENV", None),
        ("echo \"$T\"", None),
        (
            "cat >> $GITHUB_ENV <<X\nname $T\nX",
            Some("cat >> $GITHUB_ENV <<X"),
        ),
        (
            "{\necho \"A=$T\"\n} >> $GITHUB_ENV",
            Some("} >> $GITHUB_ENV"),
        ),
    ] {
        let lines = script.replace('\n', "\n          ");
        let jobs = format!(
            "    steps:\n      - env:\n          T: ${{{{ github.head_ref }}}}\n        \
             run: |\n          {lines}\n"
        );
        analyze(&[(PATH, &workflow("pull_request", &jobs))], |repo| {
            let site = Site {
                workflow: repo.workflow(PATH),
                job: Some(JobId::new(0)),
                step: Some(0),
            };
            let found: Vec<&str> = environment_writes(site)
                .into_iter()
                .map(|(location, _)| repo.analysis.facts.text(location))
                .collect();
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(found, expected, "{script}");
        });
    }
}

#[test]
fn events_with_secrets_are_privileged() {
    for (event, expected) in [
        ("pull_request_target", true),
        ("[push, issue_comment]", true),
        ("workflow_run", true),
        ("pull_request", false),
        ("push", false),
    ] {
        let text = workflow(event, "    steps: [{run: a}]\n");
        analyze(&[(PATH, &text)], |repo| {
            assert_eq!(is_privileged(repo.workflow(PATH)), expected, "{event}");
        });
    }
}

#[test]
fn steps_run_inputs_and_bring_files() {
    for (step, input, is_code, brings) in [
        ("uses: actions/github-script@v7", "script", true, false),
        ("uses: actions/github-script@v7", "retries", false, false),
        ("uses: actions/checkout@v4", "ref", false, false),
        ("uses: actions/download-artifact@v4", "name", false, false),
        (
            "{uses: actions/download-artifact@v4, with: {run-id: 1}}",
            "name",
            false,
            true,
        ),
        ("run: gh run download 1", "script", false, true),
        ("run: gh run list", "script", false, false),
    ] {
        let text = workflow("workflow_run", &format!("    steps:\n      - {step}\n"));
        analyze(&[(PATH, &text)], |repo| {
            let workflow = repo.workflow(PATH);
            let job = &workflow.jobs[JobId::new(0)];
            assert_eq!(is_code_input(&job.steps[0], input), is_code, "{step}");
            assert_eq!(downloads_artifact(&job.steps[0]), brings, "{step}");
            let entry = untrusted_files_before(workflow, job, 1);
            assert_eq!(entry.is_some(), brings, "{step}");
            assert_eq!(untrusted_files_before(workflow, job, 0), None, "{step}");
        });
    }
}
