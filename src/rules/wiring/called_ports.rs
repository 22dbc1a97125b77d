//! The ports of its own container that a health check calls.

use std::ops::Range;

use crate::model::Command;
use crate::source::Location;
use crate::syntax::shell::{Invocation, Script, Word};

/// Names of the container itself.
const SELF: [&str; 4] = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

/// A port that is called.
pub(super) struct CalledPort {
    pub(super) port: u16,
    /// The port; the host where the scheme implies the port.
    pub(super) location: Location,
    /// The client of a data store is told to use it.
    pub(super) is_of_client: bool,
}

/// The ports that a command calls, in order.
pub(super) fn called_ports(test: &Command) -> Vec<CalledPort> {
    let script = test.script();
    let mut found: Vec<(u16, &Word, Range<usize>)> = Vec::new();
    let mut of_clients: Vec<(u16, &Word, Range<usize>)> = Vec::new();

    for word in words(script) {
        found.extend(in_url(word.text()).map(|(port, range)| (port, word, range)));
        found.extend(in_device(word.text()).map(|(port, range)| (port, word, range)));
    }

    for invocation in script.invocations() {
        found.extend(of_scan(&invocation));
        of_clients.extend(of_store(&invocation));

        if invocation.is(&["curl", "wget"]) {
            let urls = invocation.args.iter();
            found.extend(urls.filter_map(|word| implied(word.text()).map(|(p, r)| (p, word, r))));
        }
    }

    let found = found.into_iter().map(|called| (called, false));
    let of_clients = of_clients.into_iter().map(|called| (called, true));
    found
        .chain(of_clients)
        .map(|((port, word, range), is_of_client)| CalledPort {
            port,
            location: test.place_of(word.source(range)),
            is_of_client,
        })
        .collect()
}

/// The words of a script, and the files of its redirects.
fn words(script: &Script) -> impl Iterator<Item = &Word> {
    script.commands.iter().flat_map(|command| {
        let files = command.redirects.iter().map(|redirect| &redirect.target);
        command.words.iter().chain(files)
    })
}

/// The port in a URL of the container itself, and its range in the text.
fn in_url(text: &str) -> Option<(u16, Range<usize>)> {
    SELF.iter().find_map(|host| {
        let start = text.find(&format!("{host}:"))? + host.len() + 1;

        number_at(text, start)
    })
}

/// The port in `/dev/tcp/127.0.0.1/8000`, which bash connects to.
fn in_device(text: &str) -> Option<(u16, Range<usize>)> {
    let start = text.find("/dev/tcp/")? + "/dev/tcp/".len();
    let (host, _) = text[start..].split_once('/')?;

    SELF.contains(&host)
        .then(|| number_at(text, start + host.len() + 1))?
}

fn number_at(text: &str, start: usize) -> Option<(u16, Range<usize>)> {
    let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    let range = start..start + digits;

    Some((text[range.clone()].parse().ok()?, range))
}

/// The port that the scheme of a URL of the container itself implies, and the range of the host.
fn implied(text: &str) -> Option<(u16, Range<usize>)> {
    let (port, start) = match text.split_once("://") {
        Some(("http", _)) => (80, "http://".len()),
        Some(("https", _)) => (443, "https://".len()),
        Some(_) => return None,
        None => (80, 0),
    };
    let host = text[start..].split('/').next()?;

    SELF.contains(&host)
        .then(|| (port, start..start + host.len()))
}

/// The port of `nc -z localhost 8000`.
fn of_scan<'s>(invocation: &Invocation<'s>) -> Option<(u16, &'s Word, Range<usize>)> {
    if !invocation.is(&["nc", "ncat", "netcat"]) {
        return None;
    }

    let words = invocation.positionals(&["-w", "-i", "-q", "-p", "-s"]);
    let [host, port] = words.as_slice() else {
        return None;
    };

    let number = port.text().parse().ok()?;
    SELF.contains(&host.text())
        .then(|| (number, *port, 0..port.text().len()))
}

/// Clients of data stores, with the options for the port and for another host.
const STORE_CLIENTS: [(&[&str], &[&str], &[&str]); 5] = [
    (
        &["pg_isready", "psql"],
        &["-p", "--port"],
        &["-h", "--host"],
    ),
    (
        &["mysqladmin", "mariadb-admin", "mysql", "mariadb"],
        &["-P", "--port"],
        &["-h", "--host"],
    ),
    (&["redis-cli", "valkey-cli"], &["-p"], &["-h"]),
    (&["mongosh", "mongo"], &["--port"], &["--host"]),
    (&["clickhouse-client"], &["--port"], &["--host", "-h"]),
];

/// The port that the client of a data store is told to use, of the container itself.
fn of_store<'s>(invocation: &Invocation<'s>) -> Option<(u16, &'s Word, Range<usize>)> {
    let (_, port, host) = STORE_CLIENTS
        .iter()
        .find(|(programs, ..)| invocation.is(programs))?;
    let is_elsewhere = invocation
        .option(host)
        .is_some_and(|argument| !SELF.contains(&argument.value));
    let argument = invocation.option(port)?;
    let end = argument.word.text().len();
    let start = end - argument.value.len();

    (!is_elsewhere).then_some(())?;
    Some((argument.value.parse().ok()?, argument.word, start..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell;

    #[test]
    fn reads_ports_of_the_container_itself() {
        assert_eq!(in_url("http://[::1]:8000/up"), Some((8000, 13..17)));
        assert_eq!(in_url("http://api:8000/up"), None);
        assert_eq!(in_device("</dev/tcp/localhost/8000"), Some((8000, 20..24)));
        assert_eq!(in_device("</dev/tcp/db/5432"), None);
        assert_eq!(implied("https://localhost/up"), Some((443, 8..17)));
        assert_eq!(implied("127.0.0.1/up"), Some((80, 0..9)));
        assert_eq!(implied("http://localhost:8000/up"), None);
        assert_eq!(implied("http://localhost$PORT/up"), None);

        for (line, port) in [
            ("nc -z -w 2 localhost 8000", Some(8000)),
            ("nc -z db 5432", None),
            ("pg_isready -U app -p 5433", Some(5433)),
            ("pg_isready --port=5433 -h db", None),
            ("redis-cli -p 6380 ping", Some(6380)),
            ("mysqladmin ping -h 127.0.0.1 -P3307", Some(3307)),
        ] {
            let script = shell::parse(line);
            let invocations = script.invocations();
            let called = of_scan(&invocations[0]).or_else(|| of_store(&invocations[0]));
            assert_eq!(called.map(|(port, ..)| port), port, "{line}");
        }
    }
}
