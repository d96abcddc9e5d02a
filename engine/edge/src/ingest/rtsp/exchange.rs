//! The talk between rtspsrc and a camera, without sockets and clocks.
//!
//! rtspsrc leads it and sees a camera that wants no login. Here its requests get the camera's
//! address, a login where one is asked for, and company: what keeps the session alive. What the
//! camera refuses is put into words here, as rtspsrc does not tell.

use super::description;
use super::gather::Gather;
use super::login::{AfterRefusal, Login};
use super::message::{Message, NotRtsp, Piece, next};
use super::words;
use crate::ingest::fault::Fault;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use viahe_contract::message::Carrier;

/// A camera that takes longer for an answer is not waited for.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Of a session whose camera names no other (RFC 2326, 12.37).
const SESSION_DEFAULT: Duration = Duration::from_mins(1);
/// More often no session is kept alive.
const KEEP_MIN: Duration = Duration::from_millis(500);
/// Less often none: some cameras name hours and hold a minute.
const KEEP_MAX: Duration = Duration::from_secs(30);
/// No request is sent more often: without a login, with it, and with a fresh nonce.
const TURNS_MAX: u8 = 3;
/// Requests under way; more are no answer of a camera that lives.
const PENDING_MAX: usize = 8;

/// What the talk is about.
pub(super) struct Subject {
    /// How rtspsrc addresses the camera, with the key that only it knows.
    pub(super) alias: String,
    /// The same without the key.
    pub(super) alias_host: String,
    /// `rtsp://host:port` of the camera.
    pub(super) camera: String,
    /// Port of the camera.
    pub(super) port: u16,
    /// The camera's address, for UDP.
    pub(super) peer: Option<String>,
    /// How media is asked for.
    pub(super) carrier: Carrier,
    /// User name and password.
    pub(super) login: Option<(String, String)>,
    /// The login was accepted on an earlier connection.
    pub(super) login_good: bool,
}

/// Why the talk has ended.
#[derive(Debug)]
pub(super) enum End {
    /// The camera, or the way to it.
    Fault(Fault),
    /// Who leads the talk is not rtspsrc.
    Stranger,
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A request that waits for its answer.
struct Pending {
    cseq: u32,
    request: Message,
    /// Its number as rtspsrc counts; none for what keeps the session alive.
    of_client: Option<String>,
    /// How often it was sent, and how often with the login.
    turns: u8,
    logins: u8,
    carried_login: bool,
    sent: Instant,
}

impl Pending {
    fn new(request: Message, of_client: Option<String>, sent: Instant) -> Self {
        Self { cseq: 0, request, of_client, turns: 0, logins: 0, carried_login: false, sent }
    }
}

/// The camera's session.
struct Session {
    id: String,
    every: Duration,
    uri: String,
    next: Instant,
}

/// How far a talk has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The camera has said nothing.
    Silent,
    /// It speaks RTSP.
    Heard,
    /// It has agreed to send.
    Playing,
}

/// A talk.
pub(super) struct Exchange {
    subject: Subject,
    login: Option<Login>,
    from_client: Vec<u8>,
    from_camera: Vec<u8>,
    /// To be sent to the camera.
    pub(super) to_camera: Vec<u8>,
    /// To be sent to rtspsrc.
    pub(super) to_client: Vec<u8>,
    /// It is rtspsrc that leads.
    known: bool,
    stage: Stage,
    cseq: u32,
    pending: VecDeque<Pending>,
    /// Requests whose answer is not waited for any more.
    given_up: u32,
    offers_parameters: bool,
    session: Option<Session>,
    /// What the camera sends over this connection.
    media: Gather,
    /// An error that rtspsrc may still find its way around.
    pub(super) doubt: Option<Fault>,
}

impl Exchange {
    pub(super) fn new(subject: Subject) -> Self {
        let login = subject.login.as_ref().map(|(user, password)| Login::new(user, password));
        Self {
            subject,
            login,
            from_client: Vec::new(),
            from_camera: Vec::new(),
            to_camera: Vec::new(),
            to_client: Vec::new(),
            known: false,
            stage: Stage::Silent,
            cseq: 0,
            pending: VecDeque::new(),
            given_up: 0,
            offers_parameters: false,
            session: None,
            media: Gather::default(),
            doubt: None,
        }
    }

