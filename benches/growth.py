#!/usr/bin/env python3
"""How CPU time and memory grow with the size of one thing, at n, 2n and 4n:

    benches/growth.py [WORD ...]        only families whose name contains one of the words

Prints a row for each family: bytes, seconds and MiB at each size, and the exponents of the last doubling. A family whose
exponent is above 1.3 (and that needs more than 0.3 s), or that needs more than 2 s, is marked with `!`.

    DEPLOYLINT=path/to/binary    what to measure; target/release/deploylint unless given
    SCALE=2                      multiplies every size
    KEEP=folder                  writes the largest tree of each family there and keeps it
"""
import math, os, resource, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("DEPLOYLINT", f"{HERE}/target/release/deploylint")
SCALE = float(os.environ.get("SCALE", "1"))
LIMIT = 30


def lines(count, line):
    return "".join(line(i) for i in range(count))


def documents(count, document):
    return "---\n".join(document(i) for i in range(count))


def deployment(i, app, env=""):
    return (f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app{i}}}\nspec:\n  selector: {{matchLabels: {{run: {app}}}}}\n"
            f"  template:\n    metadata: {{labels: {{run: {app}}}}}\n    spec:\n      containers:\n"
            f"        - name: main\n          image: acme/app:1.{i}.0\n{env}")


def service(i, app):
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: app{i}}}\nspec:\n  selector: {{run: {app}}}\n  ports: [{{port: 80}}]\n"


def policy(i):
    return (f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: deny{i}}}\n"
            "spec: {podSelector: {}, policyTypes: [Ingress]}\n")


def workflow(count, job):
    return "on: push\njobs:\n" + lines(count, job)


def job(i, needs, run):
    needs = f"    needs: [{', '.join(needs)}]\n" if needs else ""
    return f"  job{i}:\n    runs-on: ubuntu-24.04\n{needs}    steps:\n      - run: {run}\n"


def url(i, host):
    return f"          env: [{{name: API_URL, value: 'http://{host}:80/'}}]\n"


def compose(count, body):
    return "services:\n" + lines(count, lambda i: f"  svc{i}:\n    image: acme/svc:1.{i}\n{body(i)}")


DOCKER, WORKFLOW, COMPOSE, KUBE = "Dockerfile", ".github/workflows/ci.yml", "compose.yaml", "all.yaml"
PUSH = "docker push acme/app:1"

