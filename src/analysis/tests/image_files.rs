//! Tests of [`image_files`](crate::analysis::image_files).

use super::analyze;
use crate::analysis::build_context::contexts;
use crate::analysis::image_files::{ImageFiles, Presence, image_path};

#[test]
fn files_are_where_copies_put_them() {
    let present = |path: &str| Presence::Present(path.to_owned());

    for (before, path, expected) in [
        ("COPY a.txt ./", "/srv/a.txt", present("a.txt")),
        ("COPY a.txt ./", "/srv/b.txt", Presence::Absent),
        ("COPY *.txt /opt/", "/opt/b.txt", present("b.txt")),
        ("COPY . .", "/srv/lib/c.txt", present("lib/c.txt")),
        ("COPY lib /opt", "/opt/c.txt", present("lib/c.txt")),
        ("COPY --from=other / ./", "/srv/a.txt", Presence::Unknown),
        (
            "RUN git clone https://example.com/x .",
            "/srv/a.txt",
            Presence::Unknown,
        ),
        ("RUN cp /x /usr/bin/x", "/srv/a.txt", Presence::Absent),
    ] {
        let text = format!("FROM alpine\nWORKDIR /srv\n{before}\nRUN install-all\n");
        let files = [
            ("Dockerfile", text.as_str()),
            ("a.txt", "1\n"),
            ("b.txt", "1\n"),
            ("lib/c.txt", "1\n"),
        ];
        analyze(&files, |repo| {
            let dockerfile = repo.dockerfile("Dockerfile");
            let context = &contexts(&repo.analysis, dockerfile)[0];
            let step = dockerfile.steps().last();
            let presence = step.and_then(|step| {
                let repository = repo.analysis.facts.repository;
                let files = ImageFiles::before(repository, dockerfile, context, &step)?;
                Some(files.presence(path))
            });
            assert_eq!(presence, Some(expected.clone()), "{before}");
        });
    }
}

#[test]
fn paths_of_an_image_start_in_a_folder() {
    for (folder, path, expected) in [
        ("/srv", "a", Some("/srv/a")),
        ("/srv", "../a", Some("/a")),
        ("/srv", "/opt/./a", Some("/opt/a")),
        ("?", "a", Some("?/a")),
        ("/srv", "$X", None),
    ] {
        assert_eq!(image_path(folder, path).as_deref(), expected, "{path}");
    }
}
