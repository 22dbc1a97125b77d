#!/usr/bin/env python3
"""CPU and memory for each file and each service, of generated repositories of several sizes:

    benches/scale.py [files | services] [SIZE ...]

`files` writes trees of mixed files (sources, YAML, Dockerfiles, text), `services` a monorepo whose services have a
Dockerfile, a compose file and six Kubernetes objects that refer to each other. Names and values differ from file to file.
Prints a row for each size.

    DEPLOYLINT=path/to/binary    what to measure; target/release/deploylint unless given
"""
import sys, tempfile
from growth import measure, write

SIZES = {"files": [10_000, 30_000, 100_000], "services": [500, 2_000, 8_000, 16_000]}
WORDS = "order user mail stock price cart media search login audit report queue".split()


def name(i):
    return f"{WORDS[i % len(WORDS)]}-{WORDS[i // 12 % len(WORDS)]}-{i}"


def objects(i):
    app = name(i)
    peer = name(i // 8 * 8 + (i + 1) % 8)
    head = f"metadata:\n  name: {app}\n  labels: {{app: {app}}}\n"
    return "---\n".join([
        f"apiVersion: apps/v1\nkind: Deployment\n{head}spec:\n  replicas: {1 + i % 3}\n  selector: {{matchLabels: {{app: {app}}}}}\n"
        f"  template:\n    metadata: {{labels: {{app: {app}}}}}\n    spec:\n      serviceAccountName: {app}\n      containers:\n"
        f"        - name: main\n          image: acme/{app}:1.{i}.0\n          ports: [{{containerPort: {3000 + i % 900}}}]\n"
        f"          env: [{{name: PEER_URL, value: 'http://{peer}:80/v{i}'}}]\n          envFrom: [{{configMapRef: {{name: {app}}}}}]\n",
        f"apiVersion: v1\nkind: Service\n{head}spec:\n  selector: {{app: {app}}}\n  ports: [{{port: 80, targetPort: {3000 + i % 900}}}]\n",
        f"apiVersion: v1\nkind: ConfigMap\n{head}data: {{LEVEL: 'l{i}', PEER: {peer}}}\n",
        f"apiVersion: v1\nkind: ServiceAccount\n{head}",
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\n{head}spec:\n  rules:\n    - host: {app}.example.org\n      http: {{paths: [{{path: /, "
        f"pathType: Prefix, backend: {{service: {{name: {app}, port: {{number: 80}}}}}}}}]}}\n",
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n{head}spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [Ingress]}}\n",
    ])


def service(i):
    folder = f"team{i // 8}/{name(i)}"
    return {
        f"{folder}/Dockerfile": f"FROM python:3.1{i % 4}-slim\nWORKDIR /srv/{i}\nCOPY . .\nRUN pip install lib{i % 50}==1.{i}\nCMD [\"python\", \"main{i}.py\"]\n",
        f"{folder}/compose.yaml": f"services:\n  {name(i)}:\n    build: .\n    image: acme/{name(i)}:1.{i}.0\n    ports: ['{1024 + i % 60000}:{3000 + i % 900}']\n",
        f"{folder}/k8s/all.yaml": objects(i),
    }


def files(i):
    tree = service(i)
    folder = f"team{i // 8}/{name(i)}"

    for k in range(10):
        tree[f"{folder}/src/part{k}.py"] = "import os\n" + "".join(f"def step_{i}_{k}_{j}(value):\n    return value + {j}\n" for j in range(20 + i % 30))
    for k in range(5):
        tree[f"{folder}/config/c{k}.yaml"] = "".join(f"key{j}_{i}: {{value: {j}, name: {name(i + j)}}}\n" for j in range(10 + i % 20))
    tree[f"{folder}/README.md"] = f"# {name(i)}\n" + "It is a part of the shop.\n" * (3 + i % 9)
    tree[f"{folder}/notes.txt"] = f"Notes of {i}\n" * 5
    return tree


def main(words):
    kinds = [word for word in words if word in SIZES] or list(SIZES)
    sizes = [int(word) for word in words if word.isdigit()]

    for kind in kinds:
        for size in sizes or SIZES[kind]:
            count, make = (size // 20, files) if kind == "files" else (size, service)
            with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
                tree = {}
                for i in range(count):
                    tree.update(make(i))
                written = write(folder + "/tree", tree)
                seconds, mebibytes, code = measure(folder + "/tree")
            print(f"{size:8,} {kind:9} {len(tree):8,} files {written >> 20:4} MiB  {seconds:7.2f} s  {1e6 * seconds / size:6.0f} µs each  "
                  f"{mebibytes:5} MiB  {1024 * mebibytes / size:6.1f} KiB each  exit {code}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
