//! Stages and what their names mean.

use super::*;

fn stages(text: &str) -> Stages {
    Stages::of(&parse(text).tree)
}

#[test]
fn a_stage_holds_its_instructions() {
    let found = stages(
        r"ARG V=1
FROM a AS One
RUN x
RUN y
FROM b
FROM one
CMD z
",
    );
    let rows: Vec<_> = found
        .all
        .iter()
        .map(|stage| {
            (
                stage.name.as_ref().map(|name| name.value.as_str()),
                stage.from,
                stage.instructions.clone(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [(Some("one"), 1, 2..4), (None, 4, 5..5), (None, 5, 6..7)]
    );
    assert_eq!(
        [0, 1, 3, 4, 6].map(|at| found.holding(at)),
        [None, Some(0), Some(0), Some(1), Some(2)]
    );
}

#[test]
fn from_means_an_earlier_stage_of_exactly_that_name() {
    let found = stages(
        r#"FROM x AS Base
FROM base
FROM Base
FROM later
FROM "base" AS later
FROM $base
FROM base AS base"#,
    );
    let bases: Vec<_> = found.all.iter().map(|stage| stage.base).collect();
    assert_eq!(bases, [None, Some(0), None, None, Some(0), None, Some(0)]);
}

#[test]
fn copies_and_mounts_find_stages_by_number_or_by_name_in_any_case() {
    let text = r"FROM x AS one
FROM y AS two
COPY --from=ONE a b
COPY --from=0 a b
COPY --from=two a b
COPY --from=1 a b
COPY --from=9 a b
COPY --from=three a b
COPY --from=nginx:1 a b
COPY --from=$x a b
RUN --mount=from=One,target=/x --mount=type=cache,target=/c z
FROM z AS three
";
    let found = stages(text);
    let targets: Vec<_> = found.all[1]
        .uses
        .iter()
        .map(|one| (one.name.span.text(text), one.target))
        .collect();
    assert_eq!(
        targets,
        [
            ("ONE", Target::Stage(0)),
            ("0", Target::Stage(0)),
            ("two", Target::NotEarlier(1)),
            ("1", Target::NotEarlier(1)),
            ("9", Target::NoSuchIndex),
            ("three", Target::NotEarlier(2)),
            ("nginx:1", Target::Elsewhere),
            ("$x", Target::Variable),
            ("One", Target::Stage(0)),
        ]
    );
}

#[test]
fn of_several_stages_with_a_name_the_last_one_counts() {
    let text = r"FROM a AS x
FROM b AS X
FROM x
COPY --from=x a b
";
    let found = stages(text);
    assert_eq!(
        (found.all[2].base, found.all[2].uses[0].target),
        (Some(1), Target::Stage(1))
    );
    let duplicates: Vec<_> = found
        .duplicates()
        .map(|(first, second, span)| (first, second, span.start))
        .collect();
    assert_eq!(duplicates, [(0, 1, 22)]);
    assert_eq!(parse(text).tree.faults, []);
}

#[test]
fn only_what_the_target_needs_is_reached() {
    let found = stages(
        r"FROM a AS base
FROM base AS build
FROM b AS tools
FROM c AS unused
FROM base AS final
COPY --from=build x y
RUN --mount=from=2,target=/t z
FROM final AS debug
",
    );
    assert_eq!(found.target(None), Some(5));
    assert_eq!(found.target(Some("FINAL")), Some(4));
    assert_eq!(found.target(Some("3")), Some(3));
    assert_eq!(found.target(Some("nothing")), None);
    assert_eq!(found.reachable(4), [true, true, true, false, true, false]);
    assert_eq!(
        found.reachable(3),
        [false, false, false, true, false, false]
    );
    assert_eq!(
        found.chain(5).map(|stage| stage.index).collect::<Vec<_>>(),
        [5, 4, 0]
    );
}