    /// Has the camera agreed to send?
    pub(super) fn playing(&self) -> bool {
        self.stage == Stage::Playing
    }

    /// Has the camera accepted the login on this connection?
    pub(super) fn login_accepted(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.accepted)
    }

    /// Somebody else than rtspsrc had called.
    pub(super) fn forget_client(&mut self) {
        self.from_client.clear();
    }

    /// Takes what rtspsrc sends.
    pub(super) fn client_says(&mut self, bytes: &[u8], now: Instant) -> Result<(), End> {
        self.from_client.extend_from_slice(bytes);
        let mut done = 0;
        loop {
            match next(&self.from_client[done..]) {
                Ok(Piece::Partial) => break,
                Ok(Piece::Filler(len)) => done += len,
                Ok(Piece::Media(len)) => {
                    if self.known {
                        self.media.report(&mut self.from_client[done..done + len]);
                        self.to_camera.extend_from_slice(&self.from_client[done..done + len]);
                    }
                    done += len;
                }
                Ok(Piece::Message(message, len)) => {
                    self.client_message(message, now)?;
                    done += len;
                }
                Err(_) => return Err(End::Stranger),
            }
        }
        self.from_client.drain(..done);
        Ok(())
    }

    fn client_message(&mut self, mut message: Message, now: Instant) -> Result<(), End> {
        if message.code().is_some() {
            // To a request of the camera.
            self.to_camera.extend(message.bytes());
            return Ok(());
        }
        let uri = message.uri();
        let rest = uri.strip_prefix(&self.subject.alias);
        self.known |= rest.is_some();
        if !self.known {
            return Err(End::Stranger);
        }
        if let Some(rest) = rest.or_else(|| uri.strip_prefix(&self.subject.alias_host)) {
            message.start = format!("{} {}{rest} RTSP/1.0", message.method(), self.subject.camera);
        }
        let of_client = message.header("cseq").unwrap_or_default().to_owned();
        self.ask(Pending::new(message, Some(of_client), now), now);
        Ok(())
    }

    fn ask(&mut self, mut asked: Pending, now: Instant) {
        self.cseq += 1;
        asked.cseq = self.cseq;
        asked.sent = now;
        asked.turns += 1;
        asked.request.set("CSeq", self.cseq.to_string());
        let header = self.login.as_mut().and_then(|login| login.header(&asked.request));
        asked.carried_login = header.is_some();
        if let Some(header) = header {
            asked.logins += 1;
            asked.request.set("Authorization", header);
        }
        self.to_camera.extend(asked.request.bytes());
        if let Some(session) = &mut self.session {
            session.next = now + session.every;
        }
        if self.pending.len() < PENDING_MAX {
            self.pending.push_back(asked);
        }
    }

    /// Takes what the camera sends.
    pub(super) fn camera_says(&mut self, bytes: &[u8], now: Instant) -> Result<(), End> {
        self.from_camera.extend_from_slice(bytes);
        let mut done = 0;
        let result = loop {
            match next(&self.from_camera[done..]) {
                Ok(Piece::Partial) => break Ok(()),
                Ok(Piece::Filler(len)) => done += len,
                Ok(Piece::Media(len)) => {
                    self.media.packet(&self.from_camera[done..done + len], &mut self.to_client);
                    done += len;
                }
                Ok(Piece::Message(message, len)) => {
                    done += len;
                    self.stage = self.stage.max(Stage::Heard);
                    if let Err(fault) = self.camera_message(message, now) {
                        break Err(fault);
                    }
                }
                Err(_) if self.stage > Stage::Silent => break Err(words::garbled()),
                Err(what) => break Err(words::not_rtsp(what, self.subject.port)),
            }
        };
        self.from_camera.drain(..done);
        Ok(result?)
    }

    fn camera_message(&mut self, message: Message, now: Instant) -> Result<(), Fault> {
        let Some(code) = message.code() else {
            // The camera asks something; rtspsrc answers.
            self.to_client.extend(message.bytes());
            return Ok(());
        };
        if code < 200 {
            return Ok(());
        }
        let Some(pending) = self.asked(&message) else { return Ok(()) };
        if code == 401 {
            return self.unauthorised(pending, &message, now);
        }
        if let Some(login) = &mut self.login {
            login.accepted |= pending.carried_login;
        }
        match &pending.of_client {
            Some(_) => self.answer(pending, message, code, now),
            None => self.kept_alive(code),
        }
    }

    /// The request that `response` answers; none when nobody waits for it any more.
    fn asked(&mut self, response: &Message) -> Option<Pending> {
        let number: Option<u32> = response.header("cseq").and_then(|text| text.parse().ok());
        if let Some(at) = self.pending.iter().position(|p| Some(p.cseq) == number) {
            return self.pending.remove(at);
        }
        if self.given_up > 0 {
            self.given_up -= 1;
            return None;
        }
        // Some cameras do not number their answers, or wrongly.
        self.pending.pop_front()
    }

    fn unauthorised(
        &mut self,
        pending: Pending,
        response: &Message,
        now: Instant,
    ) -> Result<(), Fault> {
        let Some(login) = &mut self.login else { return Err(words::login_wanted()) };
        match login.judge(response, pending.carried_login, pending.logins > 1) {
            AfterRefusal::Again if pending.turns < TURNS_MAX => {
                self.ask(pending, now);
                Ok(())
            }
            AfterRefusal::Again | AfterRefusal::Refused => Err(words::refused()),
            AfterRefusal::Unknown(wanted) => Err(words::login_unknown(&wanted)),
        }
    }

    /// The answer to a request of rtspsrc.
    fn answer(
        &mut self,
        pending: Pending,
        mut message: Message,
        code: u16,
        now: Instant,
    ) -> Result<(), Fault> {
        let method = pending.request.method();
        let failed = || words::answered(method, code, message.reason());
        match (method, code) {
            // The end of the talk, or a way to hold still, is no matter either.
            (_, 200..=299) | ("TEARDOWN" | "PAUSE", _) => {}
            // Others are asked for nothing that they have not.
            ("OPTIONS", 400 | 405 | 406 | 454 | 455 | 501 | 551) => {
                message.start = "RTSP/1.0 200 OK".into();
                self.learn_methods(&mut message);
            }
            // rtspsrc has another way to write the stream's address.
            ("SETUP", 400 | 404) if self.doubt.is_none() => self.doubt = Some(failed()),
            ("SETUP", 400 | 405 | 406 | 456 | 459 | 461..=463 | 501 | 551) => {
                return Err(words::not_offered(self.subject.carrier, Some(code)));
            }
            _ => return Err(failed()),
        }
        if (200..300).contains(&code) {
            match method {
                "OPTIONS" => self.learn_methods(&mut message),
                "DESCRIBE" => {
                    description::prepare(&mut message)?;
                    self.media.learn(&message.body);
                }
                "SETUP" => self.set_up(&pending.request, &mut message, now)?,
                "PLAY" => {
                    self.stage = Stage::Playing;
                    self.open_session(&message, pending.request.uri(), now);
                }
                _ => {}
            }
        }
        message.set("CSeq", pending.of_client.unwrap_or_default());
        self.to_client.extend(message.bytes());
        Ok(())
    }

    /// What the camera says it can do. Some leave out what every camera has to have, and rtspsrc
    /// gives up on these.
    fn learn_methods(&mut self, message: &mut Message) {
        let mut offered: Vec<String> = message
            .all("public")
            .chain(message.all("allow"))
            .flat_map(|list| list.split(','))
            .map(|method| method.trim().to_ascii_uppercase())
            .collect();
        self.offers_parameters = offered.iter().any(|method| method == "GET_PARAMETER");
        for needed in ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"] {
            if !offered.iter().any(|method| method == needed) {
                offered.push(needed.to_owned());
            }
        }
        message.set("Public", offered.join(", "));
    }

    fn set_up(
        &mut self,
        request: &Message,
        message: &mut Message,
        now: Instant,
    ) -> Result<(), Fault> {
        self.doubt = None;
        let transport = message.header("transport").unwrap_or_default().to_owned();
        let lower = transport.to_ascii_lowercase();
        let carrier = if lower.contains("interleaved") || lower.contains("/tcp") {
            Carrier::Tcp
        } else {
            Carrier::Udp
        };
        if transport.is_empty() || carrier != self.subject.carrier {
            return Err(words::not_offered(self.subject.carrier, None));
        }
        // rtspsrc would send its reports to whom it is connected with.
        if let (Carrier::Udp, Some(peer)) = (carrier, &self.subject.peer)
            && !lower.contains("source=")
        {
            message.set("Transport", format!("{transport};source={peer}"));
        }
        self.open_session(message, request.uri(), now);
        Ok(())
    }

    fn open_session(&mut self, message: &Message, uri: &str, now: Instant) {
        let header = message.header("session").unwrap_or_default();
        let mut parts = header.split(';').map(str::trim);
        let id = parts.next().unwrap_or_default();
        let timeout = parts.find_map(|part| part.strip_prefix("timeout")?.trim().strip_prefix('='));
        // Some say 0 of a session that does not end.
        let timeout = timeout.and_then(|text| text.trim().parse().ok()).filter(|secs| *secs > 0);
        let timeout = timeout.map(Duration::from_secs);
        let id = id.to_owned();
        let session = self.session.get_or_insert_with(|| {
            let every = pace(SESSION_DEFAULT);
            Session { id, every, uri: String::new(), next: now + every }
        });
        // PLAY names the whole, SETUP a part of it.
        uri.clone_into(&mut session.uri);
        if let Some(timeout) = timeout {
            session.every = pace(timeout);
        }
        session.next = now + session.every;
    }

    fn kept_alive(&mut self, code: u16) -> Result<(), Fault> {
        match code {
            454 => Err(words::answered("a keep-alive", code, "")),
            // It was offered, but is not there: the other way from now on.
            400.. => {
                self.offers_parameters = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Does what is due. When to look again.
    pub(super) fn tick(&mut self, now: Instant) -> Result<Option<Instant>, End> {
        let asked = self.pending.iter().filter(|p| p.of_client.is_some());
        let late = |p: &&Pending| now >= p.sent + ANSWER_MAX && p.request.method() != "TEARDOWN";
        if let Some(late) = asked.clone().find(late) {
            return Err(words::unanswered(late.request.method(), ANSWER_MAX.as_secs()).into());
        }
        let answer_by = asked.map(|p| p.sent + ANSWER_MAX).filter(|at| *at > now).min();
        if let Some(session) = &self.session
            && self.playing()
            && now >= session.next
        {
            self.keep_alive(now);
        }
        let keep_at = self.session.as_ref().filter(|_| self.playing()).map(|s| s.next);
        Ok(answer_by.into_iter().chain(keep_at).min())
    }

    fn keep_alive(&mut self, now: Instant) {
        let Some(session) = &self.session else { return };
        let method = if self.offers_parameters { "GET_PARAMETER" } else { "OPTIONS" };
        let mut request = Message::request(method, &session.uri);
        if !session.id.is_empty() {
            request.set("Session", &session.id);
        }
        request.set("User-Agent", "viahe");
        // One that is still without answer after so long will have none.
        let waiting = self.pending.len();
        self.pending.retain(|p| p.of_client.is_some());
        self.given_up = u32::try_from(waiting - self.pending.len()).unwrap_or(0);
        self.ask(Pending::new(request, None, now), now);
    }

    /// What it means that the camera closed the connection.
    pub(super) fn camera_gone(&self) -> Fault {
        let doubtful = |login: &Login| login.sent && !login.accepted && !self.subject.login_good;
        if self.login.as_ref().is_some_and(doubtful) {
            return words::login_unanswered();
        }
        if self.stage == Stage::Silent && !self.from_camera.is_empty() {
            return words::not_rtsp(NotRtsp::Other, self.subject.port);
        }
        words::hung_up(self.stage > Stage::Silent, self.playing())
    }
}

/// How often a session that ends after `timeout` is kept alive.
fn pace(timeout: Duration) -> Duration {
    // A little less than a half: the request has to get there.
    (timeout * 9 / 20).clamp(KEEP_MIN, KEEP_MAX)
}
