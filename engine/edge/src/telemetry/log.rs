//! Log lines on standard error.
//!
//! What is logged how much: `VIAHE_LOG`, else `RUST_LOG`, else the level that the command gives
//! (libraries then speak from `warn` on). GStreamer's own debug output (`GST_DEBUG`) does not pass
//! through here, but for that of the vision worker: all that it writes to its standard error does,
//! also what C libraries write (see [`foreign`](super::foreign)).

use super::foreign::{OWN_LINE, RELAYED};
use super::{RedactingWriter, TelemetryError};
use crate::clock;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _};
use std::process::Command;
use std::sync::OnceLock;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormattedFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use viahe_core::time::Timestamp;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `2026-11-22T01:14:03.120Z WARN  message key=value`, for people.
    #[default]
    Plain,
    /// One JSON object, for a log collector.
    Json,
}

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// How lines look since [`init_logging`].
pub fn log_format() -> LogFormat {
    FORMAT.get().copied().unwrap_or_default()
}

/// Sets up logging and turns panics into log lines. `default_level` holds when neither `VIAHE_LOG`
/// nor `RUST_LOG` is set. A filter that cannot be read is told and passed over: a typing mistake
/// in a unit file must not keep a street dark.
///
/// # Errors
/// [`TelemetryError::Logging`] when logging was set up before.
pub fn init_logging(format: LogFormat, default_level: LevelFilter) -> Result<(), TelemetryError> {
    let read = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    let asked = ["VIAHE_LOG", "RUST_LOG"].into_iter().find_map(|n| Some((n, read(n)?)));
    let (filter, problem) = filter(asked, default_level);
    let relayed = std::env::var_os(RELAYED).is_some();
    let writer = Stderr { json: format == LogFormat::Json, relayed };
    let outcome = match format {
        LogFormat::Plain => {
            let layer = tracing_subscriber::fmt::layer()
                .with_ansi(io::stderr().is_terminal() && read("NO_COLOR").is_none())
                .event_format(Plain)
                .with_writer(writer);
            tracing_subscriber::registry().with(filter).with(layer).try_init()
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_timer(Utc)
                .with_writer(writer);
            tracing_subscriber::registry().with(filter).with(layer).try_init()
        }
    };
    outcome.map_err(|e| TelemetryError::Logging { reason: e.to_string() })?;
    FORMAT.get_or_init(|| format);
    std::panic::set_hook(Box::new(log_panic));
    if let Some(problem) = problem {
        tracing::warn!("{problem}");
    }
    Ok(())
}

/// The filter that was asked for, or the usual one and what is wrong with the former.
fn filter(asked: Option<(&str, String)>, level: LevelFilter) -> (EnvFilter, Option<String>) {
    let usual = || {
        let library = level.min(LevelFilter::WARN);
        EnvFilter::new(format!(
            "{library},rumqttd=off,viahe={level},viahe_core={level},viahe_edge={level}"
        ))
    };
    match asked {
        None => (usual(), None),
        Some((name, text)) => match EnvFilter::builder().parse(&text) {
            Ok(filter) => (filter, None),
            Err(e) => {
                let problem = format!(
                    "{name} is not a log filter and is passed over: {e}; write it as in info,viahe_edge::ingest=debug"
                );
                (usual(), Some(problem))
            }
        },
    }
}

/// A panic's message may hold anything, so it takes the guarded way.
fn log_panic(info: &std::panic::PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    tracing::error!(thread, place, "panic: {message}");
}

/// Standard error behind the guard.
struct Stderr {
    json: bool,
    /// Another process of ours reads it, and must know which lines are log lines already.
    relayed: bool,
}

/// Says that the child's standard error will be read by
/// [`relay`](super::foreign::relay).
pub(crate) fn relayed(child: &mut Command) -> &mut Command {
    child.env(RELAYED, "1")
}

/// Standard error, with a mark before each line if it is relayed. A line is one write, so that
/// those of several threads do not mix.
struct Lines {
    relayed: bool,
}

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.relayed {
            let marked: Vec<u8> = std::iter::once(OWN_LINE).chain(line.iter().copied()).collect();
            io::stderr().write_all(&marked)?;
        } else {
            io::stderr().write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for Stderr {
    type Writer = RedactingWriter<Lines>;

    fn make_writer(&self) -> Self::Writer {
        RedactingWriter::new(Lines { relayed: self.relayed }, self.json)
    }
}

/// UTC with milliseconds.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        out.write_str(&utc(clock::now()))
    }
}

