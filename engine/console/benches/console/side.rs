//! The sides: this program again as a console, and the peer; both are processes of their own.

use crate::client::Client;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use viahe_console::config;
use viahe_console::model::{Role, Scope};
use viahe_console::station::{HEAP, Station, people_at_rest};
use viahe_contract::id::Name;
use viahe_testing::machine::{free_port, root};
use viahe_testing::program::{Program, children_of};
use viahe_testing::wait::eventually;

/// A service that runs.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// Lines of each request.
    pub(crate) headers: String,
    process: Program,
}

/// What this program does as a console: as `viahe console` does, until it is killed.
pub(crate) fn serve(path: &Path) {
    let _station = Station::start(&load(path)).unwrap();
    loop {
        std::thread::park();
    }
}

fn load(path: &Path) -> config::Config {
    let text = std::fs::read_to_string(path).unwrap();
    config::parse(&text, "console.toml", path.parent().unwrap()).unwrap()
}

impl Side {
    /// A console with an empty store.
    pub(crate) fn console(folder: &Path, broker: u16) -> Self {
        let (path, port) = (folder.join("console.toml"), free_port());
        let text = format!(
            "[console]\nlisten = \"127.0.0.1:{port}\"\ndata_dir = \"data\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{broker}\"\n"
        );
        std::fs::write(&path, text).unwrap();
        let name = Name::try_from("bench").unwrap();
        let people = people_at_rest(&load(&path)).unwrap();
        let token = people.add_token_here(name, Role::Viewer, Scope::All).unwrap();
        drop(people);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve").arg(path).envs(HEAP);
        let headers = format!("authorization: Bearer {token}\r\n");
        Self::begin("viahe console", port, headers, command)
    }

    /// The peer with an empty store, in so many processes; none when it is not installed.
    pub(crate) fn peer(folder: &Path, workers: u32) -> Option<Self> {
        let deps =
            std::env::var_os("VIAHE_DEPS").map_or_else(|| root().join(".deps"), PathBuf::from);
        let python = deps.join("venv-peers/bin/python");
        let has_it = Command::new(&python).args(["-c", "import fastapi, uvloop, orjson"]).output();
        if !has_it.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let port = free_port();
        let mut command = Command::new(python);
        command.arg("-B").arg(root().join("benches/peers/console.py"));
        command.arg(port.to_string()).arg(folder.join("peer.db")).arg(workers.to_string());
        let name = if workers == 1 { "FastAPI, 1 process" } else { "FastAPI, 2 processes" };
        Some(Self::begin(name, port, String::new(), command))
    }

    fn begin(name: &'static str, port: u16, headers: String, command: Command) -> Self {
        let process = Program::start(command);
        eventually("it listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        Self { name, port, headers, process }
    }

    pub(crate) fn is_peer(&self) -> bool {
        self.headers.is_empty()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.port, &self.headers)
    }

    /// What all its processes have of the memory: what they share is counted once (PSS), and the most that the
    /// first ever had (its highest RSS), in MiB.
    pub(crate) fn memory_mib(&self) -> [f64; 2] {
        let first = self.process.pid();
        let all = [vec![first], children_of(first)].concat();
        let pss = all.iter().filter_map(|pid| kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:"));
        let highest = kib(&format!("/proc/{first}/status"), "VmHWM:");
        [pss.sum::<f64>() / 1024.0, highest.unwrap_or_default() / 1024.0]
    }
}

fn kib(path: &str, key: &str) -> Option<f64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
