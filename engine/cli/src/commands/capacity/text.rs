//! The report in words, for whoever stands before the box.

use std::fmt::Write as _;
use viahe_contract::message::{CameraStatus, DecodeMode, DecodeReason};
use viahe_core::id::Name;
use viahe_edge::capacity::{Bound, CameraFigures, Help, Report};

/// All that is to be said.
pub(super) fn of(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = verdict(&mut text, report).and_then(|()| cameras(&mut text, report));
    for note in &report.notes {
        let _ = write!(text, "\nNote: {note}.");
    }
    text
}

fn verdict(text: &mut String, report: &Report) -> std::fmt::Result {
    let Report { cores, seconds, .. } = report;
    let (Some(bears), Some(bound)) = (report.bears_cameras, report.bound_by) else {
        return writeln!(text, "It cannot be told how many cameras this box bears.");
    };
    writeln!(text, "This box ({cores} cores) bears about {bears} such cameras with these rules.")?;
    let why = match bound {
        Bound::Decoding => "decoding",
        Bound::Inference => "inference",
        Bound::Connections => "connections, and what lies between the processes",
        Bound::Memory => "memory",
    };
    writeln!(text, "  Bound by: {why}.")?;
    let each = report.cpu_ms_per_camera.unwrap_or_default();
    writeln!(
        text,
        "  Based on: {each:.1} CPU-ms that a camera takes each second (decoding {:.1}, inference {:.1}, rest {:.1}),\n  \
         and at most 80 % of the cores in use; {} MB of memory. Measured for {seconds:.0} s.",
        report.decode_ms,
        report.inference_ms,
        report.rest_ms,
        report.memory_bytes / 1_000_000
    )?;
    let below = report.cameras.iter().filter(|camera| !camera.below_need.is_empty()).count();
    if below > 0 {
        writeln!(
            text,
            "  Now: rules are looked for too rarely at {below} of {} cameras, see below.",
            report.cameras.len()
        )?;
    }
    match report.helps.split_first() {
        Some((most, others)) => {
            writeln!(text, "  What would help most: {}", help(most, report))?;
            others.iter().try_for_each(|other| writeln!(text, "  Also: {}", help(other, report)))
        }
        None => {
            writeln!(text, "  What would help: nothing stands out; fewer cameras, or a faster box.")
        }
    }
}

fn help(help: &Help, report: &Report) -> String {
    let Help { what, at, cameras, times } = help;
    let at = if at.len() == report.cameras.len() {
        String::new()
    } else {
        format!("at {}: ", names(at))
    };
    format!("{at}{what}. About {cameras} cameras then, {times:.1} times as many.")
}

fn cameras(text: &mut String, report: &Report) -> std::fmt::Result {
    for camera in &report.cameras {
        let CameraFigures { fps, size_px: [width, height], looks_hz, wanted_hz, .. } = camera;
        write!(text, "\n{}: ", camera.camera)?;
        if *fps <= 0.0 {
            let how = if camera.status == CameraStatus::Online { "no pictures" } else { "offline" };
            write!(text, "{how} ({})", camera.reason)?;
            continue;
        }
        write!(text, "{width}x{height}, {fps:.1} pictures a second, {}; ", decoded(camera))?;
        write!(text, "{looks_hz:.1} looks a second of {wanted_hz:.1} wanted; ")?;
        write!(
            text,
            "decoding {:.1}, inference {:.1} CPU-ms a second",
            camera.decode_ms, camera.inference_ms
        )?;
        if !camera.below_need.is_empty() {
            write!(
                text,
                "; BELOW NEED: {} bear {:.1} s between two looks, which passed without one {} times",
                names(&camera.below_need),
                camera.gap_max_secs,
                camera.late
            )?;
        }
    }
    Ok(())
}

/// Which pictures are decoded, and why not fewer.
fn decoded(camera: &CameraFigures) -> String {
    let Some(decoding) = camera.decoding else { return "not coded".to_owned() };
    let mode = match decoding.mode {
        DecodeMode::None => "a key frame now and then decoded",
        DecodeMode::Keys => "key frames decoded",
        DecodeMode::References => "reference pictures decoded",
        DecodeMode::All => "all decoded",
    };
    let why = match decoding.reason {
        DecodeReason::Enough => "",
        DecodeReason::NotMeasured => ", since the distance of its key frames is not known yet",
        DecodeReason::KeysTooRare => ", since its key frames are too far apart",
        DecodeReason::NoKeys => ", since it has no key frames that decode alone",
        DecodeReason::Fields => ", since it is interlaced",
        DecodeReason::Strained => ", fewer than needed, since decoding does not keep up",
    };
    let interval =
        decoding.key_interval_secs.map(|secs| format!(" (key frames up to {secs:.1} s apart)"));
    format!("{mode}{why}{}", interval.unwrap_or_default())
}

fn names(of: &[Name]) -> String {
    of.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}
