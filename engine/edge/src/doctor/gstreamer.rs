//! GStreamer and the elements that pipelines are made of. Only names are looked up here: media
//! is the business of `ingest`.

use super::finding::Finding;
use gstreamer as gst;

const TOPIC: &str = "gstreamer";

/// Oldest version that the engine was tried with.
const VERSION_MIN: (u32, u32) = (1, 20);

/// What an element is for; decides how its absence matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Every camera.
    Cameras,
    /// Cameras that send H.265.
    H265,
    /// Recordings and the test picture.
    Recordings,
}

struct Part {
    element: &'static str,
    package: &'static str,
    purpose: For,
}

const fn part(element: &'static str, package: &'static str, purpose: For) -> Part {
    Part { element, package, purpose }
}

const CORE: &str = "libgstreamer1.0-0";
const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const LIBAV: &str = "gstreamer1.0-libav";

/// Packages are Debian's.
const PARTS: [Part; 18] = [
    part("rtspsrc", GOOD, For::Cameras),
    part("rtpbin", GOOD, For::Cameras),
    part("rtpjitterbuffer", GOOD, For::Cameras),
    part("udpsrc", GOOD, For::Cameras),
    part("rtph264depay", GOOD, For::Cameras),
    part("h264parse", BAD, For::Cameras),
    part("avdec_h264", LIBAV, For::Cameras),
    part("videoconvert", BASE, For::Cameras),
    part("appsink", BASE, For::Cameras),
    part("rtph265depay", GOOD, For::H265),
    part("h265parse", BAD, For::H265),
    part("avdec_h265", LIBAV, For::H265),
    part("filesrc", CORE, For::Recordings),
    part("capsfilter", CORE, For::Recordings),
    part("qtdemux", GOOD, For::Recordings),
    part("matroskademux", GOOD, For::Recordings),
    part("avidemux", GOOD, For::Recordings),
    part("videotestsrc", BASE, For::Recordings),
];

/// Decoders in hardware that `ingest` tries.
const HARDWARE: [&str; 8] = [
    "vah264dec",
    "vah265dec",
    "nvh264dec",
    "nvh265dec",
    "v4l2slh264dec",
    "v4l2slh265dec",
    "v4l2h264dec",
    "v4l2h265dec",
];

/// Version and elements; with `deep`, each element is made once, which loads its plug-in.
pub(super) fn examine(deep: bool) -> Vec<Finding> {
    if let Err(error) = gst::init() {
        let remedy = format!("install {CORE} and {BASE}");
        return vec![Finding::fail(TOPIC, format!("does not start: {error}"), remedy)];
    }
    let (major, minor, micro, _) = gst::version();
    let there = |element: &str| {
        gst::ElementFactory::find(element)
            .is_some_and(|factory| !deep || factory.create().build().is_ok())
    };
    let mut findings = vec![version((major, minor, micro))];
    findings.extend(elements(&there));
    findings.push(hardware(&there));
    findings
}

fn version((major, minor, micro): (u32, u32, u32)) -> Finding {
    let what = format!("version {major}.{minor}.{micro}");
    if (major, minor) >= VERSION_MIN {
        Finding::ok(TOPIC, what)
    } else {
        let remedy = format!("install GStreamer {}.{} or newer", VERSION_MIN.0, VERSION_MIN.1);
        Finding::fail(TOPIC, what, remedy)
    }
}

fn elements(there: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let missing: Vec<&Part> = PARTS.iter().filter(|part| !there(part.element)).collect();
    if missing.is_empty() {
        return vec![Finding::ok(TOPIC, format!("all {} elements are there", PARTS.len()))];
    }
    missing.into_iter().map(absent).collect()
}

fn absent(part: &Part) -> Finding {
    let what = |effect: &str| format!("{} is missing or does not load: {effect}", part.element);
    let remedy = format!("install {}", part.package);
    match part.purpose {
        For::Cameras => Finding::fail(TOPIC, what("no camera can be watched"), remedy),
        For::H265 => Finding::warn(TOPIC, what("cameras that send H.265 stay dark"), remedy),
        For::Recordings => {
            Finding::warn(TOPIC, what("some recordings or the test picture cannot be read"), remedy)
        }
    }
}

/// Absence is no fault: libav decodes on the processor.
fn hardware(there: &dyn Fn(&str) -> bool) -> Finding {
    let found: Vec<&str> = HARDWARE.into_iter().filter(|element| there(element)).collect();
    let what = match found.as_slice() {
        [] => "no decoder in hardware; the processor decodes".to_owned(),
        found => format!("decoders in hardware: {}", found.join(", ")),
    };
    Finding::ok(TOPIC, what)
}

#[cfg(test)]
mod tests {
    use super::super::{Level, worst};
    use super::*;

    #[test]
    fn what_is_missing_matters_by_its_purpose() {
        assert_eq!(worst(&elements(&|_| true)), Level::Ok);
        for (element, level) in [
            ("rtspsrc", Level::Fail),
            ("avdec_h264", Level::Fail),
            ("h265parse", Level::Warn),
            ("qtdemux", Level::Warn),
        ] {
            let findings = elements(&|name| name != element);
            assert_eq!((findings.len(), worst(&findings)), (1, level), "{element}");
            assert!(findings[0].what.contains(element));
            assert!(findings[0].remedy.as_ref().is_some_and(|r| r.contains("1.0")), "a package");
        }
        assert_eq!(elements(&|_| false).len(), PARTS.len());
    }

    #[test]
    fn hardware_is_told_and_old_versions_are_refused() {
        assert!(hardware(&|name| name == "vah264dec").what.contains("vah264dec"));
        assert_eq!(hardware(&|_| false).level, Level::Ok);
        assert_eq!(version((1, 22, 0)).level, Level::Ok);
        assert_eq!(version((1, 18, 4)).level, Level::Fail);
    }
}
