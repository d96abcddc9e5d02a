//! Pages that many people have open, as they were last answered.

use super::extract::Written;
use super::problem::Problem;
use crate::model::Scope;
use crate::people::Caller;
use crate::store::{Standing, Store};
use serde::Serialize;
use std::sync::Arc;

/// Answers that are kept at once: of the largest pages, 10 MB.
const PAGES_MAX: usize = 64;
/// Who asks at greater length than any page does is answered anew each time.
const ASKED_BYTES_MAX: usize = 1_000;

/// What the answer depends on besides the store.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    route: &'static str,
    scope: Scope,
    /// What stands behind the `?`.
    asked: String,
}

/// Answers that stand until the next commit; clones are the same ones.
#[derive(Clone)]
pub struct Pages(Arc<Standing<Question, Written>>);

impl Pages {
    /// Of this store.
    pub fn of(store: &Store) -> Self {
        Self(Arc::new(Standing::new(store.committed(), PAGES_MAX)))
    }

    /// The answer to what somebody asked of `route`; `read` finds it, and looks at nothing but the store.
    pub(super) async fn answer<T: Serialize>(
        &self,
        route: &'static str,
        caller: &Caller,
        asked: Option<String>,
        read: impl Future<Output = Result<T, Problem>>,
    ) -> Result<Written, Problem> {
        let written = async { Ok(Written::of(&read.await?)) };
        let asked = asked.unwrap_or_default();
        if asked.len() > ASKED_BYTES_MAX {
            return written.await;
        }
        let question = Question { route, scope: caller.person.scope.clone(), asked };
        self.0.get(question, written).await
    }
}
