//! What a console answers.

/// To a question or to a part of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has the picture.
    Has,
    /// It has so many bytes of it.
    Lacks(u64),
    /// It does not let this box in, by this status.
    Denied(u16),
    /// It does not take this picture, by this status.
    Refused(u16),
    /// No console answers there now; why.
    Away(String),
}

impl Answer {
    /// To whether it has a picture; `offset` is how much of it is there.
    pub(super) fn to_question(status: u16, offset: Option<u64>) -> Self {
        match status {
            200 => Self::Has,
            404 => Self::Lacks(offset.unwrap_or(0)),
            401 | 403 => Self::Denied(status),
            other => Self::other(other),
        }
    }

    /// To a part of a picture.
    pub(super) fn to_part(status: u16, offset: Option<u64>) -> Self {
        match (status, offset) {
            (200 | 201, _) => Self::Has,
            // Not from there on: another request brought more of it, or lost some.
            (202 | 409, Some(offset)) => Self::Lacks(offset),
            // A line that broke may be at it still.
            (409, None) => Self::Away("it is busy with another request for this picture".into()),
            (401 | 403, _) => Self::Denied(status),
            (400 | 411 | 413 | 415 | 416 | 422, _) => Self::Refused(status),
            _ => Self::other(status),
        }
    }

    fn other(status: u16) -> Self {
        Self::Away(match status {
            429 | 500..=599 => format!("it answers {status}"),
            _ => format!("what answers there with {status} is no console"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_an_answer() {
        let away = |answer: &Answer| matches!(answer, Answer::Away(_));
        for status in 0..1_000 {
            let [question, part] =
                [Answer::to_question, Answer::to_part].map(|to| to(status, None));
            let refused = [400, 411, 413, 415, 416, 422].contains(&status);
            match status {
                200 => assert_eq!([question, part], [Answer::Has, Answer::Has]),
                201 => assert!(away(&question) && part == Answer::Has),
                401 | 403 => assert_eq!([question, part], [0, 1].map(|_| Answer::Denied(status))),
                404 => assert!(question == Answer::Lacks(0) && away(&part)),
                _ if refused => assert!(away(&question) && part == Answer::Refused(status)),
                _ => assert!(away(&question) && away(&part), "{status}"),
            }
        }
        assert_eq!(Answer::to_question(404, Some(7)), Answer::Lacks(7));
        for status in [202, 409] {
            assert_eq!(Answer::to_part(status, Some(7)), Answer::Lacks(7));
        }
    }
}
