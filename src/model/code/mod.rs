//! Application source, as far as it concerns deployment: the environment variables that it reads,
//! the HTTP routes that it serves, and the secrets that it logs.
//!
//! Nothing is parsed as a compiler would: a file is searched for a few words first, and split into
//! tokens only where it has one. What is found is certain enough to *excuse* other files; what is
//! not found may still be there, and then [`CodeFacts::reads_any`] and [`CodeFacts::routes_any`]
//! say so.

mod call;
mod code_facts;
mod env_read;
pub mod lex;
mod logged;
mod reads;
mod routes;
mod settings;
mod stdio;

use crate::credential::NameParts;
use crate::model::file_role::{FileRole, Origin, is_test};
use crate::source::file_name;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

pub use code_facts::{CodeFacts, EnvRead, EnvRequirement, LoggedKind, LoggedValue, Route};
use lex::{Language, Tokens};

/// Words of which a file has one if it reads the environment or serves routes.
const MARKS: &[&str] = &[
    "environ",
    "getenv",
    "Getenv",
    "GetEnv",
    "process.env",
    "process?.env",
    "import.meta.env",
    "Deno.env",
    "Bun.env",
    "env::var",
    "env!(",
    "LookupEnv",
    "ENV[",
    "ENV.fetch",
    "$_ENV",
    "env(",
    "BaseSettings",
    "config(",
    "env=",
    "env =",
    "env:\"",
    "AutomaticEnv",
    "dotenvy",
    "envy::",
    "FastAPI(",
    "APIRouter",
    "Flask(",
    "include_router",
    "register_blueprint",
    ".mount(",
    "Blueprint(",
    "@app.",
    "@router.",
    "Route(",
    "add_route",
    "add_get",
    "add_url_rule",
    "path(",
    "urlpatterns",
    "web.get",
    "tornado",
    "BaseHTTPRequestHandler",
    "express",
    "Router(",
    "router.",
    "fastify",
    "Hono",
    "Koa",
    "Elysia",
    "createServer",
    "@Controller",
    "@Get",
    "Bun.serve",
    "HandleFunc",
    ".Handle(",
    ".GET(",
    ".Get(",
    "gin.",
    "echo.",
    "chi.",
    "fiber.",
    "Healthz",
    "http.Serve",
    ".route(",
    "#[get",
    "#[handler",
    "warp::",
    "web::",
    ".at(",
    "Mapping",
    "@Path",
    "routing",
    "Rails.application",
    "sinatra",
    "Sinatra",
    "Route::",
    "#[Route",
    "$app->",
    "$router->",
    "health:",
    "pathname",
    "URL.Path",
];

static MARK: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(MARKS).ok());

/// The longest source that is read; longer ones are generated.
const MAX_BYTES: usize = 1 << 20;

/// The facts of the source file at a path; `None` where there are none. `names` are those of secrets
/// in the text.
pub fn facts(path: &str, text: &str, names: &NameParts) -> Option<Box<CodeFacts>> {
    let language = Language::of(path)?;
    if text.len() > MAX_BYTES || is_aside(path) {
        return None;
    }

    let mut facts = CodeFacts::default();

    if MARK.as_ref().is_none_or(|marks| marks.is_match(text)) {
        let tokens = Tokens::of(text, language);
        reads::find(&tokens, language, &mut facts);
        routes::find(&tokens, language, path, &mut facts);
    }

    routes::by_path(path, language, &mut facts);
    facts.serves_stdio = stdio::serves_stdio(text);
    facts.logged = logged::find(text, language, names);

    (facts != CodeFacts::default()).then(|| Box::new(facts))
}

