//! Which variables have to be documented, and which documented ones nothing reads: little
//! repositories, and what the rules about env examples report in each.

mod common;

use common::Rules;
use deploylint::catalog::Profile;

const RULES: Rules = Rules {
    names: &["env-example", "undocumented-variable", "stale-variable"],
    profile: Profile::Recommended,
};

#[test]
fn source_needs_an_example_where_something_is_deployed() {
    RULES.check(
        r"//- app/main.py
import os
KEY = os.environ['BILLING_KEY']
                  ^^^^^^^^^^^ warning[env-example]
//- Dockerfile
FROM python:3.13-slim
COPY . .
",
    );
    RULES.check(
        r"//- app/main.py
import os
KEY = os.environ['BILLING_KEY']
",
    );
    // One address that may stay empty is a feature that may be off; several are worth a note.
    RULES.check(
        r"//- a.js
connect(process.env.STORE_URL)
//- Dockerfile
FROM python:3.13-slim
COPY . .
",
    );
    RULES.check(
        r"//- a.js
connect(process.env.STORE_URL)
                    ^^^^^^^^^ note[env-example]
//- b.js
sign(process.env.SIGNING_KEY)
//- Dockerfile
FROM python:3.13-slim
COPY . .
",
    );
}

#[test]
fn what_anything_sets_needs_no_example() {
    let repository = r"//- app/main.py
import os
KEY = os.environ['BILLING_KEY']
//- Dockerfile
FROM python:3.13-slim
COPY . .
";

    for other in [
        r"//- app/Dockerfile
FROM python:3.13
ENV BILLING_KEY=x
",
        r"//- compose.yaml
services:
  a:
    build: .
    environment:
      BILLING_KEY: dummy
",
        r"//- k8s/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
data:
  BILLING_KEY: x
",
        r"//- .github/workflows/a.yaml
on: push
env:
  BILLING_KEY: ${{ secrets.BILLING_KEY }}
jobs: {}
",
        r"//- app/other.py
import os
os.environ['BILLING_KEY'] = key
",
        r"//- app/other.py
import os
x = os.getenv('BILLING_KEY', 'x')
",
    ] {
        RULES.check(&[repository, other].concat());
    }

    let repository = r"//- app/main.py
import os
KEY = os.environ['BILLING_KEY']
                  ^^^^^^^^^^^ warning[env-example]
//- Dockerfile
FROM python:3.13-slim
COPY . .
";

    for other in [
        r"//- app/other.py
import os
ok = os.environ['BILLING_KEY'] == key
",
        r"//- README.md
Set BILLING_KEY.
",
        r"//- run.sh
echo $MY_BILLING_KEY
",
    ] {
        RULES.check(&[repository, other].concat());
    }
}

#[test]
fn the_nearest_example_counts() {
    RULES.check(
        r"//- .env.example
A_KEY=
//- a/main.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
            ^^^^^ warning[undocumented-variable]
",
    );
    // Another service's example names it.
    RULES.check(
        r"//- .env.example
A_KEY=
//- a/main.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
//- b/.env.example
B_KEY=
",
    );
    // No example belongs to this folder.
    RULES.check(
        r"//- b/.env.example
A_KEY=
//- a/main.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
    );
    let repository = r"//- .env.example
A_KEY=
";

    for other in [
        r"//- tests/a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
        r"//- examples/a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
        r"//- scripts/a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
        r"//- docs/a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
    ] {
        RULES.check(&[repository, other].concat());
    }
}

#[test]
fn a_variable_is_reported_once() {
    RULES.check(
        r"//- .env.example
A_KEY=
//- a.py
import os
os.getenv('B_KEY')
//- b.py
import os
os.environ['B_KEY']
            ^^^^^ warning[undocumented-variable]
//- compose.yaml
services:
  a:
    image: acme/a:1
    environment:
      C: ${C_KEY:?}
         ^^^^^^^^^^ warning[undocumented-variable]
//- c.py
import os
os.environ['C_KEY']
",
    );
}

#[test]
fn what_is_tested_before_it_is_read_may_be_missing() {
    RULES.check(
        r"//- .env.example
A_KEY=
//- a.py
import os
if 'SIGNING_KEY' in os.environ:
    ^^^^^^^^^^^ note[undocumented-variable]
    use(os.environ['SIGNING_KEY'])
",
    );
}

#[test]
fn stale_variables() {
    RULES.check(
        r"//- .env.example
A_KEY=
OLD_KEY=
^^^^^^^ note[stale-variable]
B_KEY=
//- a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
    );
    RULES.check(
        r"//- .env.example
A_KEY=
OLD_KEY=
^^^^^^^ note[stale-variable]
B_KEY=
//- a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
//- README.md
OLD_KEY
//- .env
OLD_KEY=1
",
    );
    let repository = r"//- .env.example
A_KEY=
OLD_KEY=
B_KEY=
//- a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
";

    for other in [
        r"//- b.ts
config.oldKey
",
        r"//- run.sh
echo $OLD_KEY
",
        r#"//- b.cs
Get("OLD_KEY")
"#,
        r"//- b.ts
const all = { ...process.env };
",
        r"//- b.ts
process.env[name]
",
        r"//- b.go
package b
var _ = viper.AutomaticEnv
",
        r"//- run.sh
docker run --env-file .env acme/a
",
        r"//- compose.yaml
services:
  a:
    image: acme/a:1
    env_file: .env
",
    ] {
        RULES.check(&[repository, other].concat());
    }

    // Nothing in the repository reads any of them.
    RULES.check(
        r#"//- .env.example
A_KEY=
OLD_KEY=
B_KEY=
//- compose.yaml
services:
  a:
    image: acme/a:1
    environment: ["A=${A_KEY}${B_KEY}"]
"#,
    );
    // Nothing but compose can read it.
    RULES.check(
        r#"//- .env.example
A_KEY=
OLD_KEY=
^^^^^^^ note[stale-variable]
B_KEY=
//- compose.yaml
services:
  a:
    image: postgres:17
    environment: ["A=${A_KEY}${B_KEY}"]
"#,
    );
    // Names that libraries read, and names made of parts.
    RULES.check(
        r"//- .env.example
A_KEY=
OTEL_SERVICE_NAME=
B_KEY=
X__Y=
//- a.py
import os
os.environ['A_KEY']
os.environ['B_KEY']
",
    );
}

#[test]
fn compile_time_reads_and_groups_of_settings_are_left_alone() {
    RULES.check(
        r#"//- src/lib.rs
const DATA: &str = env!("DATA_KEY");
//- Dockerfile
FROM python:3.13-slim
COPY . .
"#,
    );
    RULES.check(
        r"//- .env.example
STORE__HOST=
//- app/settings.py
class Settings(BaseSettings):
    store: Store
    token: str
    ^^^^^ warning[undocumented-variable]
",
    );
}
