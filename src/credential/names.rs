//! Names of secrets: `DB_PASSWORD`, `apiKey`, `spring.datasource.password`. The last words of a
//! name decide, so that `PASSWORD_FILE`, `TOKEN_TTL` or `SECRET_NAME` need no list.

use super::public;
use super::words::words;

/// The kind of secret that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A password or passphrase.
    Password,
    /// A bearer token.
    Token,
    /// A shared secret.
    Secret,
    /// A key that gives access, signs or decrypts.
    Key,
    /// Credentials of any kind.
    Credentials,
}

/// The kind of secret that the name of a variable, key or label stands for, or `None`. Names may be
/// in snake, kebab, camel or dotted case.
pub fn secret_name(name: &str) -> Option<NameKind> {
    if name.len() > 128 || !holds_stem(name) {
        return None;
    }

    let lists = words();
    let lower = words_of_name(name);
    if lower.split(' ').any(|word| lists.name_never.contains(word)) {
        return None;
    }

    let mut rest = lower.as_str();
    while let Some((before, last)) = rest.rsplit_once(' ')
        && (lists.name_tails.contains(last) || last.bytes().all(|byte| byte.is_ascii_digit()))
    {
        rest = before;
    }

    let (before, last) = rest.rsplit_once(' ').unwrap_or(("", rest));
    let previous = before.rsplit(' ').next().unwrap_or("");
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());

    match last {
        "password" | "passwd" | "passphrase" | "psw" | "passwort" | "passcode" => {
            return Some(NameKind::Password);
        }
        "pass" if !before.is_empty() && !lists.other_passes.contains(previous) => {
            return Some(NameKind::Password);
        }

        "pwd" | "pw"
            if !before.is_empty() && !matches!(previous, "old" | "init" | "cur" | "current") =>
        {
            return Some(NameKind::Password);
        }
        "token" if lists.other_tokens.contains(previous) => return None,
        "token" => return Some(NameKind::Token),
        "pat" if !before.is_empty() => return Some(NameKind::Token),
        "secret" if lists.other_secrets.contains(previous) => return None,
        "secret" | "salt" | "pepper" => return Some(NameKind::Secret),
        "credential" | "credentials" | "creds" | "cred" => return Some(NameKind::Credentials),
        "key" | "keys" if matches!(previous, "tls" | "ssl") => return None,
        "key" if public::is_access_key(rest) => return None,
        "auth" if matches!(previous, "redis" | "valkey" | "requirepass") => {
            return Some(NameKind::Password);
        }
        "key" if lists.secret_keys.contains(previous) => return Some(NameKind::Key),
        "keys" if matches!(previous, "api" | "secret" | "access") => return Some(NameKind::Key),
        _ => {}
    }

    kind_by_ending(last)
}

/// Whether a name holds the first letters of a word for a secret. Most names in a file do not, and
/// need not be split into words.
fn holds_stem(name: &str) -> bool {
    // Letters outside ASCII may have these letters as their lower case.
    !name.is_ascii() || (0..name.len()).any(|start| is_stem(&name.as_bytes()[start..]))
}

/// Whether a text begins with the first letters of a word for a secret, in either case.
fn is_stem(text: &[u8]) -> bool {
    let rest: &[&[u8; 2]] = match text[0] | 0x20 {
        b'p' => &[b"as", b"sw", b"at", b"ep"],
        b't' => &[b"ok"],
        b's' => &[b"ec", b"al"],
        b'c' => &[b"re"],
        b'k' => &[b"ey"],
        b'a' => &[b"ut"],
        _ => return false,
    };

    match text {
        [b'p' | b'P', b'w' | b'W', ..] => true,
        [_, second, third, ..] => rest.contains(&&[second | 0x20, third | 0x20]),
        _ => false,
    }
}

/// The kind of a name whose words are written together: `PGPASSWORD`, `MINIO_SECRETKEY`,
/// `authtoken`, `secretkeybase`.
fn kind_by_ending(word: &str) -> Option<NameKind> {
    const ENDS: &[(&str, NameKind)] = &[
        ("password", NameKind::Password),
        ("passwd", NameKind::Password),
        ("passphrase", NameKind::Password),
        ("requirepass", NameKind::Password),
        ("masterauth", NameKind::Password),
        ("apikey", NameKind::Key),
        ("presharedkey", NameKind::Key),
        ("secretkey", NameKind::Key),
        ("accesskey", NameKind::Key),
        ("privatekey", NameKind::Key),
        ("encryptionkey", NameKind::Key),
        ("signingkey", NameKind::Key),
        ("authkey", NameKind::Key),
        ("masterkey", NameKind::Key),
        ("accountkey", NameKind::Key),
        ("secretkeybase", NameKind::Secret),
        ("clientsecret", NameKind::Secret),
        ("appsecret", NameKind::Secret),
        ("jwtsecret", NameKind::Secret),
        ("sharedsecret", NameKind::Secret),
        ("authtoken", NameKind::Token),
        ("accesstoken", NameKind::Token),
        ("bearertoken", NameKind::Token),
        ("refreshtoken", NameKind::Token),
        ("apitoken", NameKind::Token),
        ("sessiontoken", NameKind::Token),
        ("identitytoken", NameKind::Token),
        ("registrytoken", NameKind::Token),
    ];
    ENDS.iter()
        .find(|(end, _)| word.ends_with(end))
        .map(|&(_, kind)| kind)
}

