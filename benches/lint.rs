//! How long the parts take, on generated input: each parser, the search for credentials, and a
//! whole run.
//!
//! `cargo bench --bench lint` runs them. `cargo test` leaves them alone; clippy sees that they
//! compile.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deploylint::config::Config;
use deploylint::credential::{self, Place, Verdict};
use deploylint::engine::lint_texts;
use deploylint::source::FileId;
use deploylint::syntax::yaml::Tree;
use deploylint::syntax::{dockerfile, shell};

fn parsers(bench: &mut Criterion) {
    let yaml = workloads(200);
    let docker = dockerfile_of(100);
    let script = script(200);
    let mut group = bench.benchmark_group("parse");
    group.throughput(Throughput::Bytes(yaml.len() as u64));
    group.bench_function("yaml", |bench| {
        bench.iter(|| Tree::parse(FileId(0), black_box(&yaml)).errors.len())
    });

    group.throughput(Throughput::Bytes(docker.len() as u64));
    group.bench_function("dockerfile", |bench| {
        bench.iter(|| {
            dockerfile::parse(black_box(&docker))
                .tree
                .instructions
                .len()
        });
    });

    group.throughput(Throughput::Bytes(script.len() as u64));
    group.bench_function("shell", |bench| {
        bench.iter(|| shell::parse(black_box(&script)))
    });

    group.finish();
}

fn scan(bench: &mut Criterion) {
    let text = script(2000) + &workloads(200);
    let mut group = bench.benchmark_group("scan");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("credentials", |bench| {
        bench.iter(|| credential::scan(black_box(&text)).len())
    });

    group.finish();
}

/// Prints how well the judge of named values tells the labeled examples apart, and measures how long
/// it takes for all of them.
fn classify(bench: &mut Criterion) {
    let table = include_str!("../src/credential/classify_table.tsv");
    let rows: Vec<(bool, Place, &str, String)> = table
        .lines()
        .filter_map(|row| {
            let mut columns = row.split('\t');
            let is_secret = columns.next()? == "secret";
            let place = match columns.next()? {
                "variable" => Place::Variable,
                "setting" => Place::Setting,
                _ => Place::Code,
            };

            Some((
                is_secret,
                place,
                columns.next()?,
                columns.next()?.replace('|', ""),
            ))
        })
        .collect();
    let found: Vec<bool> = rows
        .iter()
        .filter(|(_, place, name, value)| {
            matches!(
                credential::classify(name, value, *place),
                Verdict::Secret { .. } | Verdict::Token(_) | Verdict::UrlPassword(_)
            )
        })
        .map(|(is_secret, ..)| *is_secret)
        .collect();
    let right = found.iter().filter(|is_secret| **is_secret).count();
    let secrets = rows.iter().filter(|(is_secret, ..)| *is_secret).count();
    println!(
        "classify: {} examples, precision {right}/{}, recall {right}/{secrets}",
        rows.len(),
        found.len()
    );

    bench.bench_function("classify", |bench| {
        bench.iter(|| {
            rows.iter()
                .map(|(_, place, name, value)| {
                    credential::classify(black_box(name), black_box(value), *place)
                })
                .collect::<Vec<_>>()
        })
    });
}

fn whole(bench: &mut Criterion) {
    let one = [("Dockerfile".to_owned(), dockerfile_of(5))];
    let many = repository(40);

    for (name, files) in [("one-dockerfile", &one[..]), ("forty-services", &many[..])] {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
        let mut group = bench.benchmark_group("lint");
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| {
                lint_texts(Config::default(), black_box(&files))
                    .findings
                    .len()
            });
        });

        group.finish();
    }
}

/// A repository of so many services, each with a Dockerfile, a compose service, a workload and a
/// workflow.
fn repository(services: usize) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut compose = String::from("services:\n");

    for at in 0..services {
        let _ = write!(
            compose,
            "  service-{at}:\n    build: ./service-{at}\n    image: registry.example.com/service-{at}:1.0.0\n    ports: [\"{}:8080\"]\n    depends_on: [service-{}]\n    environment:\n      LOG_LEVEL: ${{LOG_LEVEL:-info}}\n",
            9000 + at,
            (at + 1) % services
        );
        files.push((format!("service-{at}/Dockerfile"), dockerfile_of(5)));
        files.push((format!(".github/workflows/service-{at}.yml"), workflow(at)));
    }

    files.push(("compose.yaml".to_owned(), compose));
    files.push(("k8s/workloads.yaml".to_owned(), workloads(services)));

    files
}

fn dockerfile_of(layers: usize) -> String {
    let mut text = String::from("FROM python:3.13.1-slim AS build\nWORKDIR /app\nCOPY . .\n");

    for at in 0..layers {
        let _ = writeln!(
            text,
            "RUN apt-get update && apt-get install -y package-{at} \\\n    && rm -rf /var/lib/apt/lists/*"
        );
    }

    text + "FROM python:3.13.1-slim\nCOPY --from=build /app /app\nCMD [\"python\", \"-m\", \"app\"]\n"
}

fn workloads(count: usize) -> String {
    let mut text = String::new();

    for at in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: service-{at}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: service-{at}}}\n  template:\n    metadata:\n      labels: {{app: service-{at}}}\n    spec:\n      containers:\n        - name: main\n          image: registry.example.com/service-{at}:1.0.0\n          ports:\n            - containerPort: 8080\n          env:\n            - name: LOG_LEVEL\n              value: \"info\"\n          resources:\n            limits:\n              memory: 256Mi\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: service-{at}\nspec:\n  selector: {{app: service-{at}}}\n  ports:\n    - port: 80\n      targetPort: 8080\n"
        );
    }

    text
}

fn workflow(at: usize) -> String {
    format!(
        "name: service-{at}\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          cd service-{at}\n          pytest --quiet\n      - run: echo \"${{{{ github.ref_name }}}}\"\n"
    )
}

fn script(lines: usize) -> String {
    let mut text = String::from("set -euo pipefail\n");

    for at in 0..lines {
        let _ = writeln!(
            text,
            "if [ -f \"file-{at}\" ]; then curl -fsSL \"https://example.com/${{NAME:-x}}/{at}\" \
             | tar -xz; fi"
        );
    }

    text
}

criterion_group!(benches, parsers, scan, classify, whole);
criterion_main!(benches);
