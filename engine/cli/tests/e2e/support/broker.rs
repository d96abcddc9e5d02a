//! What the centre says to a box and hears of it, over a real broker.

use super::program::Program;
use super::{LONG, until};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};
use viahe_edge::clock;
use viahe_testing::mosquitto::{Login, Mosquitto, client};

/// A broker, and a centre that may use it.
pub(crate) struct Broker {
    pub(crate) port: u16,
    server: Mosquitto,
    login: Option<Login>,
}

impl Broker {
    /// Starts a broker for anybody.
    pub(crate) fn start() -> Self {
        let mut broker = Self::prepare();
        broker.restart();
        broker
    }

    /// Starts a broker that wants a login.
    pub(crate) fn start_with(login: Login) -> Self {
        Self::start_for(&[login], None)
    }

    /// Starts a broker for `users` only, each with what `acl` allows them; see [`password_of`]. What
    /// is said and heard without naming a user is by the first.
    pub(crate) fn guarded(acl: &str, users: &[&'static str]) -> Self {
        let logins: Vec<Login> = users.iter().map(|user| (*user, password_of(user))).collect();
        Self::start_for(&logins, Some(acl))
    }

    fn start_for(logins: &[Login], acl: Option<&str>) -> Self {
        let mut broker = Self::prepare();
        broker.login = logins.first().copied();
        broker.server.admit(logins);
        if let Some(acl) = acl {
            broker.server.allow(acl);
        }
        broker.restart();
        broker
    }

    /// Does not run yet.
    pub(crate) fn prepare() -> Self {
        let server = Mosquitto::prepare("");
        Self { port: server.port, server, login: None }
    }

    /// Runs it and waits until it listens.
    pub(crate) fn restart(&mut self) {
        self.server.restart();
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    pub(crate) fn process(&self) -> &Program {
        self.server.process()
    }

    fn client(&self, program: &str) -> Command {
        client(program, self.port, self.login)
    }

    /// Subscribes to all that viahe says, and waits until the broker has agreed.
    pub(crate) fn listen(&self) -> Ears {
        let mut command = self.client("mosquitto_sub");
        command.args(["-t", "viahe/#", "-d", "-F", "%J"]);
        let ears = Ears { process: Program::start(command) };
        ears.process.line("Subscribed");
        ears
    }

    /// Publishes a message.
    pub(crate) fn say(&self, topic: &str, payload: &Value) {
        self.say_with(topic, &["-m", &payload.to_string()]);
    }

    /// Publishes as `mosquitto_pub`'s arguments say: `-r`, `-n`, `-D`, `-m` with what is no JSON.
    pub(crate) fn say_with(&self, topic: &str, args: &[&str]) {
        let mut command = self.client("mosquitto_pub");
        command.args(["-t", topic]).args(args);
        let said = Program::start(command).end(LONG);
        assert_eq!(said.code, 0, "{said:?}");
    }

    /// Publishes as somebody else, and waits for what the broker makes of it.
    pub(crate) fn say_as(&self, user: &'static str, topic: &str, payload: &Value) {
        let mut command = client("mosquitto_pub", self.port, Some((user, password_of(user))));
        command.args(["-t", topic, "-m", &payload.to_string()]);
        // Its exit code differs by version where the broker refuses.
        Program::start(command).end(LONG);
    }
}

/// Of a user of [`Broker::guarded`].
pub(crate) fn password_of(_user: &str) -> &'static str {
    "a-password"
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) qos: u64,
    /// It had been kept by the broker.
    pub(crate) retained: bool,
    pub(crate) payload: Value,
    pub(crate) at: Instant,
}

impl Message {
    /// The incident's id, if this is about one.
    pub(crate) fn incident(&self) -> Option<&str> {
        self.topic
            .contains("/incident/")
            .then(|| self.payload["data"]["incident"].as_str().unwrap())
    }

    fn is_of(&self, camera: &str) -> bool {
        self.topic.contains(&format!("/cam/{camera}/"))
    }
}

/// A subscriber.
pub(crate) struct Ears {
    process: Program,
}

impl Ears {
    /// Everything heard so far.
    pub(crate) fn heard(&self) -> Vec<Message> {
        self.process.lines().iter().filter(|l| l.text.starts_with('{')).map(message).collect()
    }

    /// As [`Ears::heard`], of incidents only.
    pub(crate) fn incidents(&self) -> Vec<Message> {
        self.heard().into_iter().filter(|m| m.incident().is_some()).collect()
    }

    /// Ids of the incidents heard of, of one camera or of all, sorted.
    pub(crate) fn ids(&self, camera: Option<&str>) -> Vec<String> {
        let of = |m: &Message| camera.is_none_or(|c| m.is_of(c));
        let heard = self.incidents();
        let ids = heard.iter().filter(|m| of(m)).filter_map(Message::incident);
        let mut ids: Vec<String> = ids.map(str::to_owned).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Waits for the first message, heard not before `since`, that is as wanted.
    pub(crate) fn hear(
        &self,
        what: &str,
        since: Instant,
        within: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Message {
        until(what, within, || self.heard().into_iter().find(|m| m.at >= since && wanted(m)))
    }

    /// Waits until `count` incidents were heard of.
    pub(crate) fn hear_incidents(&self, count: usize) -> Vec<String> {
        until(&format!("{count} incidents"), LONG, || {
            Some(self.ids(None)).filter(|ids| ids.len() >= count)
        })
    }

    /// Waits for a state of a camera that was said after `since`.
    pub(crate) fn hear_camera(
        &self,
        camera: &str,
        states: &[&str],
        since: Instant,
        within: Duration,
    ) -> Message {
        let topic = format!("/cam/{camera}/state");
        let what = format!("camera {camera} {}", states.join(" or "));
        self.hear(&what, since, within, |m| {
            m.topic.ends_with(&topic) && states.iter().any(|s| m.payload["state"] == **s)
        })
    }

    /// Waits until the box was heard to be in `state`.
    pub(crate) fn hear_status(&self, state: &str) -> Message {
        let what = format!("box {state}");
        let long_ago = clock::monotonic().checked_sub(LONG * 10);
        self.hear(&what, long_ago.unwrap_or_else(clock::monotonic), LONG, |m| {
            m.topic.ends_with("/status") && m.payload["state"] == state
        })
    }
}

fn message(line: &super::program::Line) -> Message {
    let json: Value = serde_json::from_str(&line.text).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    Message {
        topic: json["topic"].as_str().unwrap().to_owned(),
        qos: json["qos"].as_u64().unwrap(),
        retained: json["retain"] == 1,
        payload: json["payload"].clone(),
        at: line.at,
    }
}
