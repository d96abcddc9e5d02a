//! What was read, as long as it stands: until the next commit.
//!
//! When something comes, everybody who has the queue open asks for the same page: it is read once, and who asks
//! meanwhile waits for that. A commit is counted before anybody hears that it is done, so nobody who has written, or has
//! been told of a change, is given what stood before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, watch};

/// Answers by what was asked.
pub(crate) struct Standing<K, V> {
    committed: watch::Receiver<u64>,
    most: usize,
    answers: Mutex<Answers<K, V>>,
}

struct Answers<K, V> {
    /// Of the state after this commit, or of a later one.
    since: u64,
    by_question: HashMap<K, Arc<OnceCell<V>>>,
}

impl<K: Eq + Hash, V: Clone> Standing<K, V> {
    /// Of a store that counts its commits so; keeps `most` answers at once.
    pub(crate) fn new(committed: watch::Receiver<u64>, most: usize) -> Self {
        let answers = Mutex::new(Answers { since: 0, by_question: HashMap::new() });
        Self { committed, most, answers }
    }

    /// The answer that stands, or else what `read` gives. An error is told to who asked alone, and is not kept.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) async fn get<E>(
        &self,
        question: K,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        match self.cell(question) {
            Some(cell) => cell.get_or_try_init(|| read).await.cloned(),
            None => read.await,
        }
    }

    /// Where the answer is to be; none while too many others stand.
    fn cell(&self, question: K) -> Option<Arc<OnceCell<V>>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = *self.committed.borrow();
        if answers.since != now {
            answers.since = now;
            answers.by_question.clear();
        }
        if let Some(cell) = answers.by_question.get(&question) {
            return Some(Arc::clone(cell));
        }
        if answers.by_question.len() >= self.most {
            // Those that came to nothing, or are still read, which whoever waits for them has in hand.
            answers.by_question.retain(|_, cell| cell.initialized());
        }
        if answers.by_question.len() >= self.most {
            return None;
        }
        let cell = Arc::new(OnceCell::new());
        answers.by_question.insert(question, Arc::clone(&cell));
        Some(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Counts how often it was read.
    #[derive(Default)]
    struct Source(AtomicU32);

    impl Source {
        async fn read(&self) -> Result<u32, String> {
            tokio::task::yield_now().await;
            Ok(self.0.fetch_add(1, Ordering::Relaxed) + 1)
        }
    }

    #[tokio::test]
    async fn what_many_ask_at_once_is_read_once_until_the_next_commit() {
        let (commits, committed) = watch::channel(7);
        let (standing, source) = (Standing::new(committed, 2), Source::default());
        let ask = |question| standing.get(question, source.read());
        let both = tokio::join!(ask("queue"), ask("queue"));
        assert_eq!(both, (Ok(1), Ok(1)));
        assert_eq!(ask("queue").await, Ok(1));
        assert_eq!(ask("another").await, Ok(2));
        commits.send_modify(|count| *count += 1);
        assert_eq!(ask("queue").await, Ok(3));
    }

    #[tokio::test]
    async fn no_more_is_kept_than_it_may() {
        let (_commits, committed) = watch::channel(0);
        let (standing, source) = (Standing::new(committed, 2), Source::default());
        let ask = |question| standing.get(question, source.read());
        assert_eq!((ask("a").await, ask("b").await), (Ok(1), Ok(2)));
        assert_eq!((ask("c").await, ask("c").await), (Ok(3), Ok(4)), "read each time");
        assert_eq!(ask("a").await, Ok(1));
    }

    #[tokio::test]
    async fn an_error_is_not_kept_and_takes_no_place() {
        let (_commits, committed) = watch::channel(0);
        let (standing, source) = (Standing::new(committed, 1), Source::default());
        let failed = standing.get("a", async { Err::<u32, _>("the disk".to_owned()) }).await;
        assert_eq!(failed, Err("the disk".to_owned()));
        assert_eq!(standing.get("b", source.read()).await, Ok(1));
        assert_eq!(standing.get("b", source.read()).await, Ok(1), "kept in its place");
    }
}
