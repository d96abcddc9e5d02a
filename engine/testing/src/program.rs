//! Child processes whose output is read as it comes, and which die with their test.

use crate::wait::{LONG, now, until};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines of output shown when a test fails.
const SHOWN: usize = 60;

/// A line of output.
#[derive(Clone, Debug)]
pub struct Line {
    /// Without its end.
    pub text: String,
    /// Otherwise to standard error.
    pub to_stdout: bool,
    /// When it was read.
    pub at: Instant,
}

#[derive(Default)]
struct Output {
    lines: Mutex<Vec<Line>>,
    more: Condvar,
}

impl Output {
    /// The lines stay readable for those who look after a test has failed.
    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A child process.
pub struct Program {
    name: String,
    child: Child,
    started: Instant,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

/// How a child ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; -9 for SIGKILL.
    pub code: i32,
    /// Lines.
    pub stdout: Vec<String>,
    /// Lines.
    pub stderr: Vec<String>,
    /// From its start.
    pub took: Duration,
}

impl Ended {
    /// Asserts the exit code and that standard error says each of `words`.
    pub fn says(&self, code: i32, words: &[&str]) -> &Self {
        let said = self.stderr.join("\n");
        assert_eq!(self.code, code, "exit code; standard error:\n{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in:\n{said}");
        }
        assert!(!said.contains("panicked"), "{said}");
        self
    }
}

impl Ended {
    /// As [`Ended::says`], of what is printed on standard output.
    pub fn prints(&self, code: i32, words: &[&str]) -> &Self {
        self.says(code, &[]);
        let said = self.stdout.join("\n");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in:\n{said}");
        }
        self
    }
}

impl Program {
    /// Starts a child that is killed when the thread that started it ends.
    pub fn start(mut command: Command) -> Self {
        let name = Path::new(command.get_program()).file_name().unwrap_or_default();
        let first = command.get_args().next().unwrap_or_default();
        let name = format!("{} {}", name.display(), first.display());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
        unsafe {
            command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
        }
        let started = now();
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
        let output = Arc::new(Output::default());
        let readers = vec![
            read(child.stdout.take().unwrap(), true, &output),
            read(child.stderr.take().unwrap(), false, &output),
        ];
        Self { name, child, started, output, readers }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything printed so far.
    pub fn lines(&self) -> Vec<Line> {
        self.output.lock().clone()
    }

    /// Waits for the first line, from number `from`, that holds `text`.
    pub fn line_from(&self, from: usize, text: &str) -> Line {
        let wanted =
            |lines: &[Line]| lines.iter().skip(from).find(|l| l.text.contains(text)).cloned();
        let mut lines = self.output.lock();
        let started = now();
        loop {
            if let Some(line) = wanted(&lines) {
                return line;
            }
            let left = LONG.checked_sub(started.elapsed());
            let left = left.unwrap_or_else(|| panic!("{}: never said {text:?}", self.name));
            let woken = self.output.more.wait_timeout(lines, left);
            lines = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the first line that holds `text`.
    pub fn line(&self, text: &str) -> Line {
        self.line_from(0, text)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn end(mut self, within: Duration) -> Ended {
        let what = format!("{} ends", self.name);
        let status = until(&what, within, || self.child.try_wait().unwrap());
        let took = self.started.elapsed();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let lines = self.lines();
        let of = |to_stdout| {
            let lines = lines.iter().filter(move |l| l.to_stdout == to_stdout);
            lines.map(|l| l.text.clone()).collect()
        };
        Ended { code: code(status), stdout: of(true), stderr: of(false), took }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.lines();
            eprintln!("--- last lines of {} ---", self.name);
            for line in lines.iter().skip(lines.len().saturating_sub(SHOWN)) {
                eprintln!("{}", line.text);
            }
        }
        let children = children_of(self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A stopped grandchild does not notice that its parent is gone.
        for pid in children {
            send(pid, Signal::KILL);
        }
    }
}

fn read(from: impl Read + Send + 'static, to_stdout: bool, output: &Arc<Output>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            let line_read = Line { text, to_stdout, at: now() };
            output.lock().push(line_read);
            output.more.notify_all();
            line.clear();
        }
    })
}

fn code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|s| -s)).unwrap_or(i32::MIN)
}

/// Sends a signal to a process, which may be gone.
pub fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.unwrap(), signal);
}

/// Living children of a process.
pub fn children_of(pid: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // After the name, which may hold anything, come state and parent.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let alive = fields.next().is_some_and(|state| state != "Z");
        alive && fields.next() == Some(&pid.to_string())
    })
    .collect()
}
