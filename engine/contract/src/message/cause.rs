//! Why a camera is not as it should be, as codes with numbers, of which each reader makes words in its own
//! language.

use super::stream::{Carrier, StreamRole};
use crate::id::Name;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One of the things that a camera's `reason` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Of which of its two streams; none of a camera that has one, and of what is about the camera.
    pub stream: Option<StreamRole>,
    /// What.
    pub fault: CameraFault,
}

/// What can be wrong with a camera, its stream, or what looks at it. New ones come with versions of viahe: a reader
/// shows the text of those that it does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum CameraFault {
    /// Its address cannot be used.
    AddressWrong,
    /// The host's name is not known.
    NameUnknown,
    /// No name server answers.
    NameServerSilent,
    /// Nobody listens at the port.
    PortRefused {
        /// Which.
        port: u16,
    },
    /// There is no way to its address.
    NoRoute,
    /// Nothing answers at its address.
    NothingAnswers,
    /// It breaks the connection off at once.
    BrokenOff,
    /// The connection failed in another way.
    ConnectionFailed,
    /// It takes the connection and closes it at once.
    ClosedAtOnce,
    /// It closed the connection before it sent anything.
    ClosedEarly,
    /// It ended the stream.
    Ended,
    /// It takes the connection and does not answer.
    Unanswered {
        /// For so long.
        secs: u64,
    },
    /// What answers is a web page.
    WebPage {
        /// Where.
        port: u16,
    },
    /// What answers does not speak RTSP.
    NotRtsp {
        /// Where.
        port: u16,
    },
    /// Its packets cannot be told apart any more.
    Garbled,
    /// It refuses the user name or password.
    LoginRefused,
    /// It wants a login, and none is given.
    LoginWanted,
    /// It wants a login of a kind that there is not.
    LoginUnknown,
    /// It closes the connection when it is given the login.
    LoginUnanswered,
    /// The login does not suffice.
    Forbidden,
    /// It has no such path.
    NoSuchPath,
    /// It has moved its stream.
    Moved,
    /// It has no room for one more viewer.
    NoRoom,
    /// It has dropped the session.
    SessionDropped,
    /// It is overloaded.
    Overloaded,
    /// It refuses a request.
    Refuses {
        /// The status of its answer.
        status: u16,
    },
    /// It fails at a request.
    Fails {
        /// The status of its answer.
        status: u16,
    },
    /// It does not send in this way.
    CarrierRefused {
        /// Which.
        carrier: Carrier,
    },
    /// It sends in no way that there is.
    NoCarrier,
    /// The path has no video.
    NoVideo {
        /// It has sound.
        sound: bool,
    },
    /// It sends a codec that is not read.
    CodecUnknown,
    /// It speaks no TLS at this port.
    NoTls,
    /// It breaks the TLS handshake off.
    TlsBrokenOff,
    /// Its certificate is signed by nobody who is known.
    CertificateUnknown {
        /// The pipeline names whom to trust.
        ca_given: bool,
    },
    /// Its certificate is for another name or address.
    CertificateOfAnother,
    /// Its certificate is not valid today.
    CertificateNotToday,
    /// Its certificate is revoked or of a weak kind.
    CertificateWeak,
    /// The file that its certificate is to be checked against cannot be used.
    AuthorityUnusable,
    /// It wants a certificate of the box.
    CertificateWanted,
    /// The box speaks no TLS.
    BoxWithoutTls,
    /// It is connected, and no picture came.
    NoFirstPicture {
        /// For so long.
        secs: u64,
    },
    /// It agreed to send, and nothing comes.
    NoMedia {
        /// In which way.
        carrier: Carrier,
        /// For so long.
        secs: u64,
    },
    /// It sends, and no picture was whole: its key frames are too far apart.
    NoKeyFrame {
        /// For so long.
        secs: u64,
    },
    /// No picture comes any more.
    Silent {
        /// For so long.
        ms: u64,
    },
    /// What it sends is damaged on its way.
    Damaged {
        /// For so long.
        secs: u64,
    },
    /// Its pictures cannot be decoded.
    DecodingFailed,
    /// Something in the box fails.
    BoxFails,
    /// Nothing came of it yet.
    Waiting,
    /// Its two streams have pictures of different shapes.
    OtherShapes,
    /// Its main stream sends more without a key frame than is kept.
    FilmCut,
    /// It is opened anew, as the pipeline says now.
    Reopening,
    /// Its model is being loaded.
    ModelLoading,
    /// Its model cannot be used.
    ModelUnusable {
        /// Which.
        model: Name,
    },
    /// The recording that stands for it has ended.
    RecordingEnded,
    /// The recording that stands for it cannot be read.
    RecordingUnreadable,
    /// What looks at it starts again.
    WorkerRestarts,
    /// It is kept away from what looks at it.
    Quarantined {
        /// So many of these ended while opening it.
        deaths: u32,
    },
    /// It was kept away, and is tried again.
    TriedAgain,
    /// The pipeline does not have it any more.
    Removed,
    /// The box was stopped.
    Stopped,
}

/// The causes of a message; none when there is one among them that this version does not know, so that its reader
/// shows the text, which has them all.
pub(super) fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Cause>, D::Error> {
    let all: Option<Vec<Value>> = Option::deserialize(from)?;
    let known = all.into_iter().flatten().map(|one| serde_json::from_value(one).ok()).collect();
    Ok(Option::unwrap_or_default(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Deserialize)]
    struct Told {
        #[serde(default, deserialize_with = "known")]
        causes: Vec<Cause>,
    }

    #[test]
    fn a_cause_that_nobody_knows_leaves_the_text() {
        let refused = json!({ "stream": "sub", "fault": { "code": "port_refused", "port": 554 } });
        let newer = json!({ "stream": null, "fault": { "code": "of_a_later_version" } });
        let told = |message: Value| serde_json::from_value::<Told>(message).unwrap().causes;
        let fault = CameraFault::PortRefused { port: 554 };
        let cause = Cause { stream: Some(StreamRole::Sub), fault };
        assert_eq!(told(json!({ "causes": [refused] })), [cause]);
        assert_eq!(told(json!({ "causes": [refused, newer] })), []);
        assert_eq!(told(json!({ "causes": null })), []);
        assert_eq!(told(json!({})), []);
    }
}
