//! The thread: one picture after the other, part by part.

use super::answer::{Answer, Denial};
use super::flow::Flow;
use super::link::{Link, Part};
use super::shared::{Shared, UploadOptions, Uploads};
use crate::clock;
use crate::evidence::EvidenceStore;
use crate::store::{StoreError, Unsent, Upload};
use crate::trouble::Trouble;
use sha2::Digest as _;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;

/// How often the store is asked when nothing waits.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most bytes in one request: nearly every picture is one, and a line that breaks costs no more.
const PART_BYTES: usize = 256 << 10;
/// A console takes no more.
const PICTURE_BYTES_MAX: usize = 16 << 20;
/// A picture that the console would not take so often, or the disk would not give, is given up.
const TRIES_MAX: u32 = 3;
/// While the store fails, it is told so often.
const COMPLAIN_EVERY: Duration = Duration::from_mins(10);

/// A picture that is being sent.
#[derive(Debug)]
struct Sending {
    upload: Upload,
    bytes: Vec<u8>,
    /// So much the console has.
    offset: usize,
}

/// Why a picture cannot be read.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    /// It is not there any more.
    Gone(String),
    /// The disk may give it another time.
    NotNow(String),
}

/// Sends what waits.
#[derive(Debug)]
pub(super) struct Worker {
    options: UploadOptions,
    link: Link,
    unsent: Unsent,
    evidence: Arc<EvidenceStore>,
    shared: Arc<Shared>,
    flow: Flow,
    sending: Option<Sending>,
    counters: Uploads,
    started: Instant,
    /// When it was last told that the store fails.
    complained: Option<Duration>,
}

impl Worker {
    pub(super) fn new(
        options: UploadOptions,
        link: Link,
        unsent: Unsent,
        evidence: Arc<EvidenceStore>,
        shared: Arc<Shared>,
    ) -> Self {
        let (flow, started) = (Flow::new(options.again_after, options.seed), clock::monotonic());
        let (sending, counters, complained) = (None, Uploads::default(), None);
        Self {
            options,
            link,
            unsent,
            evidence,
            shared,
            flow,
            sending,
            counters,
            started,
            complained,
        }
    }

    /// Until it is to stop.
    pub(super) fn run(mut self) {
        let mut wait = Duration::ZERO;
        while !self.shared.rest(wait) {
            wait = self.turn();
        }
        self.shared.ended();
    }

    /// Does the next thing if it is time; how long nothing is to be done after it.
    fn turn(&mut self) -> Duration {
        let depth = match self.unsent.depth() {
            Ok(depth) => depth,
            Err(error) => return self.not_now(&error),
        };
        self.tell(depth.uploads);
        let wait = self.flow.wait(self.now(), depth.rows > 0);
        if !wait.is_zero() {
            // Incidents may come meanwhile, or go.
            return wait.min(LOOK_EVERY);
        }
        let done = match self.sending.take() {
            Some(sending) => self.send(sending),
            None if depth.uploads == 0 => return LOOK_EVERY,
            None => self.begin(),
        };
        match done {
            Ok(()) => Duration::ZERO,
            Err(error) => self.not_now(&error),
        }
    }

    fn not_now(&mut self, error: &StoreError) -> Duration {
        let now = self.now();
        if self.complained.is_none_or(|last| now.saturating_sub(last) >= COMPLAIN_EVERY) {
            self.complained = Some(now);
            tracing::warn!(%error, "which pictures wait for the console cannot be read or noted");
        }
        LOOK_EVERY
    }

