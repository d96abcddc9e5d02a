//! A real broker and real MQTT 5 clients: mosquitto, as an operations centre may use it.

use super::program::Program;
use super::{LONG, free_port, until};
use serde_json::Value;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use viahe_edge::clock;

/// User name and password.
pub(crate) type Login = (&'static str, &'static str);

/// A mosquitto on a port of its own.
pub(crate) struct Broker {
    pub(crate) port: u16,
    dir: tempfile::TempDir,
    login: Option<Login>,
    process: Option<Program>,
}

impl Broker {
    /// Starts a broker for anybody.
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts a broker that wants a login, if one is given.
    pub(crate) fn start_with(login: Option<Login>) -> Self {
        let mut broker = Self::prepare(login);
        broker.restart();
        broker
    }

    /// Starts a broker for `users` only, each with what `acl` allows them; see [`password_of`]. What
    /// is said and heard without naming a user is by the first.
    pub(crate) fn guarded(acl: &str, users: &[&'static str]) -> Self {
        let mut broker = Self::prepare(None);
        let [passwords, acl_file, conf] =
            ["passwords", "acl", "mosquitto.conf"].map(|name| broker.dir.path().join(name));
        std::fs::write(&acl_file, acl).unwrap();
        std::fs::write(&passwords, "").unwrap();
        for user in users {
            let made = Command::new("mosquitto_passwd")
                .arg("-b")
                .arg(&passwords)
                .args([user, password_of(user)])
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
        }
        let text = std::fs::read_to_string(&conf).unwrap();
        let guard = format!(
            "allow_anonymous false\npassword_file {}\nacl_file {}",
            passwords.display(),
            acl_file.display()
        );
        std::fs::write(&conf, text.replace("allow_anonymous true", &guard)).unwrap();
        broker.login = Some((users[0], password_of(users[0])));
        broker.restart();
        broker
    }

    /// Does not run yet.
    pub(crate) fn prepare(login: Option<Login>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let who = match login {
            None => "allow_anonymous true".to_owned(),
            Some((user, password)) => {
                let file = dir.path().join("passwords");
                let made = Command::new("mosquitto_passwd")
                    .args(["-b", "-c"])
                    .arg(&file)
                    .args([user, password])
                    .output()
                    .unwrap();
                assert!(made.status.success(), "{made:?}");
                format!("allow_anonymous false\npassword_file {}", file.display())
            }
        };
        let text = format!("user root\nlistener {port} 127.0.0.1\n{who}\nlog_dest stderr\n");
        std::fs::write(dir.path().join("mosquitto.conf"), text).unwrap();
        Self { port, dir, login, process: None }
    }

    /// Runs it and waits until it listens.
    pub(crate) fn restart(&mut self) {
        let installed = "/usr/sbin/mosquitto";
        let mut command =
            Command::new(if Path::new(installed).exists() { installed } else { "mosquitto" });
        command.arg("-c").arg(self.dir.path().join("mosquitto.conf"));
        self.process = Some(Program::start(command));
        until("the broker listens", LONG, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()
        });
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    pub(crate) fn process(&self) -> &Program {
        self.process.as_ref().unwrap()
    }

    fn client(&self, program: &str) -> Command {
        self.client_of(self.login, program)
    }

    fn client_of(&self, login: Option<Login>, program: &str) -> Command {
        // Into a pipe it would keep its lines to itself for a while.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", program]).args([
            "-V",
            "5",
            "-h",
            "127.0.0.1",
            "-q",
            "1",
            "-p",
            &self.port.to_string(),
        ]);
        if let Some((user, password)) = login {
            command.args(["-u", user, "-P", password]);
        }
        command
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
        let mut command = self.client_of(Some((user, password_of(user))), "mosquitto_pub");
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
