//! Log calls of each language: what is logged, and what is not.

use super::*;

/// The names of the secrets that a text logs.
fn logged(language: Language, text: &str) -> String {
    let values = find(text, language, &NameParts::of(text));
    let names: Vec<&str> = values
        .iter()
        .map(|value| value.name.value.as_str())
        .collect();

    names.join(" ")
}

/// Checks lines: each is the text after the names that it logs and `|`.
fn check(language: Language, lines: &str) {
    let wrong: Vec<String> = lines
        .lines()
        .filter_map(|line| line.trim().split_once('|'))
        .filter_map(|(expected, text)| {
            let text = text.replace("\\n", "\n").replace("DEBUG_MACRO", "dbg!");
            let found = logged(language, &text);
            (found != expected.trim()).then(|| format!("{text}: found `{found}`"))
        })
        .collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn python() {
    check(
        Language::Python,
        r#"
        api_key|logger.info(f"key {api_key}")
        password|print("password is", password)
        password|print('Password: %s' % password)
        password|logging.warning("login %s with %s", user, password)
        access_token|log.debug("got {}".format(access_token))
        access_token|self.logger.debug("got " + access_token)
        access_token|self._log.debug(f"got {response.access_token!r}")
        password|logging.getLogger(__name__).error(f"{user=} {password=}")
        client_secret|log.info("ready", client_secret=client_secret)
        api_key|log.info("ready", api_key=key)
        OPENAI_API_KEY|print(os.environ["OPENAI_API_KEY"])
        OPENAI_API_KEY|print(f"{os.getenv('OPENAI_API_KEY')}")
        password|logger.info("form %s", request.form["password"])
        password|logger.info("data", extra={"password": password})
        api_key|click.echo(f"key {settings.api_key}")
        api_key|sys.stderr.write("key " + api_key + "\n")
        db_password|logger.info(\n    "connecting to %s with %s",\n    host,\n    db_password,\n)
        api_key|print(f"using {settings.api_key.get_secret_value()}")
        os.environ|print(os.environ)
        os.environ|logger.debug("env: %s", dict(os.environ))
        settings|c = C(settings.api_key)\nlogger.info("settings %s", settings)
        args|run(args.api_key)\nprint(vars(args))
        Authorization|logger.debug(request.headers["Authorization"])
        API key|print(f"API key: {key}")
        token|import jwt\nlogger.info("session %s", token)
        |logger.info("token %s", token)
        |for token in tokens: print(token)\npassword = 1
        |logger.info(f"key {api_key[:4]}…")
        |logger.info(f"key {api_key[-4:]}")
        |logger.info(f"key {mask(api_key)}")
        |logger.info(f"key {api_key:.4}")
        |logger.info("key %.4s", api_key)
        |logger.info(f"key {'set' if api_key else 'missing'}")
        |logger.info("has key: %s", bool(api_key))
        |logger.info("has key: %s", api_key is not None)
        |logger.info("length %d", len(password))
        |logger.info("hash %s", hashlib.sha256(password.encode()).hexdigest())
        |print("Enter password:")
        |print("invalid password", user)
        |masked_api_key = 1; logger.info(masked_api_key)
        |api_key = redact(api_key)\nlogger.info(api_key)
        |logger.info("type %s", token.token_type)
        |logger.info("reset password", user_id)
        |logger.info("failed to get access token: %s", err)
        |class S(BaseSettings):\n    api_key: SecretStr\nlogger.info(settings.api_key)
        |ACCESS_TOKEN = "access_token"\nprint(ACCESS_TOKEN)
        |# logger.info(api_key)
        |"""\nlogger.info(api_key)\n"""
        |print(f"Your new API key, save it now: {api_key}")
        |hub.login(api_key)
        |raise ValueError(f"bad {api_key}")
        |print(config)
        |print(os.environ["HOME"])
        |print("PASSWORD" in os.environ)
        |log.info("password_changed", user=user)
        "#,
    );
}

#[test]
fn javascript() {
    check(
        Language::Script,
        r#"
        apiKey|console.log('key', apiKey)
        apiKey|console.log(`key ${apiKey}`);
        password|logger.info({ user, password }, 'login');
        password|logger.info('login', { user: u, password: req.body.password });
        password|log.debug("password: " + user.password);
        accessToken|this.logger.warn(`token=${this.session.accessToken}`);
        token|console.error("jwt failed", req.query.token);
        STRIPE_SECRET_KEY|console.log(process.env.STRIPE_SECRET_KEY);
        STRIPE_SECRET_KEY|console.log(process.env['STRIPE_SECRET_KEY']);
        process.env|console.log(process.env);
        process.env|console.log(JSON.stringify(process.env, null, 2));
        authorization|console.log(req.headers.authorization);
        config|connect(config.dbPassword);\nconsole.log('config', config);
        password|req.log.info({ body: { password } });
        clientSecret|process.stdout.write(`${clientSecret}\n`);
        apiKey|console.log(apiKey!);
        refreshToken|console.debug(\n  'refreshed',\n  refreshToken,\n);
        |console.log('key', apiKey ? 'set' : 'missing');
        |console.log('key', !!apiKey);
        |console.log('key', Boolean(apiKey));
        |console.log(`key ${apiKey.slice(0, 4)}…`);
        |console.log(`key ${apiKey.substring(0, 4)}`);
        |console.log(`key ${maskKey(apiKey)}`);
        |console.log('length', password.length);
        |console.log({ password: '***' });
        |console.log('same', password === other);
        |console.log('token type', token.type);
        |console.log(process.env.NODE_ENV);
        |console.log('Password reset for', user.email);
        |console.log(passwordField);
        |console.log(typeof apiKey);
        |console.log(apiKey && 'set');
        |// console.log(apiKey);
        |    * console.log(apiKey);
        |setPassword(password); console.log('done');
        |throw new Error(`bad ${apiKey}`);
        |console.log(maxTokens, tokenCount);
        "#,
    );
}

#[test]
fn go() {
    check(
        Language::Go,
        r#"
        apiKey|log.Printf("key %s", apiKey)
        Password|fmt.Println("connecting", cfg.Password)
        password|fmt.Fprintf(os.Stderr, "password %q", password)
        Token|slog.Info("login", "token", session.Token)
        token|oauth := 1; logger.Debugw("login", "token", token)
        api_key|slog.Info("login", "api_key", k)
        accessToken|logger.Info("login", zap.String("token", accessToken))
        accessToken|logrus.WithField("token", accessToken).Info("login")
        API_KEY|log.Println(os.Getenv("API_KEY"))
        os.Environ|log.Println(os.Environ())
        cfg|connect(cfg.DBPassword)\nlog.Printf("%+v", cfg)
        secretKey|log.Info().Str("key", secretKey).Msg("ready")
        |log.Printf("key set: %t", apiKey != "")
        |log.Printf("key %s", apiKey[:4])
        |log.Printf("key %.4s", apiKey)
        |log.Printf("length %d", len(password))
        |log.Printf("key %s", redact(apiKey))
        |fmt.Fprintf(w, "key %s", apiKey)
        |fmt.Errorf("bad key %s", apiKey)
        |log.Info("reconciling", "secret", secret.Name)
        |corev1.Secret{}; login(); log.Info("reconciling", "secret", secret)
        |log.Println("failed to read password:", err)
        |func log(password string) {}
        "#,
    );
}

#[test]
fn java_and_kotlin() {
    check(
        Language::Java,
        r#"
        password|System.out.println("password: " + password);
        apiKey|log.info("key {}", apiKey);
        password|LOGGER.debug("login " + user.getName() + " " + request.password);
        apiKey|println("key $apiKey")
        clientSecret|logger.info { }; logger.info("secret ${config.clientSecret}")
        DB_PASSWORD|log.warn(System.getenv("DB_PASSWORD"));
        System.getenv|System.out.println(System.getenv());
        |log.info("key {}", mask(apiKey));
        |log.info("key {}", apiKey.substring(0, 4));
        |log.info("key present: {}", apiKey != null);
        |log.info("key {}", apiKey == null ? "missing" : "set");
        |System.out.println("Password must have 8 characters");
        |log.info("login of {}", user.getName());
        "#,
    );
}

#[test]
fn ruby() {
    check(
        Language::Ruby,
        r##"
        api_key|puts "key #{api_key}"
        api_key|puts api_key
        password|Rails.logger.info "login #{params[:password]}"
        password|logger.debug("login", password: password)
        API_KEY|p ENV['API_KEY']
        API_KEY|puts ENV.fetch("API_KEY")
        secret_key|$stdout.puts("x #{config.secret_key.inspect}")
        |puts "key #{api_key[0, 4]}"
        |puts "key #{api_key.present?}"
        |puts "key #{api_key.first(4)}"
        |puts "key missing" if api_key.nil?
        |puts "done" unless password
        |logger.info "password changed"
        |logger.info "length #{password.length}"
        "##,
    );
}

#[test]
fn rust() {
    check(
        Language::Rust,
        r#"
        api_key|println!("key {api_key}");
        api_key|println!("key {}", api_key);
        password|tracing::info!(%user, %password, "login");
        password|info!(password = ?password, "login");
        token|let jwt = 1; debug!("token {token:?}");
        client_secret|eprintln!("{:?}", config.client_secret);
        api_key|DEBUG_MACRO(&api_key);
        api_key|log::warn!("{}", self.api_key.expose_secret());
        config|connect(&config.db_password);\nprintln!("{config:?}");
        |println!("key {}", &api_key[..4]);
        |println!("key {}", mask(&api_key));
        |println!("key {}", api_key.is_some());
        |println!("key {}", api_key.len());
        |println!("key {api_key:.4}");
        |format!("key {api_key}");
        |println!("enter the password");
        "#,
    );
}