    /// Asks for the next picture.
    fn begin(&mut self) -> Result<(), StoreError> {
        let Some(upload) = self.unsent.newest_gravest()? else { return Ok(()) };
        let sha256 = upload.sha256;
        let path = self.evidence.path_of(sha256);
        let read = path.ok_or_else(Unread::gone).and_then(|path| read(&path, sha256));
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(unread) => return self.cannot_read(upload, unread),
        };
        let answer = self.link.ask(sha256, bytes.len());
        self.flow.sent(0);
        self.heard(Sending { upload, bytes, offset: 0 }, answer, false)
    }

    /// A picture that is not there any more is done with; one that the disk does not give now comes after all others.
    fn cannot_read(&mut self, upload: Upload, unread: Unread) -> Result<(), StoreError> {
        let Upload { sha256, tries } = upload;
        let why = match unread {
            Unread::NotNow(why) if tries + 1 < TRIES_MAX => {
                tracing::warn!(%sha256, why, "a picture for the console cannot be read now");
                self.flow.not_now(self.now());
                return self.unsent.put_off(sha256);
            }
            Unread::NotNow(why) | Unread::Gone(why) => why,
        };
        self.unsent.settle(sha256)?;
        tracing::warn!(%sha256, why, "a picture is not sent to the console");
        self.counters.gone += 1;
        Ok(())
    }

    /// Sends the next part.
    fn send(&mut self, sending: Sending) -> Result<(), StoreError> {
        let Sending { upload, bytes, offset } = &sending;
        let to = bytes.len().min(offset + PART_BYTES);
        let part = Part { whole: bytes, from: *offset, to };
        let answer = self.link.put(upload.sha256, Medium::Jpeg, &part);
        self.flow.sent(to - offset);
        self.counters.bytes += (to - offset) as u64;
        self.heard(sending, answer, true)
    }

    /// What follows from an answer to a question, or to a part that was `sent`.
    fn heard(
        &mut self,
        mut sending: Sending,
        mut answer: Answer,
        sent: bool,
    ) -> Result<(), StoreError> {
        if let Answer::Lacks(offset) = answer {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let moved = offset > sending.offset && offset < sending.bytes.len();
            match (sent, moved) {
                (true, false) => {
                    answer = Answer::Away("it takes pictures and keeps nothing".into());
                }
                (_, true) => sending.offset = offset,
                // All or more of it is there, and it is not whole: from the beginning.
                (false, false) => sending.offset = 0,
            }
        }
        let now = self.now();
        self.flow.answered(&answer, sent, now);
        let Upload { sha256, tries } = sending.upload;
        match answer {
            Answer::Has => {
                self.unsent.settle(sha256)?;
                *(if sent { &mut self.counters.sent } else { &mut self.counters.had }) += 1;
                Ok(())
            }
            Answer::Lacks(_) => {
                self.sending = Some(sending);
                Ok(())
            }
            Answer::Refused(status) if tries + 1 >= TRIES_MAX => {
                self.unsent.settle(sha256)?;
                tracing::error!(%sha256, status, "the console does not take this picture, and it is not sent any more");
                self.counters.refused += 1;
                Ok(())
            }
            Answer::Refused(_) => self.unsent.put_off(sha256),
            Answer::Denied(_) => {
                self.link.renew();
                Ok(())
            }
            Answer::Away(why) => {
                tracing::debug!(why, "no console");
                self.link.renew();
                Ok(())
            }
        }
    }

    /// Says how it stands.
    fn tell(&mut self, waiting: u64) {
        self.counters.waiting = waiting;
        self.counters.too_many = self.unsent.not_sent();
        if waiting == 0 {
            self.flow.nothing_waits();
        }
        self.shared.set_counters(self.counters);
        self.options.metrics.uploads(self.counters);
        let url = &self.options.console.url;
        let refuses = self.flow.denied().map(|denial| {
            let (why, remedy) = remedy(denial, self.options.console.token.is_some());
            format!(
                "the console at {url} does not let this box in ({why}): pictures wait; {remedy}"
            )
        });
        self.options.troubles.set(Trouble::ConsoleRefuses, refuses);
        let away = self.flow.away(self.now()).map(|why| {
            format!("the console at {url} takes no pictures: {why}; they wait on the box")
        });
        self.options.troubles.set(Trouble::ConsoleAway, away);
    }

    fn now(&self) -> Duration {
        clock::monotonic().saturating_duration_since(self.started)
    }
}

impl Unread {
    fn gone() -> Self {
        Self::Gone("it is gone".to_owned())
    }
}

/// What is on the disk, if it is what its name says.
/// Why, and what to do next.
fn remedy(denial: &Denial, by_token: bool) -> (String, &'static str) {
    match denial {
        Denial::Certificate(why) => {
            (why.clone(), "name a certificate in `cert` of [console] that it believes")
        }
        Denial::Status(status) => {
            let remedy = match (by_token, status) {
                (true, 401) => "set `token` of [console] to one that it knows",
                (true, _) => "set `token` of [console] to that of this site's box",
                (false, _) => {
                    "the certificate in `cert` of [console] must name the site, and the console must \
                     have `client_ca`"
                }
            };
            (status.to_string(), remedy)
        }
    }
}

fn read(path: &Path, sha256: Sha256) -> Result<Vec<u8>, Unread> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unread::gone(),
        _ => Unread::NotNow(format!("{}: {error}", path.display())),
    })?;
    if Sha256::from_bytes(sha2::Sha256::digest(&bytes).into()) != sha256 {
        return Err(Unread::Gone(format!("{}: its bytes had changed on the disk", path.display())));
    }
    if bytes.len() > PICTURE_BYTES_MAX {
        return Err(Unread::Gone(format!("{} bytes are more than a console takes", bytes.len())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_will_never_come_back_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("picture");
        let sha256 = Sha256::from_bytes(sha2::Sha256::digest(b"a street").into());
        assert_eq!(read(&path, sha256), Err(Unread::gone()));
        std::fs::write(&path, b"a street").unwrap();
        assert_eq!(read(&path, sha256), Ok(b"a street".to_vec()));
        std::fs::write(&path, b"a strait").unwrap();
        assert!(matches!(read(&path, sha256), Err(Unread::Gone(_))));
        // Whatever else the disk says is no word on the picture.
        assert!(matches!(read(dir.path(), sha256), Err(Unread::NotNow(_))));
    }
}
