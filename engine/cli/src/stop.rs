//! Stopping: signals, and a time limit.

use crate::exit::Exit;
use crossbeam_channel::{Receiver, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Why it is time to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Interrupt,
    Terminate,
    Limit,
}

impl Why {
    fn told(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C",
            Self::Terminate => "SIGTERM",
            Self::Limit => "--seconds",
        }
    }
}

/// Says when to stop, and afterwards why.
pub(crate) struct Stop {
    /// Gets a message, or closes, when it is time.
    pub(crate) signal: Receiver<()>,
    stopped: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
}

impl Stop {
    /// Stops on SIGINT, on SIGTERM and after `limit`.
    pub(crate) fn new(limit: Option<Duration>) -> Result<Self, Exit> {
        let (tx, signal) = bounded(1);
        let interrupted = Arc::new(AtomicBool::new(false));
        let stopped = Arc::new(AtomicBool::new(false));
        let (flag, ended) = (Arc::clone(&interrupted), Arc::clone(&stopped));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Exit::failed)?;
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                let why = runtime.block_on(wait(limit));
                tracing::info!(by = why.told(), "stopping");
                if why == Why::Interrupt {
                    flag.store(true, Ordering::Relaxed);
                }
                ended.store(true, Ordering::Relaxed);
                // The command may have ended by itself.
                let _ = tx.send(());
                // A second signal ends the process at once, should stopping hang.
                let again = runtime.block_on(wait(None));
                let code = if again == Why::Interrupt { 130 } else { 1 };
                std::process::exit(code);
            })
            .map_err(Exit::failed)?;
        Ok(Self { signal, stopped, interrupted })
    }

    /// Is it time? For commands that look now and then.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Was it the keyboard?
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// `result`, or that it was interrupted.
    pub(crate) fn end<T>(&self, result: T) -> Result<T, Exit> {
        if self.interrupted() { Err(Exit::Interrupted) } else { Ok(result) }
    }
}

/// Gets a message for each SIGHUP: somebody changed the pipeline.
pub(crate) fn hangups() -> Result<Receiver<()>, Exit> {
    use tokio::signal::unix::{SignalKind, signal};
    let (tx, asked) = bounded(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Exit::failed)?;
    std::thread::Builder::new()
        .name("hangups".into())
        .spawn(move || {
            runtime.block_on(async {
                let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
                while hangup.recv().await.is_some() {
                    // One that waits already is enough.
                    let _ = tx.try_send(());
                }
            });
        })
        .map_err(Exit::failed)?;
    Ok(asked)
}

async fn wait(limit: Option<Duration>) -> Why {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("signals cannot be handled; only SIGKILL will stop this");
        return std::future::pending().await;
    };
    let timeout = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => Why::Interrupt,
        _ = terminate.recv() => Why::Terminate,
        () = timeout => Why::Limit,
    }
}
