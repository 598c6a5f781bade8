//! The writer of cards: a thread of its own, so that a terminal that takes nothing stops nobody but its reader.

use std::io::{ErrorKind as IoKind, Result as IoResult, Write};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use jit_approval::{Error, ErrorKind};
use tokio::sync::oneshot;

/// How long a card may take. A terminal is stopped by one key (XOFF, termios(3)) and goes on by another.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many cards may wait for a stopped terminal; the house keeps the others and tries again.
const WAITING: usize = 16;

struct Job {
    text: String,
    done: oneshot::Sender<IoResult<()>>,
}

/// Where cards are written, one after another; clones write to the same place.
#[derive(Clone)]
pub struct Out {
    jobs: Option<SyncSender<Job>>,
}

impl Out {
    /// Writes to `to`, on a thread that ends with the last clone.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(mut to: impl Write + Send + 'static) -> IoResult<Self> {
        let (jobs, queue) = sync_channel::<Job>(WAITING);
        std::thread::Builder::new().name("jit-terminal".to_owned()).spawn(move || {
            for job in queue {
                // Nobody waits any more: the card was given up and will come again.
                if job.done.is_closed() {
                    continue;
                }
                let came = to.write_all(job.text.as_bytes()).and_then(|()| to.flush());
                let _ = job.done.send(came);
            }
        })?;
        Ok(Self { jobs: Some(jobs) })
    }

    /// Writes nowhere: for a process that has no terminal.
    pub fn nowhere() -> Self {
        Self { jobs: None }
    }

    /// Writes a text and waits until it is written.
    pub(crate) async fn write(&self, text: String) -> Result<(), Error> {
        let Some(jobs) = &self.jobs else { return Ok(()) };
        let (done, written) = oneshot::channel();
        jobs.try_send(Job { text, done }).map_err(|error| match error {
            TrySendError::Full(_) => stopped(),
            TrySendError::Disconnected(_) => Error::new(ErrorKind::Bug, "the writer of the terminal has ended"),
        })?;
        let came = tokio::time::timeout(PATIENCE, written).await.map_err(|_| stopped())?;
        match came {
            Ok(Ok(())) => Ok(()),
            // Nobody is there to read, and nobody will be: trying again for ever would help nobody.
            Ok(Err(error)) if error.kind() == IoKind::BrokenPipe => {
                Err(Error::new(ErrorKind::Refused, "the terminal is closed"))
            }
            Ok(Err(_)) => Err(Error::new(ErrorKind::Unreachable, "the terminal can't be written to")),
            Err(_) => Err(Error::new(ErrorKind::Bug, "the writer of the terminal has ended")),
        }
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Unreachable, "the terminal takes nothing now")
}