FAMILIES = {
    "workflow: chain of jobs that push": (1000, lambda n: {WORKFLOW: workflow(n, lambda i: job(i, [f"job{i - 1}"] if i else [], PUSH))}),
    "workflow: layers of 20 jobs that push": (200, lambda n: {WORKFLOW: workflow(n, lambda i: job(i, [f"job{i // 20 * 20 - 20 + k}" for k in range(20)] if i >= 20 else [], PUSH))}),
    "workflow: each job needs all before it": (100, lambda n: {WORKFLOW: workflow(n, lambda i: job(i, [f"job{k}" for k in range(i)], PUSH))}),
    "workflow: jobs on their own": (4000, lambda n: {WORKFLOW: workflow(n, lambda i: job(i, [], PUSH))}),
    "workflow: steps of one job": (8000, lambda n: {WORKFLOW: "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n" + lines(n, lambda i: f"      - run: echo {i} ${{{{ steps.s{i}.outputs.x }}}}\n        id: s{i}\n")}),
    "workflow files that push": (1500, lambda n: {f".github/workflows/w{i}.yml": workflow(1, lambda k: job(k, [], f"docker push acme/app{i}:1")) for i in range(n)}),
    "ENV chain, one a line": (4000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"ENV V{i}=x$V{i - 1}\n")}),
    "ENV that doubles": (200, lambda n: {DOCKER: "FROM alpine:3.22\nENV V0=xx\n" + lines(n, lambda i: f"ENV V{i + 1}=$V{i}$V{i}\n")}),
    "ENV that adds to PATH": (2000, lambda n: {DOCKER: "FROM alpine:3.22\nENV P=/bin\n" + lines(n, lambda i: f"ENV P=/opt/tool{i}/bin:$P\n")}),
    "ARG of one stage": (8000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"ARG V{i}=1\n")}),
    "ENV pairs of one instruction": (20000, lambda n: {DOCKER: "FROM alpine:3.22\nENV " + lines(n, lambda i: f"V{i}=$V{i - 1} ") + "\n"}),
    "LABEL with many variables": (40000, lambda n: {DOCKER: "FROM alpine:3.22\nARG V=1\nLABEL a=" + "$V" * n + "\n"}),
    "RUN lines": (10000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"RUN apk add tool{i}\n")}),
    "RUN lines of apt and pip": (5000, lambda n: {DOCKER: "FROM debian:12\n" + lines(n, lambda i: f"RUN apt-get update && apt-get install -y tool{i}\nRUN pip install lib{i}\n")}),
    "stages with an ENV each": (4000, lambda n: {DOCKER: "FROM alpine:3.22 AS s0\n" + lines(n, lambda i: f"FROM s{i} AS s{i + 1}\nENV V{i}=1\n")}),
    "stages with COPY --from": (5000, lambda n: {DOCKER: "FROM alpine:3.22 AS s0\n" + lines(n, lambda i: f"FROM s{i} AS s{i + 1}\nCOPY --from=s{i} /a /a\n")}),
    "stages side by side": (5000, lambda n: {DOCKER: lines(n, lambda i: f"FROM alpine:3.22 AS s{i}\nRUN make\n") + f"FROM scratch\n" + lines(n, lambda i: f"COPY --from=s{i} /a /a\n")}),
    "COPY lines": (8000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"COPY a{i} /b{i}\nWORKDIR d{i}\n")}),
    "one RUN of many commands": (20000, lambda n: {DOCKER: "FROM alpine:3.22\nRUN " + lines(n, lambda i: f"echo {i} \\\n && ") + "true\n"}),
    "one heredoc of many commands": (20000, lambda n: {DOCKER: "FROM alpine:3.22\nRUN <<EOF\n" + lines(n, lambda i: f"curl -O http://h/{i}\n") + "EOF\n"}),
    "Dockerfiles in folders": (3000, lambda n: {f"a{i}/Dockerfile": "FROM python:3.13-slim\nCOPY . .\nRUN pip install flask\nCMD python app.py\n" for i in range(n)}),
    "Dockerfiles in one folder": (1000, lambda n: {f"Dockerfile.a{i}": "FROM node:22\nCOPY . .\nRUN npm install\nCMD npm start\n" for i in range(n)}),
    "Dockerfile and compose in folders": (2000, lambda n: {f"a{i}/{name}": text for i in range(n) for name, text in ((DOCKER, "FROM node:22\nCOPY . .\nCMD node a.js\n"), (COMPOSE, "services:\n  a:\n    build: .\n    image: acme/a\n"))}),
    ".env that doubles": (200, lambda n: {".env": "V0=xx\n" + lines(n, lambda i: f"V{i + 1}=${{V{i}}}${{V{i}}}\n"), COMPOSE: compose(1, lambda i: f"    environment: {{V: '${{V{n}}}'}}\n")}),
    ".env beside sources": (4000, lambda n: {".env.example": lines(n, lambda i: f"V{i}=x\n"), "app.py": "import os\n" + lines(n, lambda i: f"os.environ['W{i}']\n"), COMPOSE: compose(1, lambda _: "    environment:\n" + lines(n, lambda i: f"      X{i}: ${{Y{i}}}\n"))}),
    "compose: command of lines": (10000, lambda n: {COMPOSE: compose(1, lambda _: "    command: |\n" + "      echo hello world\n" * n)}),
    "compose: value with variables": (10000, lambda n: {COMPOSE: compose(1, lambda _: "    environment:\n      A: |\n" + "        echo $TOKEN ${OTHER:-x}\n" * n)}),
    "compose: command with variables": (10000, lambda n: {".env": "TOKEN=x\n", COMPOSE: compose(1, lambda _: "    command: |\n" + "      echo $TOKEN ${TOKEN:-x}\n" * n)}),
    "compose: shell command with $$": (10000, lambda n: {COMPOSE: compose(1, lambda _: "    command:\n      - sh\n      - -c\n      - |\n" + "        echo $$TOKEN\n" * n)}),
    "compose: URL of another service": (5000, lambda n: {COMPOSE: compose(n, lambda i: f"    environment: {{URL{i}: 'http://svc{(i + 7) % n}:80/'}}\n")}),
    "compose: one variable, another host": (4000, lambda n: {COMPOSE: compose(n, lambda i: f"    environment: {{URL: 'http://host{i}:80/'}}\n")}),
    "compose: ports": (5000, lambda n: {COMPOSE: compose(n, lambda i: f"    ports: ['{1024 + i}:80']\n    environment: {{URL: 'http://svc{(i + 7) % n}:80/'}}\n")}),
    "compose: misspelt depends_on": (2000, lambda n: {COMPOSE: compose(n, lambda i: f"    depends_on: [svx{i}x]\n")}),
    "compose: depends_on all before": (250, lambda n: {COMPOSE: compose(n, lambda i: f"    depends_on: [{', '.join(f'svc{k}' for k in range(i))}]\n")}),
    "compose: depends_on in circles": (1500, lambda n: {COMPOSE: compose(n, lambda i: f"    depends_on: [{', '.join(f'svc{(i + k) % n}' for k in range(1, 21))}]\n")}),
    "compose: depends_on chain": (4000, lambda n: {COMPOSE: compose(n, lambda i: f"    depends_on: [svc{i - 1}]\n" if i else "")}),
    "compose: missing build folders": (4000, lambda n: {COMPOSE: compose(n, lambda i: f"    build: ./app{i}\n")}),
    "compose: one build context": (3000, lambda n: {DOCKER: "FROM python:3.13\nCOPY . .\nCMD python a.py\n", COMPOSE: compose(n, lambda i: f"    build: .\n    command: python a{i}.py\n")}),
    "compose: extends of one": (3000, lambda n: {COMPOSE: compose(n, lambda i: "    extends: {service: svc0}\n" if i else "")}),
    "compose: extends chain": (2000, lambda n: {COMPOSE: compose(n, lambda i: f"    extends: {{service: svc{i - 1}}}\n" if i else "    environment: {A: b}\n")}),
    "compose: volumes and networks": (3000, lambda n: {COMPOSE: compose(n, lambda i: f"    volumes: ['v{i}:/data', './d{i}:/x']\n    networks: [n{i}]\n") + "volumes:\n" + lines(n, lambda i: f"  v{i}:\n") + "networks:\n" + lines(n, lambda i: f"  n{i}:\n")}),
    "compose: databases that are used": (2000, lambda n: {COMPOSE: compose(n, lambda i: f"    environment: {{DATABASE_URL: 'postgres://db{i}/x'}}\n") + lines(n, lambda i: f"  db{i}:\n    image: postgres:17\n")}),
    "compose.*.yaml in one folder": (2000, lambda n: {f"compose.{i}.yaml": f"services:\n  a{i}:\n    image: acme/a:1.{i}\n" for i in range(n)}),
    "Services that select nothing": (1500, lambda n: {KUBE: documents(n, lambda i: deployment(i, f"run{i}") + "---\n" + service(i, f"rum{i}"))}),
    "Deployments and Services of one label": (2000, lambda n: {KUBE: documents(n, lambda i: deployment(i, "all") + "---\n" + service(i, "all"))}),
    "policies with an empty selector": (2000, lambda n: {KUBE: documents(n, lambda i: deployment(i, "all") + "---\n" + policy(i))}),
    "policies in folders": (2000, lambda n: {f"a{i}/all.yaml": deployment(i, "all") + "---\n" + service(i, "all") + "---\n" + policy(i) for i in range(n)}),
    "URL of no Service, in folders": (2000, lambda n: {f"a{i}/all.yaml": deployment(i, f"run{i}", url(i, f"apq{i}")) + "---\n" + service(i, f"run{i}") for i in range(n)}),
    "Services that select nothing, in folders": (2000, lambda n: {f"a{i}/all.yaml": deployment(i, f"run{i}") + "---\n" + service(i, f"rum{i}") for i in range(n)}),
    "Ingresses of no Service": (2000, lambda n: {KUBE: documents(n, lambda i: service(i, "x") + f"---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i{i}}}\nspec: {{rules: [{{host: h{i}.example.org, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: apq{i}, port: {{number: 80}}}}}}}}]}}}}]}}\n")}),
    "ConfigMaps that are missing": (2000, lambda n: {KUBE: documents(n, lambda i: deployment(i, f"run{i}", f"          envFrom: [{{configMapRef: {{name: cfg{i}x}}}}]\n") + f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg{i}}}\ndata: {{a: b}}\n")}),
    "autoscalers": (2000, lambda n: {KUBE: documents(n, lambda i: deployment(i, f"run{i}") + f"---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a{i}}}\nspec: {{minReplicas: 1, maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: apq{i}}}}}\n")}),
    "containers of one pod": (3000, lambda n: {KUBE: "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n" + lines(n, lambda i: f"    - name: c{i}\n      image: acme/a:1.{i}\n      env: [{{name: A{i}, value: $(A{i - 1})}}]\n      volumeMounts: [{{name: v{i}, mountPath: /v{i}}}]\n") + "  volumes:\n" + lines(n, lambda i: f"    - {{name: v{i}, emptyDir: {{}}}}\n")}),
    "variables of one container": (10000, lambda n: {KUBE: deployment(0, "a", "          env:\n" + lines(n, lambda i: f"            - {{name: A{i}, value: 'x$(A{i - 1})'}}\n"))}),
    "templates of one chart": (1500, lambda n: {"Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n", **{f"templates/a{i}.yaml": deployment("{{ .Values.a }}", "{{ .Values.b }}").replace("{{ .Values.a }}", f"{{{{ .Values.a{i} }}}}") + "---\n" + service(f"{{{{ .Values.a{i} }}}}", "{{ .Values.b }}") for i in range(n)}}),
    "kustomize patches": (150, lambda n: {**{f"d{i}.yaml": deployment(i, f"run{i}") for i in range(n)}, "kustomization.yaml": "resources:\n" + lines(n, lambda i: f"  - d{i}.yaml\n") + "patches:\n" + lines(n, lambda i: f"  - target: {{kind: Deployment, name: app{i}}}\n    patch: |\n      - op: replace\n        path: /spec/replicas\n        value: {i}\n")}),
    "kustomize images and replicas": (1500, lambda n: {**{f"d{i}.yaml": deployment(i, f"run{i}") for i in range(n)}, "kustomization.yaml": "resources:\n" + lines(n, lambda i: f"  - d{i}.yaml\n") + "images:\n" + lines(n, lambda i: f"  - {{name: acme/img{i}, newTag: '1.{i}'}}\n") + "replicas:\n" + lines(n, lambda i: f"  - {{name: app{i}, count: 2}}\n")}),
    "kustomizations in a chain": (1000, lambda n: {f"k{i}/kustomization.yaml": f"resources:\n  - ../k{i + 1}\n" for i in range(n)} | {f"k{n}/kustomization.yaml": "resources: [d.yaml]\n", f"k{n}/d.yaml": deployment(0, "a")}),
    "objects in one line of JSON": (16000, lambda n: {"all.json": '{"kind":"List","apiVersion":"v1","items":[' + ",".join(f'{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p{i}"}},"spec":{{"containers":[{{"name":"a","image":"acme"}}]}}}}' for i in range(n)) + "]}"}),
    "braces in a JSON string": (500000, lambda n: {"a.json": '{"apiVersion":"v1","kind":"Pod","a":"' + "{" * n}),
    "quotes and braces in a JSON line": (200000, lambda n: {"a.json": '{"apiVersion":"v1","kind":"Pod","a":"' + '"{{' * n}),
    "actions in one template line": (50000, lambda n: {"Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n", "templates/a.yaml": "apiVersion: v1\nkind: Pod\n" + "{{ end }}" * n}),
    "unclosed actions of a template": (200000, lambda n: {"templates/a.yaml": "a: b\n" + "{{ " * n}),
    "names in a suppression": (50000, lambda n: {DOCKER: "FROM alpine:3.22\n# deploylint: ignore[" + ",".join(["pinned-image"] * n) + "] reason\nRUN ls\n"}),
    "unknown names in a suppression": (50000, lambda n: {DOCKER: "FROM alpine:3.22\n# deploylint: ignore[" + ",".join(f"pined-image{i}" for i in range(n)) + "] reason\nRUN ls\n"}),
    "suppressions in one file": (5000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"# deploylint: ignore[pinned-image] reason {i}\nRUN sudo ls\n")}),
    "secrets in one line": (8000, lambda n: {"a.txt": " ".join("postgres://user:" + "Kq9Lx2" + f"Vb7Rt4Yw8P{i}@db.prod.acme.io/x" for i in range(n))}),
    "secrets in lines": (20000, lambda n: {"a.txt": "\n".join("postgres://user:" + "Kq9Lx2" + f"Vb7Rt4Yw8P{i}@db.prod.acme.io/x" for i in range(n))}),
    "broken documents": (8000, lambda n: {KUBE: "apiVersion: v1\nkind: Pod\n" + lines(n, lambda i: f"a{i}: [\n---\nb: {{\n")}),
    "Prometheus targets": (4000, lambda n: {"prometheus.yml": "scrape_configs:\n" + lines(n, lambda i: f"  - job_name: j{i}\n    static_configs: [{{targets: ['svx{i}:9090']}}]\n"), COMPOSE: compose(n, lambda i: "    ports: ['9090']\n")}),
    "nginx upstreams": (4000, lambda n: {"nginx.conf": "http {\n" + lines(n, lambda i: f"  server {{ location /{i} {{ proxy_pass http://svx{i}:80; }} }}\n") + "}\n", COMPOSE: compose(n, lambda i: "    ports: ['80']\n")}),
    "image versions that differ": (2000, lambda n: {**{f"a{i}/deploy.yaml": deployment(i, f"run{i}") for i in range(n)}, WORKFLOW: workflow(1, lambda i: job(i, [], "docker build -t other/app:1 . && docker push other/app:1"))}),
    "routes of a program": (5000, lambda n: {"app.py": "from flask import Flask\napp = Flask(__name__)\n" + lines(n, lambda i: f"@app.route('/p{i}')\ndef f{i}(): return ''\n"), DOCKER: "FROM python:3.13\nCOPY . .\nCMD python app.py\n", COMPOSE: "services:\n  a:\n    build: .\n    healthcheck: {test: 'curl localhost/health'}\n"}),
}


