//! A real broker and its clients: mosquitto, as an operations centre may use it.

use crate::machine::free_port;
use crate::program::Program;
use crate::wait::eventually;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// User name and password.
pub type Login = (&'static str, &'static str);

/// A mosquitto on a port of its own.
pub struct Mosquitto {
    /// It stays the same when the broker runs again.
    pub port: u16,
    dir: TempDir,
    /// Lines of its configuration.
    lines: String,
    process: Option<Program>,
}

impl Mosquitto {
    /// Starts a broker for anybody; `lines` end its configuration.
    pub fn start(lines: &str) -> Self {
        let mut broker = Self::prepare(lines);
        broker.restart();
        broker
    }

    /// As [`Mosquitto::start`], but does not run yet.
    pub fn prepare(lines: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { port: free_port(), dir, lines: lines.to_owned(), process: None }
    }

    /// Lets only these in, from the next start on.
    pub fn admit(&mut self, logins: &[Login]) {
        let file = self.dir.path().join("passwords");
        fs::write(&file, "").unwrap();
        for (user, password) in logins {
            let mut command = Command::new("mosquitto_passwd");
            let made = command.arg("-b").arg(&file).args([user, password]).output().unwrap();
            assert!(made.status.success(), "{made:?}");
        }
        self.lines += "\nallow_anonymous false";
        self.lines += &set("password_file", &file);
    }

    /// Who may read and write what, from the next start on, in the words of mosquitto's `acl_file`.
    pub fn allow(&mut self, acl: &str) {
        let file = self.dir.path().join("acl");
        fs::write(&file, acl).unwrap();
        let line = set("acl_file", &file);
        if !self.lines.contains(&line) {
            self.lines += &line;
        }
    }

    /// Runs it and waits until it listens.
    pub fn restart(&mut self) {
        let anybody =
            if self.lines.contains("allow_anonymous") { "" } else { "allow_anonymous true" };
        let (port, lines, dir) = (self.port, &self.lines, self.dir.path());
        let text = format!(
            "user root\nlistener {port} 127.0.0.1\n{anybody}\npersistence_location {}/\n\
             max_queued_messages 100000\nlog_dest stderr\n{lines}\n",
            dir.display()
        );
        let file = dir.join("mosquitto.conf");
        fs::write(&file, text).unwrap();
        let installed = "/usr/sbin/mosquitto";
        let mut command =
            Command::new(if Path::new(installed).exists() { installed } else { "mosquitto" });
        command.arg("-c").arg(file);
        self.process = Some(Program::start(command));
        eventually("mosquitto listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.take().unwrap().kill();
    }

    /// The process, while it runs.
    pub fn process(&self) -> &Program {
        self.process.as_ref().unwrap()
    }
}

/// A line of the configuration.
fn set(key: &str, file: &Path) -> String {
    format!("\n{key} {}", file.display())
}

/// A command-line client (`mosquitto_sub`, `mosquitto_pub`) of the broker on `port`, in MQTT 5.
pub fn client(program: &str, port: u16, login: Option<Login>) -> Command {
    // Into a pipe it would keep its lines to itself for a while.
    let mut command = Command::new("stdbuf");
    command.args(["-oL", program, "-V", "5", "-h", "127.0.0.1", "-q", "1"]);
    command.args(["-p", &port.to_string()]);
    if let Some((user, password)) = login {
        command.args(["-u", user, "-P", password]);
    }
    command
}
