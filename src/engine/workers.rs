//! The threads of a run.

use std::fmt;

use rayon::prelude::*;

/// A worker's stack: deep trees are bounded by the parsers, this leaves them room.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// More threads than these are not started: they would only wait for each other.
const MAX_THREADS: usize = 256;
const THREADS_PER_CORE: usize = 4;

/// How many files a worker takes at once: few enough that none is left with many when the others
/// have no more.
pub(super) const BATCH: usize = 8;

/// The threads of a run; without any of their own, those of the process.
#[derive(Debug, Default)]
pub struct Workers(Option<rayon::ThreadPool>);

impl Workers {
    /// As many threads as are asked for, or as can be started. Where none can, the caller's own
    /// thread is the only worker.
    pub fn start(threads: Option<usize>) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut count = threads
            .unwrap_or(cores)
            .clamp(1, MAX_THREADS.min(cores * THREADS_PER_CORE));
        let pool = |count| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(count)
                .stack_size(STACK_BYTES)
        };

        loop {
            match pool(count).build() {
                Ok(workers) => return Ok(Self(Some(workers))),
                Err(_) if count > 1 => count /= 2,
                Err(_) => break,
            }
        }

        match pool(1).use_current_thread().build() {
            Ok(workers) => Ok(Self(Some(workers))),
            Err(error) => Err(StartError(error.to_string())),
        }
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

    /// What is made of each item, in the order of the items.
    pub fn map<T: Sync, R: Send>(
        &self,
        items: &[T],
        make: impl Fn(&T) -> R + Send + Sync,
    ) -> Vec<R> {
        self.run(|| items.par_iter().with_max_len(BATCH).map(make).collect())
    }
}

/// Why there is no thread to run on.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start a thread: {}", self.0)
    }
}

impl std::error::Error for StartError {}
