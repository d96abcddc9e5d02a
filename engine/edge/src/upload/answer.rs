//! What a console answers.

/// Why a box is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// By this status.
    Status(u16),
    /// The other side has this against its certificate, or that it has none.
    Certificate(String),
}

/// To a question or to a part of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has the picture.
    Has,
    /// It has so many bytes of it.
    Lacks(u64),
    /// It does not let this box in.
    Denied(Denial),
    /// It does not take this picture, by this status.
    Refused(u16),
    /// No console answers there now; why.
    Away(String),
}

/// What an answer says beside its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    /// How many bytes of the picture are there.
    pub(super) offset: Option<u64>,
    /// How many bytes the picture has, in the answer to a question.
    pub(super) length: Option<u64>,
}

impl Answer {
    /// To whether it has a picture of `size` bytes.
    ///
    /// Many a server says yes to whatever it is asked: a console also knows the size.
    pub(super) fn to_question(said: Said, size: u64) -> Self {
        match said.status {
            200 if said.length == Some(size) => Self::Has,
            404 => Self::Lacks(said.offset.unwrap_or(0)),
            401 | 403 => Self::Denied(Denial::Status(said.status)),
            other => Self::other(other),
        }
    }

    /// To a part of a picture of `size` bytes.
    pub(super) fn to_part(said: Said, size: u64) -> Self {
        match (said.status, said.offset) {
            (200 | 201, Some(offset)) if offset == size => Self::Has,
            // Not from there on: another request brought more of it, or lost some.
            (202 | 409, Some(offset)) => Self::Lacks(offset),
            // A line that broke may be at it still.
            (409, None) => Self::Away("it is busy with another request for this picture".into()),
            (401 | 403, _) => Self::Denied(Denial::Status(said.status)),
            // The others of this kind are of the way: no picture is to blame for a proxy.
            (413 | 422, _) => Self::Refused(said.status),
            _ => Self::other(said.status),
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

    const SIZE: u64 = 7_000;

    #[test]
    fn every_status_is_an_answer() {
        let away = |answer: &Answer| matches!(answer, Answer::Away(_));
        for status in 0..1_000 {
            let said = Said { status, offset: Some(SIZE), length: Some(SIZE) };
            let [question, part] =
                [Answer::to_question, Answer::to_part].map(|answer| answer(said, SIZE));
            match status {
                200 => assert_eq!([question, part], [Answer::Has, Answer::Has]),
                201 => assert!(away(&question) && part == Answer::Has),
                202 | 409 => assert!(away(&question) && part == Answer::Lacks(SIZE)),
                401 | 403 => {
                    let denied = Answer::Denied(Denial::Status(status));
                    assert_eq!([question, part], [denied.clone(), denied]);
                }
                404 => assert!(question == Answer::Lacks(SIZE) && away(&part)),
                413 | 422 => assert!(away(&question) && part == Answer::Refused(status)),
                _ => assert!(away(&question) && away(&part), "{status}"),
            }
        }
    }

    #[test]
    fn a_yes_that_does_not_know_the_size_is_none() {
        for size in [None, Some(0), Some(SIZE - 1), Some(SIZE + 1)] {
            for status in [200, 201] {
                let said = Said { status, offset: size, length: size };
                for answer in [Answer::to_question(said, SIZE), Answer::to_part(said, SIZE)] {
                    assert!(matches!(answer, Answer::Away(_)), "{said:?}: {answer:?}");
                }
            }
        }
        let said = Said { status: 404, offset: None, length: None };
        assert_eq!(Answer::to_question(said, SIZE), Answer::Lacks(0));
        for status in [202, 409] {
            let part = Answer::to_part(Said { status, ..said }, SIZE);
            assert!(matches!(part, Answer::Away(_)), "{part:?}");
        }
    }
}