fn utc(at: Timestamp) -> String {
    at.rfc3339(&jiff::tz::TimeZone::UTC).replace("+00:00", "Z")
}

/// The plain format.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (color, reset) = match (out.has_ansi_escapes(), *event.metadata().level()) {
            (false, _) => ("", ""),
            (true, Level::ERROR) => ("\x1b[1;31m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[33m", "\x1b[0m"),
            (true, Level::INFO) => ("\x1b[32m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[0m"),
        };
        let mut line = Line::default();
        event.record(&mut line);
        let level = event.metadata().level();
        write!(out, "{} {color}{level:<5}{reset} {}", utc(clock::now()), line.message)?;
        out.write_str(&line.fields)?;
        for span in context.event_scope().into_iter().flatten() {
            write!(out, " in={}", span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                write!(out, "{{{fields}}}")?;
            }
        }
        writeln!(out)
    }
}

/// Message and fields of an event: no control character, so that one event is one line and a
/// hostile stream cannot write another.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn add(&mut self, name: &str, value: &str) {
        if name == "message" {
            push_clean(&mut self.message, value);
        } else if value.is_empty() || value.contains([' ', '"', '=']) {
            let quoted = format!("{value:?}");
            self.push_field(name, &quoted);
        } else {
            self.push_field(name, value);
        }
    }

    fn push_field(&mut self, name: &str, value: &str) {
        // What the `log` facade's bridge adds says nothing new.
        if name.starts_with("log.") {
            return;
        }
        let _ = write!(self.fields, " {name}=");
        push_clean(&mut self.fields, value);
    }
}

fn push_clean(out: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            push_clean(&mut self.message, &text);
        } else if text.starts_with(['"', '{', '[']) {
            // Quoted or grouped already.
            self.push_field(field.name(), &text);
        } else {
            self.add(field.name(), &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct ToSink(Sink, bool);

    impl MakeWriter<'_> for ToSink {
        type Writer = RedactingWriter<Sink>;

        fn make_writer(&self) -> Self::Writer {
            RedactingWriter::new(self.0.clone(), self.1)
        }
    }

    fn plain(log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(Plain)
            .with_writer(ToSink(sink.clone(), false));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_plain_line() {
        let got = plain(|| {
            let span = tracing::info_span!("camera", id = "le-loi-03");
            let _inside = span.enter();
            tracing::warn!(bytes = 12, why = "no answer", path = %"/x", "gone {}", 1);
        });
        let (time, rest) = got.split_at(24);
        assert!(time.ends_with('Z') && time.parse::<Timestamp>().is_ok(), "{got}");
        let want = " WARN  gone 1 bytes=12 why=\"no answer\" path=/x in=camera{id=\"le-loi-03\"}\n";
        assert_eq!(rest, want);
    }

    #[test]
    fn one_event_is_one_line_without_escapes() {
        let got = plain(|| {
            tracing::info!(why = "a\nb", "one\n2026 ERROR forged \u{1b}[31m");
        });
        assert_eq!(got.lines().count(), 1, "{got}");
        assert!(!got.contains('\u{1b}'), "{got}");
    }

    #[test]
    fn secrets_are_hidden_in_both_formats() {
        let secret = "hunter-two \"quoted\"";
        assert!(super::super::redact(secret));
        let log = || {
            let span = tracing::info_span!("connect", url = "rtsp://admin:zzz9@10.0.0.3/s");
            let _inside = span.enter();
            tracing::error!(login = ?("admin", secret), "refused {secret}");
        };
        let sink = Sink::default();
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_timer(Utc)
            .with_writer(ToSink(sink.clone(), true));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let json = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        for line in [plain(log), json.clone()] {
            assert!(line.contains("***") && line.contains("10.0.0.3"), "{line}");
            for part in ["hunter-two", "quoted", "zzz9"] {
                assert!(!line.contains(part), "{line}");
            }
        }
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["message"], "refused ***");
        assert_eq!(value["level"], "ERROR");
    }

    #[test]
    fn filters() {
        let show = |asked: Option<&str>| {
            let asked = asked.map(|text| ("VIAHE_LOG", text.to_owned()));
            let (filter, problem) = filter(asked, LevelFilter::INFO);
            (filter.to_string(), problem.is_some())
        };
        assert!(show(None).0.contains("viahe_edge=info"), "{:?}", show(None));
        assert!(show(None).0.contains("warn"));
        assert_eq!(show(Some("debug")), ("debug".into(), false));
        assert!(show(Some("viahe=loud")).1);
        assert_eq!(show(Some("viahe=loud")).0, show(None).0);
    }
}