/// Whether a file is not deployed: tests, vendored copies, generated code.
fn is_aside(path: &str) -> bool {
    let origin = FileRole::of(path).origin;
    let name = file_name(path);
    let stem = name.split('.').next().unwrap_or(name);
    is_test(path)
        || origin != Origin::Written
        || path
            .split('/')
            .any(|folder| matches!(folder, "stories" | "cypress" | "playwright" | "migrations"))
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".stories.")
        || name.ends_with(".d.ts")
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("Test")
        || stem.ends_with("Tests")
        || stem == "conftest"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> CodeFacts {
        facts(path, text, &NameParts::of(text))
            .map(|facts| *facts)
            .unwrap_or_default()
    }

    fn reads(path: &str, text: &str) -> String {
        let facts = of(path, text);
        let show = |read: &EnvRead| {
            let mark = match read.need {
                EnvRequirement::Required => "!",
                EnvRequirement::Optional => "",
                EnvRequirement::Defaulted => "=",
            };

            let shown = read.name.span.text(text);
            // Settings fields stand in the file by another name.
            let location = if shown == read.name.value {
                String::new()
            } else {
                format!("@{shown}")
            };

            format!("{}{mark}{location}", read.name.value)
        };

        let mut all: Vec<String> = facts.reads.iter().map(show).collect();
        all.extend(facts.sets.iter().map(|name| format!("<{name}")));
        all.extend(facts.reads_any.then(|| "*".to_owned()));

        all.join(" ")
    }

    #[test]
    fn reads_of_each_language() {
        for (path, text, expected) in [
            (
                "a.py",
                "os.environ['A']; os.environ.get(\"B\", '1'); os.getenv('C'); os.getenv('D') or 'x'",
                "A! B= C D=",
            ),
            (
                "a.py",
                "os.environ['A'] = 'x'; os.environ[name]; # os.getenv('B')",
                "<A *",
            ),
            ("a.py", "if 'A' in os.environ: pass", "A"),
            ("a.py", "env = dict(os.environ)", "*"),
            (
                "a.py",
                "from decouple import config\nA = config('A_B', default=1)\nB = config('B')\n",
                "A_B= B!",
            ),
            (
                "a.ts",
                "process.env.A; process.env['B'] ?? 'x'; `${process.env.C || 1}`; process.env.D \
                 = 'x'; process.env.E!",
                "A B= C= E <D",
            ),
            (
                "a.ts",
                "const { A, B = 'x', C: d } = process.env;",
                "A B= C",
            ),
            (
                "a.ts",
                "import.meta.env.VITE_A; import.meta.env.DEV; Deno.env.get('B')",
                "VITE_A B",
            ),
            ("a.js", "parse(process.env)", "*"),
            (
                "a.rs",
                "env::var(\"A\").unwrap_or_else(|_| x); std::env::var(\"B\")?; \
                 env::var(\"C\").ok(); env!(\"CARGO_PKG_NAME\")",
                "A= B! C",
            ),
            (
                "a.rs",
                "#[arg(long, env = \"A_B\", default_value = \"x\")]",
                "A_B=",
            ),
            (
                "a.go",
                "os.Getenv(\"A\"); v, ok := os.LookupEnv(\"B\"); os.Getenv(key)",
                "A B *",
            ),
            (
                "a.go",
                "type C struct { X string `env:\"A,required\" envDefault:\"y\"` }",
                "A=",
            ),
            (
                "a.rb",
                "ENV['A']; ENV.fetch('B'); ENV.fetch('C', 1); ENV.fetch('D') { 1 }; ENV['E'] || 2",
                "A B! C= D= E=",
            ),
            (
                "A.java",
                "System.getenv(\"A\"); @Value(\"${B_C:x}\") String s;",
                "A B_C=",
            ),
            (
                "a.rb",
                "ENV['A'] = 'x'; ENV['B'] == 'x'; ENV['C'] ||= 'x'",
                "B C= <A",
            ),
            ("a.js", "process.env['A'] = 1; process.env.B ??= 2", "B= <A"),
            (
                "a.php",
                "env('A', 'x'); getenv('B'); $_ENV['C'] ?? 1",
                "A= B C=",
            ),
        ] {
            assert_eq!(reads(path, text), expected, "{text}");
        }
    }

    #[test]
    fn settings_classes_read_their_fields() {
        let text = "class Base(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=\"APP_\")\n    db_url: str\n    port: int = 80\n    key: str = Field(..., alias='KEY')\n    name: str | None = None\n    other: Annotated[str, Field(min_length=1)]\n\n    def x(self):\n        y: int\n\nclass Web(Base):\n    host: str = Field(default=\"x\", validation_alias=AliasChoices('H1', 'H2'))\n\nclass Not(Model):\n    z: int\n";
        assert_eq!(
            reads("settings.py", text),
            "APP_DB_URL!@db_url APP_PORT=@port KEY! APP_NAME=@name APP_OTHER!@other H1= H2="
        );
    }

    fn routes(path: &str, text: &str) -> String {
        let facts = of(path, text);
        let mut all: Vec<String> = facts
            .routes
            .iter()
            .map(|one| format!("{}{}", one.path.value, if one.whole { "!" } else { "" }))
            .collect();
        all.extend(facts.prefixes.iter().map(|prefix| format!("+{prefix}")));
        all.extend(facts.joins.then(|| "joins".to_owned()));
        all.extend(facts.routes_any.then(|| "*".to_owned()));

        all.join(" ")
    }

    #[test]
    fn routes_of_each_framework() {
        let mut wrong = Vec::new();
        for (path, text, expected) in [
            (
                "a.py",
                "app = FastAPI()\n@app.get('/health')\ndef h(): ...\n",
                "/health! /docs! /redoc! /openapi.json!",
            ),
            (
                "a.py",
                "r = APIRouter(prefix=\"/v1\")\n@r.post('/x/{id}')\ndef h(): ...\n",
                "/v1/x/{id} +/v1",
            ),
            (
                "a.py",
                "app.include_router(a.router, prefix='/api')\napp.include_router(b)\n",
                "+/api joins",
            ),
            (
                "a.py",
                "app.include_router(a.router, prefix=settings.P)\n",
                "joins *",
            ),
            (
                "a.py",
                "app = Flask(__name__)\n@app.route('/ping', methods=['GET'])\ndef p(): ...\n",
                "/ping!",
            ),
            (
                "a.py",
                "bp = Blueprint('b', __name__, url_prefix='/b')\n@bp.route('/ok')\ndef p(): ...\n",
                "/b/ok +/b",
            ),
            (
                "urls.py",
                "urlpatterns = [path('health/', v), path('api/', include('api.urls'))]",
                "/health/ /api/*",
            ),
            (
                "a.js",
                "const app = express(); app.get('/health', h); app.use('/api', r); app.use(cors())",
                "/health! +/api joins",
            ),
            (
                "a.js",
                "const r = Router(); r.route('/x').get(h); axios.get('/y'); r.get(P, h)",
                "/x *",
            ),
            ("a.js", "const app = express(); app.get('*', h)", "*"),
            (
                "a.js",
                "if (req.url === '/health') {}; fastify.register(x, { prefix: '/p' }) ",
                "/health +/p joins",
            ),
            (
                "a.ts",
                "@Controller('health')\nclass A {\n @Get()\n a() {}\n @Get('live')\n b() {}\n}",
                "/health /health/live",
            ),
            (
                "app/api/health/route.ts",
                "export function GET() {}",
                "/api/health!",
            ),
            ("src/app/(main)/users/[id]/page.tsx", "", "/users/{id}!"),
            ("pages/api/ok.ts", "", "/api/ok!"),
            (
                "a.go",
                "http.HandleFunc(\"/healthz\", h); mux.Handle(\"GET /x\", h); r.GET(\"/y\", h); \
                 g := r.Group(\"/v1\"); http.Get(\"/z\")",
                "/healthz /x /y +/v1 joins",
            ),
            ("a.go", "http.Handle(\"/\", h); r.GET(path, h)", "*"),
            (
                "a.rs",
                "Router::new().route(\"/health\", get(h)).nest(\"/api\", r)",
                "/health +/api joins",
            ),
            ("a.rs", "#[get(\"/x\")]\nasync fn x() {}", "/x"),
            (
                "A.java",
                "@RestController @RequestMapping(\"/api\") class A \
                 { @GetMapping(\"/x\") void x() {} @GetMapping void y() {} }",
                "/api/x /api",
            ),
            ("A.java", "@GetMapping(value = {\"/a\", \"/b\"})", "/a /b"),
            (
                "config/routes.rb",
                "Rails.application.routes.draw do\n get 'up' => 'rails/health#show'\n resources :posts\n namespace :api do\n end\nend",
                "/up /posts +/api joins",
            ),
            (
                "a.php",
                "Route::get('/x', f); Route::prefix('api')->group(f);",
                "/x +/api joins",
            ),
        ] {
            let found = routes(path, text);

            if found != expected {
                wrong.push(format!(
                    "{path}: {text}\n  found    {found}\n  expected {expected}"
                ));
            }
        }

        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn tests_and_vendored_code_say_nothing() {
        for path in [
            "tests/a.py",
            "src/a.test.ts",
            "vendor/x/a.go",
            "pkg/a_test.go",
            "test_a.py",
            "a.txt",
        ] {
            assert_eq!(
                facts(
                    path,
                    "os.environ['A'] os.Getenv(\"A\") process.env.A",
                    &NameParts::default()
                ),
                None,
                "{path}"
            );
        }
    }
}