/// The words of a name in lower case, separated by blanks. `APIKey` is `api key`; `clientID2` is
/// `client id2`.
pub fn words_of_name(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    let mut chars = name.chars().peekable();
    let mut before: Option<char> = None;

    while let Some(char) = chars.next() {
        let begins_word = char.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_uppercase()
                        && chars.peek().is_some_and(|after| after.is_lowercase()))
            });
        before = Some(char);

        if (begins_word || !char.is_alphanumeric()) && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }

        if char.is_alphanumeric() {
            words.extend(char.to_lowercase());
        }
    }

    if words.ends_with(' ') {
        words.pop();
    }

    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_announce_a_secret() {
        use NameKind::{Credentials, Key, Password, Secret, Token};
        for (name, kind) in [
            ("DB_PASSWORD", Password),
            ("POSTGRES_PASSWORD", Password),
            ("MYSQL_ROOT_PASSWD", Password),
            ("PGPASSWORD", Password),
            ("JENKINS_PSW", Password),
            ("SMTP_PASS", Password),
            ("RABBITMQ_DEFAULT_PASS", Password),
            ("DB_PWD", Password),
            ("SSH_PASSPHRASE", Password),
            ("SECRET_PASSPHRASE", Password),
            ("spring.datasource.password", Password),
            ("rootPassword", Password),
            ("admin-password", Password),
            ("PASSWORD", Password),
            ("PASSWORD2", Password),
            ("PASSWORD_PROD", Password),
            ("GITHUB_TOKEN", Token),
            ("github-token", Token),
            ("accessToken", Token),
            ("NGROK_AUTHTOKEN", Token),
            ("HUGGING_FACE_HUB_TOKEN", Token),
            ("GH_PAT", Token),
            ("JWT_SECRET", Secret),
            ("clientSecret", Secret),
            ("SECRET_KEY_BASE", Key),
            ("LANGFUSE_SALT", Secret),
            ("OPENAI_API_KEY", Key),
            ("APIKEY", Key),
            ("API_KEYS", Key),
            ("apiKey", Key),
            ("APIKey", Key),
            ("X-API-Key", Key),
            ("AWS_SECRET_ACCESS_KEY", Key),
            ("MINIO_SECRETKEY", Key),
            ("SSH_PRIVATE_KEY", Key),
            ("DJANGO_SECRET_KEY", Key),
            ("ENCRYPTION_KEY", Key),
            ("AZURE_OPENAI_KEY", Key),
            ("APP_KEY", Key),
            ("GOOGLE_APPLICATION_CREDENTIALS", Credentials),
            ("CREDENTIALS", Credentials),
            // Rare words for a secret.
            ("DB_PASSWORT", Password),
            ("DOOR_PASSCODE", Password),
            ("DB_PW", Password),
            ("APP_PEPPER", Secret),
            ("DB_CRED", Credentials),
        ] {
            assert_eq!(secret_name(name), Some(kind), "{name}");
        }
    }

    #[test]
    fn names_that_do_not() {
        for name in [
            "DB_PASSWORD_FILE",
            "PASSWORD_PATH",
            "SECRETS_DIR",
            "SECRET_NAME",
            "AWS_ACCESS_KEY_ID",
            "TOKEN_URL",
            "TOKEN_URI",
            "SECRET_REF",
            "API_KEY_HEADER",
            "TOKEN_TTL",
            "PASSWORD_MIN_LENGTH",
            "PASSWORD_POLICY",
            "SECRET_VERSION",
            "AUTH_MODE",
            "TOKEN_TYPE",
            "KMS_KEY_ALIAS",
            "KMS_KEY",
            "TOKEN_EXPIRY",
            "PASSWORD_ENABLED",
            "PASSWORD_REQUIRED",
            "TOKEN_COUNT",
            "TOKEN_LIMIT",
            "MAX_TOKENS",
            "MAX_TOKEN",
            "TOTAL_TOKENS",
            "TOKENIZERS_PARALLELISM",
            "PRIVATE_NETWORK",
            "KEY_NAME",
            "GPG_KEY",
            "SSH_KEY_DIR",
            "PUBLIC_KEY",
            "SSH_PUBLIC_KEY",
            "GOPRIVATE",
            "PASSWORDLESS",
            "REQUIRE_MFA_AUTH",
            "existingSecret",
            "imagePullSecrets",
            "imagePullSecret",
            "secretName",
            "secretKeyRef",
            "automountServiceAccountToken",
            "id-token",
            "EOS_TOKEN",
            "nextToken",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
            "CORS_ALLOW_CREDENTIALS",
            "NEXT_PUBLIC_API_KEY",
            "public_token",
            "SUPABASE_ANON_KEY",
            "APP_USERNAME",
            "primaryKey",
            "partition_key",
            "CACHE_KEY",
            "BYPASS",
            "COMPASS",
            "PWD",
            "OLDPWD",
            "PATH",
            "secrets",
            "tokens",
            "KEY",
            "key",
            "author",
            "STRIPE_PUBLISHABLE_KEY",
            "showPassword",
            "resetPassword",
            "PASSWORD_HASH",
            "TLS_KEY",
            "monkey",
            "hotkey",
            "tls.key",
            "MONKEY_KEY",
            "",
        ] {
            assert_eq!(secret_name(name), None, "{name}");
        }
    }
}
