//! The threads of a run.

use std::fmt;

use crate::parallel;

/// A worker's stack: deep trees are bounded by the parsers, this leaves them room.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// The maximum number of threads: more would only wait for each other.
const MAX_THREADS: usize = 256;
const THREADS_PER_CORE: usize = 4;

/// The threads of a run, or those of the process if it has none.
#[derive(Debug, Default)]
pub struct Workers(Option<rayon::ThreadPool>);

impl Workers {
    /// Starts the requested number of threads, or as many as possible. If none can be started, the
    /// thread of the caller is the only worker.
    pub fn start(threads: Option<usize>) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut count = threads
            .unwrap_or(cores)
            .clamp(1, MAX_THREADS.min(cores * THREADS_PER_CORE));
        loop {
            match Self::builder(count).build() {
                Ok(workers) => return Ok(Self(Some(workers))),
                Err(_) if count > 1 => count /= 2,
                Err(_) => break,
            }
        }

        match Self::builder(1).use_current_thread().build() {
            Ok(workers) => Ok(Self(Some(workers))),
            Err(error) => Err(StartError(error.to_string())),
        }
    }

    fn builder(count: usize) -> rayon::ThreadPoolBuilder {
        rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .stack_size(STACK_BYTES)
    }

    pub(super) fn count(&self) -> usize {
        self.0
            .as_ref()
            .map_or(1, rayon::ThreadPool::current_num_threads)
    }

    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// The results of a function for each item, in the order of the items.
    pub fn map<T: Sync, R: Send>(
        &self,
        items: &[T],
        make: impl Fn(&T) -> R + Send + Sync,
    ) -> Vec<R> {
        self.run(|| parallel::map(items, make))
    }
}

/// The reason why no thread can be started.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start a thread: {}", self.0)
    }
}

impl std::error::Error for StartError {}
