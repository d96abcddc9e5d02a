//! A peer's process: a line of words in, a line of answer out.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const SCRIPT: &str = "peers/opencv_preprocess.py";

/// A running peer. Ends when its input does, so with this value.
pub(crate) struct Peer {
    child: Child,
    /// `None` only while dropping.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts the peer; `None`, said loudly, when its environment is not there.
    ///
    /// # Errors
    /// When it is there but does not start.
    pub(crate) fn start() -> Result<Option<Self>, String> {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
        let deps =
            std::env::var_os("VIAHE_DEPS").map_or_else(|| benches.join("../.deps"), PathBuf::from);
        let python = deps.join("venv-peers/bin/python");
        if !python.exists() {
            println!(
                "\nSKIPPED: OpenCV, as {} is missing; run benches/peers/setup.sh",
                python.display()
            );
            return Ok(None);
        }
        let mut child = Command::new(&python)
            .arg(benches.join(SCRIPT))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} does not start: {e}", python.display()))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => {
                Ok(Some(Self { child, input: Some(input), output: BufReader::new(output) }))
            }
            _ => Err("the peer has no pipes".into()),
        }
    }

    /// One question, one answer.
    ///
    /// # Errors
    /// When the peer has ended; what it said is on standard error.
    pub(crate) fn ask(&mut self, words: &[&str]) -> Result<String, String> {
        let mut answer = String::new();
        let ended = |e: Option<std::io::Error>| {
            let why = e.map(|e| e.to_string()).unwrap_or_default();
            format!("{SCRIPT} ended at {words:?}; see above {why}")
        };
        if let Some(input) = &mut self.input {
            writeln!(input, "{}", words.join("\t")).map_err(|e| ended(Some(e)))?;
        }
        self.output.read_line(&mut answer).map_err(|e| ended(Some(e)))?;
        if answer.is_empty() { Err(ended(None)) } else { Ok(answer.trim_end().to_owned()) }
    }

    /// A question whose answer is numbers.
    ///
    /// # Errors
    /// When the peer has ended or answers something else.
    pub(crate) fn numbers(&mut self, words: &[&str]) -> Result<Vec<f64>, String> {
        let answer = self.ask(words)?;
        let numbers: Result<Vec<f64>, _> = answer.split(' ').map(str::parse).collect();
        numbers.map_err(|_| format!("{SCRIPT} answers {words:?} with {answer:?}, not numbers"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its input ends, then it does.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
