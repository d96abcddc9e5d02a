//! What the console counts, as Prometheus reads it.

use super::app::App;
use crate::clock;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use std::fmt::Write;

/// What the console counts.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    app.vitals.set("watchers", app.live.watchers() as u64);
    let files = app.files.clone();
    match tokio::task::spawn_blocking(move || files.free()).await {
        Ok(Ok(free)) => app.vitals.set("evidence_free_bytes", free),
        Ok(Err(error)) => {
            app.vitals.unset("evidence_free_bytes");
            tracing::warn!(%error, "the disk of evidence/ does not say what is free");
        }
        // The console stops.
        Err(_) => {}
    }
    let mut text = String::new();
    let mut last = "";
    for (what, reason, count) in app.vitals.counts() {
        if what != last {
            line(&mut text, &format!("# TYPE viahe_console_{what}_total counter"));
            last = what;
        }
        line(&mut text, &format!("viahe_console_{what}_total{{kind=\"{reason}\"}} {count}"));
    }
    for (what, now) in app.vitals.gauges() {
        line(&mut text, &format!("# TYPE viahe_console_{what} gauge"));
        line(&mut text, &format!("viahe_console_{what} {now}"));
    }
    line(&mut text, "# TYPE viahe_console_trouble gauge");
    for (trouble, _) in app.vitals.troubles(clock::monotonic()) {
        line(&mut text, &format!("viahe_console_trouble{{trouble=\"{trouble}\"}} 1"));
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn line(text: &mut String, line: &str) {
    // A string takes everything.
    let _ = writeln!(text, "{line}");
}
