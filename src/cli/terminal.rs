//! The terminal: what it can show, how it is written to, and the line that says a long run is
//! alive.

use std::env;
use std::io::{self, IsTerminal, Write as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::args::ColorChoice;
use super::failure::RunError;
use crate::report::style::{Color, Links, RenderOptions};

/// Runs shorter than this say nothing until they are done.
const PATIENCE: Duration = Duration::from_secs(1);
/// Assumed where the width of the terminal is not known.
const WIDTH: usize = 100;
/// A narrower terminal has to break lines itself.
const MIN_WIDTH: usize = 20;

/// What standard output can show.
pub fn look(choice: ColorChoice) -> RenderOptions {
    look_of(choice, &io::stdout())
}

/// What standard error can show.
pub fn error_look(choice: ColorChoice) -> RenderOptions {
    look_of(choice, &io::stderr())
}

fn look_of(choice: ColorChoice, stream: &impl IsTerminal) -> RenderOptions {
    let terminal = stream.is_terminal();
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colored = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if is_set("NO_COLOR") => false,
        ColorChoice::Auto => {
            (terminal && !dumb) || is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR")
        }
    };

    let width = env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse::<usize>().ok())
        .filter(|&columns| columns > 0);
    RenderOptions {
        color: if colored { Color::Ansi } else { Color::Plain },
        links: if colored && terminal && follows_links() {
            Links::Hidden
        } else {
            Links::Written
        },
        width: width.unwrap_or(WIDTH).max(MIN_WIDTH),
    }
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// The value of a variable, empty where it is not set.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Whether the terminal is one of those known to follow OSC 8 hyperlinks. Others would show nothing
/// in their place.
fn follows_links() -> bool {
    if !variable("FORCE_HYPERLINK").is_empty() {
        return variable("FORCE_HYPERLINK") != "0";
    }

    let programs = [
        "iTerm.app",
        "WezTerm",
        "vscode",
        "ghostty",
        "Hyper",
        "Tabby",
        "rio",
        "zed",
    ];
    let terms = ["kitty", "alacritty", "foot", "ghostty", "wezterm"];
    programs.contains(&variable("TERM_PROGRAM").as_str())
        || terms.iter().any(|term| variable("TERM").contains(term))
        || !variable("WT_SESSION").is_empty()
        || !variable("KONSOLE_VERSION").is_empty()
        || variable("VTE_VERSION")
            .parse::<u32>()
            .is_ok_and(|version| version >= 5_000)
}

/// Writes to standard output. A reader that went away (`| head`) is not a failure.
pub fn print(text: &str) -> Result<(), RunError> {
    let mut out = io::stdout().lock();

    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(RunError::new(
            &format!("cannot write to standard output: {error}"),
            None,
            RenderOptions::PLAIN,
        )),
        _ => Ok(()),
    }
}

/// Writes to standard error, whose failure could not be reported anywhere.
pub fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A line on the terminal that says a long run is alive; gone when this is dropped.
pub struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    pub fn start() -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }

        let (done, waiting) = mpsc::channel();
        // Where no thread can be started, the run goes without the line.
        Self(
            thread::Builder::new()
                .spawn(move || show_progress(&waiting))
                .ok()
                .map(|speaker| (done, speaker)),
        )
    }
}

/// Shows the line when the run takes long, until the sender is gone.
fn show_progress(waiting: &Receiver<()>) {
    if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        complain("checking …");
        let _ = waiting.recv();
        complain("\r\u{1b}[K");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, speaker)) = self.0.take() {
            drop(done);
            let _ = speaker.join();
        }
    }
}