def pod(inner):
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n" + inner


def steps(count, step):
    return "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n" + lines(count, step)


def resources(count, name):
    return "resources:\n" + lines(count, lambda i: f"  - {name(i)}\n")


CHART = "apiVersion: v2\nname: a\nversion: 1.0.0\n"
SECRET = "Kq9Lx2" + "Vb7Rt4Yw8P"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: "

FAMILIES |= {
    "compose: environment of one service": (8000, lambda n: {COMPOSE: compose(1, lambda _: "    environment:\n" + lines(n, lambda i: f"      V{i}: '${{W{i}:-x}}'\n"))}),
    "compose: repeated environment entries": (8000, lambda n: {COMPOSE: compose(1, lambda _: "    environment:\n" + lines(n, lambda i: f"      - V{i}=${{V{i}}}\n"))}),
    "compose: volumes of one service": (4000, lambda n: {COMPOSE: compose(1, lambda _: "    volumes:\n" + lines(n, lambda i: f"      - ./d{i}:/d{i}\n      - v{i}:/v{i}\n"))}),
    "compose: ports of one service": (4000, lambda n: {COMPOSE: compose(1, lambda _: "    ports:\n" + lines(n, lambda i: f"      - '{1 + i}:{1 + i}'\n"))}),
    "compose: labels of one service": (4000, lambda n: {COMPOSE: compose(1, lambda _: "    labels:\n" + lines(n, lambda i: f"      - traefik.http.routers.r{i}.rule=Host(`h{i}`)\n      - traefik.http.services.r{i}.loadbalancer.server.port=80\n"))}),
    "compose: profiles": (4000, lambda n: {COMPOSE: compose(n, lambda i: f"    profiles: [p{i}, q{i % 7}]\n    depends_on: [svc{(i + 1) % n}]\n")}),
    "compose: networks of one service": (4000, lambda n: {COMPOSE: compose(2, lambda _: "    networks: [" + ", ".join(f"n{i}" for i in range(n)) + "]\n") + "networks:\n" + lines(n, lambda i: f"  n{i}:\n")}),
    "compose: services in one network each": (4000, lambda n: {COMPOSE: compose(n, lambda i: f"    networks: [n{i}]\n    environment: {{URL: 'http://svc{(i + 1) % n}:80'}}\n") + "networks:\n" + lines(n, lambda i: f"  n{i}:\n")}),
    "compose: secrets and configs": (3000, lambda n: {COMPOSE: compose(n, lambda i: f"    secrets: [s{i}]\n    configs: [c{i}]\n") + "secrets:\n" + lines(n, lambda i: f"  s{i}: {{file: ./s{i}.txt}}\n") + "configs:\n" + lines(n, lambda i: f"  c{i}: {{file: ./c{i}.txt}}\n")}),
    "compose: merged anchors": (3000, lambda n: {COMPOSE: "x-a: &a\n  restart: always\n  environment: {A: b}\n" + compose(n, lambda i: "    <<: *a\n")}),
    "compose: chain of anchors": (1500, lambda n: {COMPOSE: "x-a0: &a0 {restart: always}\n" + lines(n, lambda i: f"x-a{i + 1}: &a{i + 1}\n  <<: *a{i}\n  l{i}: b\n") + compose(1, lambda _: f"    <<: *a{n}\n")}),
    "compose: includes": (1000, lambda n: {COMPOSE: "include:\n" + lines(n, lambda i: f"  - a{i}/compose.yaml\n"), **{f"a{i}/compose.yaml": compose(1, lambda _: "").replace("svc0", f"svc{i}") for i in range(n)}}),
    "compose: env files": (1500, lambda n: {COMPOSE: compose(n, lambda i: f"    env_file: [e{i}.env]\n    environment: {{A: '${{V{i}}}'}}\n"), **{f"e{i}.env": f"V{i}=1\n" for i in range(n)}}),
    "compose: one env file of many names": (3000, lambda n: {COMPOSE: compose(n, lambda i: f"    env_file: [.env]\n    environment: {{A: '${{V{i}}}'}}\n"), ".env": lines(n, lambda i: f"V{i}=1\n")}),
    "compose: mounts of proxies that differ": (1000, lambda n: {COMPOSE: compose(n, lambda i: f"    volumes: ['./conf/c{i}.conf:/etc/nginx/conf.d/a.conf']\n"), **{f"conf/c{i}.conf": f"server {{ location / {{ proxy_pass http://nowhere{i}:80; }} }}\n" for i in range(n)}}),
    "compose: healthchecks": (3000, lambda n: {COMPOSE: compose(n, lambda i: f"    healthcheck: {{test: 'curl -f http://localhost:80/h{i}'}}\n    depends_on: {{svc{(i + 1) % n}: {{condition: service_healthy}}}}\n")}),
    "workflow: matrix values": (8000, lambda n: {WORKFLOW: "on: push\njobs:\n  a:\n    strategy: {matrix: {v: [" + ", ".join(f"x{i}" for i in range(n)) + "]}}\n    runs-on: ubuntu-24.04\n    steps: [{run: 'make ${{ matrix.v }}'}]\n"}),
    "workflow: matrix includes": (3000, lambda n: {WORKFLOW: "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        v: [1, 2]\n        include:\n" + lines(n, lambda i: f"          - {{v: {i}, w{i}: b}}\n") + "    runs-on: ubuntu-24.04\n    steps: [{run: 'make ${{ matrix.w1 }}'}]\n"}),
    "workflow: environment of one job": (4000, lambda n: {WORKFLOW: "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    env:\n" + lines(n, lambda i: f"      V{i}: ${{{{ github.event.issue.title }}}}\n") + "    steps:\n      - run: |\n" + lines(n, lambda i: f"          echo $V{i}\n")}),
    "workflow: steps with outputs": (2000, lambda n: {WORKFLOW: steps(n, lambda i: f"      - id: s{i}\n        run: echo x=${{{{ steps.s{i - 1 if i else 0}.outputs.x }}}} >> $GITHUB_OUTPUT\n")}),
    "workflow: outputs through a chain of jobs": (800, lambda n: {WORKFLOW: workflow(n, lambda i: f"  job{i}:\n    runs-on: ubuntu-24.04\n" + (f"    needs: [job{i - 1}]\n" if i else "") + f"    outputs: {{x: '${{{{ needs.job{i - 1}.outputs.x }}}}'}}\n    steps:\n      - run: echo ${{{{ needs.job{i - 1}.outputs.x }}}}\n")}),
    "workflow: actions": (3000, lambda n: {WORKFLOW: steps(n, lambda i: f"      - uses: acme/action{i}@v1\n        with: {{a: '${{{{ secrets.T{i} }}}}'}}\n")}),
    "workflow: local actions": (800, lambda n: {WORKFLOW: steps(n, lambda i: f"      - uses: ./.github/actions/a{i}\n"), **{f".github/actions/a{i}/action.yml": "name: a\nruns:\n  using: composite\n  steps: [{run: make test, shell: bash}]\n" for i in range(n)}}),
    "workflow: called workflows in a chain": (800, lambda n: {f".github/workflows/w{i}.yml": f"on: {{workflow_call: {{}}, push: {{}}}}\njobs:\n  a:\n    uses: ./.github/workflows/w{i + 1}.yml\n" for i in range(n)}),
    "workflow: path filters": (4000, lambda n: {WORKFLOW: "on:\n  push:\n    paths:\n" + lines(n, lambda i: f"      - 'a{i}/**'\n") + "jobs:\n" + job(0, [], "make")}),
    "workflow: make targets": (2000, lambda n: {WORKFLOW: steps(n, lambda i: f"      - run: make t{i}\n"), "Makefile": lines(n, lambda i: f"t{i}:\n\techo {i}\n")}),
    "workflow: targets that need each other": (2000, lambda n: {WORKFLOW: workflow(1, lambda i: job(i, [], "make t0") + "      - run: docker push acme/a\n"), "Makefile": lines(n, lambda i: f"t{i}: t{i + 1}\n\techo {i}\n")}),
    "workflow: package scripts": (2000, lambda n: {WORKFLOW: steps(n, lambda i: f"      - run: npm run s{i}\n"), "package.json": '{"scripts": {' + ", ".join(f'"s{i}": "npm run s{i + 1}"' for i in range(n)) + "}}"}),
    "workflow: scripts of every package": (500, lambda n: {WORKFLOW: steps(n, lambda i: f"      - run: npm run s{i} --workspaces\n      - run: docker push acme/a\n"), **{f"p{i}/package.json": f'{{"scripts": {{"s{i}": "jest"}}}}' for i in range(n)}}),
    "workflow: pyproject tasks": (800, lambda n: {WORKFLOW: steps(n, lambda i: f"      - run: poe t{i}\n"), "pyproject.toml": "[tool.poe.tasks]\n" + lines(n, lambda i: f"t{i} = 'pytest'\n")}),
    "workflow: lines of one script": (8000, lambda n: {WORKFLOW: steps(1, lambda _: "      - run: |\n" + lines(n, lambda i: f"          V{i}=$(curl http://h/{i})\n"))}),
    "workflow: one long command": (20000, lambda n: {WORKFLOW: steps(1, lambda _: "      - run: docker build " + lines(n, lambda i: f"--build-arg A{i}=b ") + ".\n")}),
    "workflow: expressions in one line": (4000, lambda n: {WORKFLOW: steps(1, lambda _: "      - run: echo " + lines(n, lambda i: f"${{{{ github.event.a{i} }}}} ") + "\n")}),
    "Dockerfile: build arguments that are used": (3000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"ARG V{i}\nRUN echo $V{i}\n")}),
    "Dockerfile: ignore patterns": (3000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"COPY a{i} /a{i}\n"), ".dockerignore": lines(n, lambda i: f"**/b{i}/*.c\n!x{i}\n")}),
    "Dockerfile: ignore patterns and files": (1000, lambda n: {DOCKER: "FROM alpine:3.22\nCOPY . .\n", ".dockerignore": lines(n, lambda i: f"*/b{i}*\n"), **{f"s{i}/.env": "A=b\n" for i in range(n)}}),
    "Dockerfile: labels": (8000, lambda n: {DOCKER: "FROM alpine:3.22\nLABEL " + lines(n, lambda i: f"a{i}=b{i} \\\n ") + "x=y\n"}),
    "Dockerfile: packages of one command": (8000, lambda n: {DOCKER: "FROM debian:12\nRUN apt-get install -y " + lines(n, lambda i: f"tool{i} ") + "\n"}),
    "Dockerfile: USER and EXPOSE lines": (4000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"USER u{i}\nEXPOSE {i + 1}\n")}),
    "Dockerfile: secrets": (2000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"ENV DB{i}_PASSWORD={SECRET}{i}\n")}),
    "Dockerfile: comments": (20000, lambda n: {DOCKER: "FROM alpine:3.22\n" + lines(n, lambda i: f"# line {i}\n") + "RUN ls\n"}),
    "pods of one namespace each": (3000, lambda n: {KUBE: documents(n, lambda i: deployment(i, f"run{i}").replace("metadata: {name", f"metadata: {{namespace: n{i}, name", 1) + "---\n" + service(i, f"run{i}").replace("metadata: {name", f"metadata: {{namespace: n{i}, name", 1))}),
    "pod: volumes and mounts": (3000, lambda n: {KUBE: pod("  containers:\n    - name: a\n      image: acme/a:1\n      volumeMounts:\n" + lines(n, lambda i: f"        - {{name: v{i}, mountPath: /v{i}}}\n") + "  volumes:\n" + lines(n, lambda i: f"    - {{name: v{i}, emptyDir: {{}}}}\n"))}),
    "pod: ports of one container": (4000, lambda n: {KUBE: deployment(0, "a", "          ports:\n" + lines(n, lambda i: f"            - {{name: p{i}, containerPort: {i + 1}}}\n")) + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  selector: {run: a}\n  ports:\n" + lines(n, lambda i: f"    - {{name: p{i}, port: {i + 1}, targetPort: p{i}}}\n")}),
    "pod: containers with probes": (1500, lambda n: {KUBE: pod("  containers:\n" + lines(n, lambda i: f"    - name: c{i}\n      image: acme/a:1.{i}\n      ports: [{{containerPort: {i + 1}}}]\n      livenessProbe: {{httpGet: {{port: {i + 1}, path: /h}}}}\n"))}),
    "pod: labels and annotations": (6000, lambda n: {KUBE: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n" + lines(n, lambda i: f"    l{i}: v{i}\n") + "  annotations:\n" + lines(n, lambda i: f"    a{i}: v{i}\n") + "spec: {containers: [{name: a, image: acme/a:1}]}\n"}),
    "selector of many labels": (3000, lambda n: {KUBE: documents(n, lambda i: deployment(i, "all").replace("labels: {run: all}", f"labels: {{run: all, tier: t{i % 3}, part: p{i}}}") + "---\n" + service(i, "all").replace("{run: all}", f"{{run: all, tier: t{i % 3}, part: p{i}}}"))}),
    "ConfigMap keys": (10000, lambda n: {KUBE: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + lines(n, lambda i: f"  K{i}: v{i}\n") + "---\n" + deployment(0, "a", "          env:\n" + lines(n // 4, lambda i: f"            - {{name: A{i}, valueFrom: {{configMapKeyRef: {{name: a, key: K{i}}}}}}}\n"))}),
    "ConfigMaps that are mounted": (1500, lambda n: {KUBE: documents(n, lambda i: f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}\ndata: {{a: b}}\n---\n" + deployment(i, f"r{i}", f"          envFrom: [{{configMapRef: {{name: c{i}}}}}]\n"))}),
    "Secrets with values": (2000, lambda n: {KUBE: documents(n, lambda i: f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s{i}}}\nstringData: {{password: {SECRET}{i}}}\n")}),
    "Ingress paths": (3000, lambda n: {KUBE: "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  rules:\n    - http:\n        paths:\n" + lines(n, lambda i: f"          - {{path: /p{i}, pathType: Prefix, backend: {{service: {{name: s{i}, port: {{number: 80}}}}}}}}\n")}),
    "Ingress hosts": (2000, lambda n: {KUBE: documents(n, lambda i: f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i{i}}}\nspec: {{rules: [{{host: h.example.org, http: {{paths: [{{path: /p{i}, pathType: Prefix, backend: {{service: {{name: s{i}, port: {{number: 80}}}}}}}}]}}}}]}}\n---\n" + service(i, f"r{i}").replace("app", "s", 1))}),
    "RBAC: roles and bindings": (2000, lambda n: {KUBE: documents(n, lambda i: ROLE + f"Role\nmetadata: {{name: r{i}}}\nrules: [{{apiGroups: [''], resources: [secrets], verbs: ['*']}}]\n---\n" + ROLE + f"RoleBinding\nmetadata: {{name: b{i}}}\nroleRef: {{kind: Role, name: r{i}, apiGroup: rbac.authorization.k8s.io}}\nsubjects: [{{kind: ServiceAccount, name: a{i}}}]\n")}),
    "RBAC: subjects of one binding": (4000, lambda n: {KUBE: ROLE + "ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}\nsubjects:\n" + lines(n, lambda i: f"  - {{kind: ServiceAccount, name: a{i}, namespace: x}}\n") + "---\n" + documents(n // 4, lambda i: f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: a{i}, namespace: x}}\n")}),
    "RBAC: accounts of pods": (2000, lambda n: {KUBE: documents(n, lambda i: f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: a{i}}}\n---\n" + deployment(i, f"r{i}").replace("    spec:\n", f"    spec:\n      serviceAccountName: a{i}\n"))}),
    "RBAC: rules of one role": (4000, lambda n: {KUBE: ROLE + "ClusterRole\nmetadata: {name: r}\nrules:\n" + lines(n, lambda i: f"  - {{apiGroups: [g{i}], resources: [r{i}], verbs: [get]}}\n")}),
    "kustomize overlays of one base": (400, lambda n: {"base/d.yaml": deployment(0, "a"), "base/kustomization.yaml": "resources: [d.yaml]\n", **{f"o{i}/kustomization.yaml": f"resources: [../base]\nnamePrefix: p{i}-\n" for i in range(n)}}),
    "kustomize one folder many times": (1000, lambda n: {"kustomization.yaml": resources(n, lambda i: "d"), **{f"d/d{i}.yaml": deployment(i, f"r{i}") for i in range(n)}}),
    "kustomize merge patches": (400, lambda n: {**{f"d{i}.yaml": deployment(i, f"r{i}") for i in range(n)}, **{f"p{i}.yaml": f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app{i}}}\nspec: {{replicas: 3}}\n" for i in range(n)}, "kustomization.yaml": resources(n, lambda i: f"d{i}.yaml") + "patches:\n" + lines(n, lambda i: f"  - path: p{i}.yaml\n")}),
    "kustomize patches of one object": (800, lambda n: {"d.yaml": deployment(0, "a"), "kustomization.yaml": "resources: [d.yaml]\npatches:\n" + lines(n, lambda i: f"  - target: {{kind: Deployment}}\n    patch: |\n      - op: add\n        path: /metadata/annotations/a{i}\n        value: b\n")}),
    "kustomize generators": (2000, lambda n: {"d.yaml": deployment(0, "a"), "kustomization.yaml": "resources: [d.yaml]\nconfigMapGenerator:\n" + lines(n, lambda i: f"  - name: c{i}\n    literals: [a=b{i}]\n")}),
    "charts": (500, lambda n: {name: text for i in range(n) for name, text in ((f"c{i}/Chart.yaml", CHART), (f"c{i}/values.yaml", f"image: {{tag: '1.{i}'}}\n"), (f"c{i}/templates/d.yaml", deployment(i, "{{ .Values.image.tag }}")))}),
    "values of one chart": (6000, lambda n: {"Chart.yaml": CHART, "values.yaml": lines(n, lambda i: f"v{i}:\n  enabled: true\n  tag: a{i}\n"), "templates/a.yaml": documents(n // 8, lambda i: f"{{{{ if .Values.v{i}.enabled }}}}\n" + service(i, f"{{{{ .Values.v{i}.tag }}}}") + "{{ end }}\n")}),
    "files with one text": (2000, lambda n: {f"a{i}/d.yaml": deployment(0, "a") for i in range(n)}),
    "files of one length": (2000, lambda n: {f"a{i}/d.yaml": deployment(0, "a") + f"# {i:08}\n" for i in range(n)}),
    "files of one object": (1000, lambda n: {f"a{i}/d.yaml": deployment(0, "a").replace("1.0.0", f"1.{i}.0") for i in range(n)}),
    "folders in a line": (1500, lambda n: {"/".join(f"d{k}" for k in range(i % 40)) + f"/x{i}/Dockerfile": "FROM alpine\n" for i in range(n)}),
    "route files": (800, lambda n: {**{f"r{i}.py": f"from flask import Flask\napp = Flask(__name__)\n@app.route('/p{i}')\ndef f(): return ''\n" for i in range(n)}, DOCKER: "FROM python:3.13\nCOPY . .\nCMD python r0.py\n", COMPOSE: compose(n // 4, lambda i: f"    build: .\n    healthcheck: {{test: 'curl -f localhost:80/q{i}'}}\n")}),
    "names in example env files": (3000, lambda n: {".env.example": lines(n, lambda i: f"NAME_{i}=\n"), **{f"s{i}.py": "x = 1\n" for i in range(n)}}),
    "names that begin alike": (1500, lambda n: {".env.example": lines(n, lambda i: "NAME_OF_IT" + "A" * (i % 500) + f"={i}\n"), "a.py": lines(n, lambda i: "NAME_OF_IT" + "A" * 500 + "\n")}),
    ".gitignore lines and files": (1000, lambda n: {".gitignore": lines(n, lambda i: f"*.x{i}\n"), **{f"a{i}.py": "x = 1\n" for i in range(n)}}),
    "suppressions in lines of YAML": (3000, lambda n: {COMPOSE: compose(n, lambda i: f"    # deploylint: ignore[privileged] reason {i}\n    privileged: true\n")}),
    "findings in one line": (6000, lambda n: {DOCKER: "FROM alpine:3.22\nRUN " + lines(n, lambda i: f"sudo apk add a{i}; ") + "true\n"}),
    "findings of one object": (2000, lambda n: {KUBE: pod("  containers:\n" + lines(n, lambda i: f"    - {{name: c{i}, image: 'acme/a:latest', securityContext: {{privileged: true}}}}\n"))}),
    "secrets of one name": (3000, lambda n: {COMPOSE: compose(n, lambda i: f"    environment: {{DB_PASSWORD: {SECRET}{i}}}\n")}),
    "base64 in one line": (20000, lambda n: {KUBE: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: " + "QUJDREVGR0hJSktMTU5PUFFS " * n + "\n---\n" + deployment(0, "a")}),
    "nested base64": (20000, lambda n: {KUBE: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: " + "cGFzc3dvcmQ6IGFi" * n + "\n---\n" + deployment(0, "a")}),
    "assignments in one line": (20000, lambda n: {DOCKER: "FROM alpine\nRUN x " + "password=" * n + "\n"}),
    "quotes in one line": (40000, lambda n: {DOCKER: "FROM alpine\nRUN echo " + "\"a\"" * n + "\n"}),
    "nginx files of no group": (800, lambda n: {f"conf.d/c{i}.conf": f"upstream u{i} {{ server svc{i}:80; }}\nserver {{ location / {{ proxy_pass http://nowhere{i}:80; }} }}\n" for i in range(n)} | {COMPOSE: compose(1, lambda _: "    volumes: ['./conf.d:/etc/nginx/conf.d']\n")}),
    "Prometheus files": (500, lambda n: {f"p{i}/prometheus.yml": f"scrape_configs:\n  - job_name: a\n    static_configs: [{{targets: ['svx{i}:90']}}]\n" for i in range(n)} | {COMPOSE: compose(n, lambda i: "    ports: ['90']\n")}),
    "API documents": (300, lambda n: {f"a{i}/openapi.yaml": f"openapi: 3.0.0\ninfo: {{title: a, version: '1'}}\npaths:\n  /p{i}: {{get: {{responses: {{'200': {{description: a}}}}}}}}\n" for i in range(n)}),
    "paths of an API document": (4000, lambda n: {"openapi.yaml": "openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths:\n" + lines(n, lambda i: f"  /p{i}: {{get: {{operationId: o{i}, responses: {{'200': {{description: a}}}}}}}}\n")}),
    "bake targets": (2000, lambda n: {"docker-bake.hcl": lines(n, lambda i: f'target "t{i}" {{\n  inherits = ["t{i + 1}"]\n  dockerfile = "D{i}"\n}}\n'), DOCKER: "FROM alpine:3.22\n"}),
}


def measure(folder):
    # The peak of a child is kept by the system for all children together, so one process runs and measures one.
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        # Of the processor, so that a busy machine changes nothing.
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))

    command = [BINARY, "--isolated", "--profile", "strict", "--min-level", "note", "--format", "json", folder]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit)
    _, status, usage = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10, "killed" if code < 0 else code


def write(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder + "/.git")
    for path, text in files.items():
        os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
        with open(f"{folder}/{path}", "w") as file:
            file.write(text)
    return sum(map(len, files.values()))


def main(words):
    bad = 0
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=base) as scratch:
        for number, (name, (count, files)) in enumerate(FAMILIES.items()):
            if words and not any(word in name for word in words):
                continue
            rows = []
            for factor in (1, 2, 4):
                size = int(count * SCALE) * factor
                folder = f"{scratch}/tree"
                if os.environ.get("KEEP"):
                    folder = f"{os.environ['KEEP']}/{number}"
                written = write(folder, files(size))
                rows.append((size, written, *measure(folder)))
                if rows[-1][4] not in (0, 1):
                    break
            seconds = [max(row[2], 0.01) for row in rows]
            memory = [max(row[3] - 10, 1) for row in rows]
            time_exponent = math.log2(seconds[-1] / seconds[-2]) if len(rows) > 1 else 0
            memory_exponent = math.log2(memory[-1] / memory[-2]) if len(rows) > 1 else 0
            wrong = (time_exponent > 1.3 and seconds[-1] > 0.3) or seconds[-1] > 2 or rows[-1][4] not in (0, 1)
            wrong |= memory_exponent > 1.3 and memory[-1] > 150
            bad += wrong
            shown = "  ".join(f"{seconds:6.2f} s {mebibytes:4} MiB" for _, _, seconds, mebibytes, _ in rows)
            code = "" if rows[-1][4] in (0, 1) else f" [{rows[-1][4]}]"
            print(f"{'!' if wrong else ' '} {name:42} {rows[-1][0]:7} {rows[-1][1] >> 10:5} KiB  {shown}  "
                  f"n^{time_exponent:.2f} (memory n^{memory_exponent:.2f}){code}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
