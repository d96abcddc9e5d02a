//! What becomes different, as server-sent events: authorised one by one.

use super::app::App;
use super::problem::Problem;
use crate::clock;
use crate::live::{LOOKING, Live};
use crate::model::Change;
use crate::people::{Caller, People};
use crate::store::Store;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// A sign of life at least so often, so that what stands between does not hang up.
const SIGN: Duration = Duration::from_secs(15);
/// After how long a browser comes back.
const RETRY: Duration = Duration::from_secs(3);
/// Missed changes that are told one by one; of more, that all is to be loaded anew.
const MISSED_MAX: u32 = 5_000;

/// For so long somebody is known without being asked again.
const KNOWN: Duration = Duration::from_secs(1);
/// Load everything anew.
const RESET: &str = "reset";

/// Somebody who watches.
struct Watcher {
    store: Store,
    people: Arc<People>,
    live: Live,
    caller: Caller,
    /// When they were last asked for who they are.
    known: Option<Instant>,
    /// None when the console stops. That is no error: a browser would never come back.
    changes: Option<Receiver<Change>>,
    /// What is still to be told before what comes.
    first: VecDeque<Change>,
    told: Told,
    begun: bool,
}

/// What becomes different on the sites that are open to whoever asks. `Last-Event-ID` goes on where it ended.
#[utoipa::path(get, path = "/v1/events", tag = "events", responses(
    (status = 200, content_type = "text/event-stream", body = String),
    Problem,
))]
pub(super) async fn events(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = last.map(|text| text.parse::<i64>().unwrap_or(i64::MAX));
    // Watches before it looks at what was missed: nothing falls between.
    let changes = app.live.watch();
    let newest = app.live.newest();
    let (first, told) = match last {
        None => (VecDeque::new(), newest),
        Some(last) => missed(&app.store, last, newest).await,
    };
    let App { store, people, live, .. } = app;
    let known = None;
    let watcher = Watcher {
        store,
        people,
        live,
        caller,
        known,
        changes,
        first,
        told: Told(told),
        begun: false,
    };
    let stream = stream::unfold(watcher, |watcher| async {
        let (event, watcher) = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(SIGN))
}

fn reset(no: i64) -> Change {
    let (id, place, camera) = (None, None, None);
    Change { no, event: RESET.into(), site: String::new(), id, place, camera }
}

/// What came after number `last`, up to `newest`; or that this is no longer known.
async fn missed(store: &Store, last: i64, newest: i64) -> (VecDeque<Change>, i64) {
    let anew = || (VecDeque::from([reset(newest)]), newest);
    let Ok((kept, before_oldest)) = store.change_bounds().await else { return anew() };
    if last > kept || last < before_oldest {
        return anew();
    }
    match store.changes(last, MISSED_MAX + 1).await {
        Ok(changes) if changes.len() <= MISSED_MAX as usize => {
            let told = changes.last().map_or(last, |change| change.no);
            (changes.into(), told)
        }
        _ => anew(),
    }
}

/// The newest change that was told or is not to be.
#[derive(Debug)]
struct Told(i64);

impl Told {
    /// The change, if it is to be told still; `missed` ones are. Only what is kept moves on: who looks at something
    /// is told beside it, and a browser goes on from where it was.
    fn next(&mut self, mut change: Change, missed: bool) -> Option<Change> {
        if change.event == LOOKING {
            change.no = self.0;
            return Some(change);
        }
        if change.event != RESET && !missed && change.no <= self.0 {
            return None;
        }
        self.0 = self.0.max(change.no);
        Some(change)
    }
}

impl Watcher {
    /// The next event; none when whoever watches is nobody any more.
    async fn next(mut self) -> Option<(Event, Self)> {
        if !self.begun {
            self.begun = true;
            // So that the page knows that it is heard, and from where it goes on.
            let mut hello = Event::default().retry(RETRY).comment("viahe");
            if self.first.is_empty() {
                // Else what it missed says so itself, as it is told.
                hello = hello.id(self.told.0.to_string());
            }
            return Some((hello, self));
        }
        loop {
            let (change, missed) = match self.first.pop_front() {
                Some(change) => (change, true),
                None => match self.changes.as_mut()?.recv().await {
                    Ok(change) => (change, false),
                    Err(RecvError::Lagged(_)) => (reset(self.live.newest()), false),
                    Err(RecvError::Closed) => return None,
                },
            };
            let Some(change) = self.told.next(change, missed) else { continue };
            if change.event != RESET && !self.may_know(&change).await? {
                continue;
            }
            let event = Event::default().event(change.event.clone()).id(change.no.to_string());
            let Ok(data) = serde_json::to_string(&change) else { continue };
            return Some((event.data(data), self));
        }
    }

    /// Is it of a site that is open to whoever watches? None when that is nobody any more.
    async fn may_know(&mut self, change: &Change) -> Option<bool> {
        let now = clock::monotonic();
        // A session may have ended, a role or a site been taken away.
        if self.known.is_none_or(|known| now.duration_since(known) > KNOWN) {
            let at = self.people.now();
            let found = self.store.still(self.caller.pass?, at).await;
            self.caller.person = found.ok().flatten()?;
            self.known = Some(now);
        }
        Some(self.caller.person.scope.covers(&change.site))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_who_looks_passes_over_no_change() {
        let change = |event: &str, no| Change { event: event.into(), ..reset(no) };
        let mut told = Told(4);
        let mut next = |event, no| told.next(change(event, no), false).map(|change| change.no);
        assert_eq!(next("incident", 4), None, "it was told");
        assert_eq!(next("incident", 5), Some(5));
        // Of a batch of three the last is known before all are handed on.
        assert_eq!(next(LOOKING, 7), Some(5), "a browser goes on from here");
        assert_eq!(next("incident", 6), Some(6));
        assert_eq!(next("verdict", 7), Some(7));
        assert_eq!(next(RESET, 12), Some(12));
        assert_eq!(next("incident", 12), None, "all was loaded anew");
        assert_eq!(next("incident", 13), Some(13));
    }
}
