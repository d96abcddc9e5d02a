//! What `/metrics` says of pictures for the console; nothing where there is none.

use super::page::Page;
use std::fmt;

/// How pictures fare; totals since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Those that wait now.
    pub waiting: u64,
    /// Sent.
    pub sent: u64,
    /// The console had them.
    pub had: u64,
    /// Given up by the box: not there any more, not what had been written, not to be read three times, or too large.
    pub gone: u64,
    /// Given up: the console does not take them.
    pub refused: u64,
    /// Not sent: no more may wait, and they were the least grave and oldest.
    pub too_many: u64,
    /// Bytes of pictures sent, also those that did not arrive.
    pub bytes: u64,
}

impl Page<'_> {
    pub(super) fn uploads(&mut self, uploads: Option<&Uploads>) -> fmt::Result {
        let Some(Uploads { waiting, sent, had, gone, refused, too_many, bytes }) = uploads else {
            return Ok(());
        };
        self.gauge("viahe_uploads_waiting", "Pictures that the console may lack.", *waiting)?;
        let of = |result, n: &u64| ([("result", result)], *n);
        self.counters(
            "viahe_uploads",
            "Pictures for the console that do not wait any more, by what became of them.",
            [
                of("sent", sent),
                of("had", had),
                of("gone", gone),
                of("refused", refused),
                of("too_many", too_many),
            ],
        )?;
        self.counter("viahe_upload_bytes", "Bytes of pictures sent to the console.", *bytes)
    }
}
