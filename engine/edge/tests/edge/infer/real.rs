//! Real models on real pictures. The pictures are development data and may be missing.

use super::{runtime, tiny};
use gstreamer::prelude::*;
use gstreamer_video::VideoFrameExt as _;
use gstreamer_video::video_frame::{Readable, VideoFrame};
use std::path::Path;
use std::process::Command;
use viahe_contract::sha256::Sha256;
use viahe_core::detect::Detection;
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
use viahe_core::geometry::{PxBox, UnitBox};
use viahe_core::id::Name;
use viahe_core::tensor::{Channels, FitMode, InputSpec, Layout, Sheet};
use viahe_edge::infer::{Detector, DetectorOptions};
use viahe_edge::models::{Locations, Package};
use viahe_testing::machine::{development_data, root, skipped};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

/// A picture in planes, as a camera gives it.
struct Picture {
    width: usize,
    height: usize,
    planes: [Vec<u8>; 3],
    range: ColorRange,
}

impl Picture {
    /// Full-range BT.601, which is what JPEG files hold.
    fn from_jpeg(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let mut decoder = JpegDecoder::new(ZCursor::new(bytes));
        let rgb = decoder.decode().unwrap();
        let (width, height) = decoder.dimensions().unwrap();
        assert_eq!(rgb.len(), width * height * 3, "{}", path.display());
        let ycc = |x: usize, y: usize| {
            let at = (y.min(height - 1) * width + x.min(width - 1)) * 3;
            let [r, g, b] = [0, 1, 2].map(|c| f32::from(rgb[at + c]));
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            [luma, (b - luma) / 1.772 + 128.0, (r - luma) / 1.402 + 128.0]
        };
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let luma =
            (0..width * height).map(|i| ycc(i % width, i / width)[0].round() as u8).collect();
        let chroma = |c: usize| {
            let mean = |i: usize| {
                let (x, y) = (i % cw * 2, i / cw * 2);
                let sum: f32 = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .map(|(dx, dy)| ycc(x + dx, y + dy)[c])
                    .iter()
                    .sum();
                (sum / 4.0).round() as u8
            };
            (0..cw * ch).map(mean).collect()
        };
        Self { width, height, planes: [luma, chroma(1), chroma(2)], range: ColorRange::Full }
    }

    /// Copies the planes of a decoded frame, limited range as video has it.
    fn from_frame(frame: &VideoFrame<Readable>) -> Self {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let plane = |i: u32, w: usize, h: usize| {
            let (data, stride) = (frame.plane_data(i).unwrap(), frame.plane_stride()[i as usize]);
            let rows = data.chunks(usize::try_from(stride).unwrap()).take(h);
            rows.flat_map(|row| &row[..w]).copied().collect()
        };
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let planes = [plane(0, width, height), plane(1, cw, ch), plane(2, cw, ch)];
        Self { width, height, planes, range: ColorRange::Limited }
    }

    /// So many rows of it.
    fn top(&self, rows: usize) -> Self {
        let cut = |i: usize, stride: usize, rows: usize| self.planes[i][..stride * rows].to_vec();
        let (cw, ch) = (self.width.div_ceil(2), rows.div_ceil(2));
        let planes = [cut(0, self.width, rows), cut(1, cw, ch), cut(2, cw, ch)];
        Self { height: rows, planes, ..*self }
    }

    fn view(&self) -> FrameView<'_> {
        let cw = self.width.div_ceil(2);
        let plane = |i: usize, stride| Plane { data: &self.planes[i], stride };
        let planes = [plane(0, self.width), plane(1, cw), plane(2, cw)];
        let (w, h) = (self.width, self.height);
        FrameView::new(w, h, PixelFormat::I420, ColorMatrix::Bt601, self.range, &planes).unwrap()
    }
}

/// What the preprocessing must do, written plainly: bilinear, one value at a time.
fn fill(spec: &InputSpec, view: &FrameView<'_>, out: &mut [f32]) -> Sheet {
    let fit = spec.fit_frame(view.width(), view.height());
    for (y, x) in (0..spec.height).flat_map(|y| (0..spec.width).map(move |x| (y, x))) {
        let inside = x < fit.place.width && y < fit.place.height;
        let rgb = match spec.fit {
            FitMode::Letterbox { pad } if !inside => [pad; 3],
            _ => sample(
                view,
                (x as f32 + 0.5) / fit.scale[0] - 0.5,
                (y as f32 + 0.5) / fit.scale[1] - 0.5,
            ),
        };
        for c in 0..3 {
            let value = rgb[if spec.channels == Channels::Rgb { c } else { 2 - c }];
            let at = match spec.layout {
                Layout::Nhwc => (y * spec.width + x) * 3 + c,
                Layout::Nchw => (c * spec.height + y) * spec.width + x,
            };
            out[at] = (value - spec.mean[c]) / spec.std[c];
        }
    }
    Sheet::new(spec.size(), [fit])
}

/// BT.601 to RGB at a point of the frame.
fn sample(view: &FrameView<'_>, x: f32, y: f32) -> [f32; 3] {
    let plane = |i: usize, x: f32, y: f32, w: usize, h: usize| {
        let (x, y) = (x.clamp(0.0, (w - 1) as f32), y.clamp(0.0, (h - 1) as f32));
        let (x0, y0) = (x as usize, y as usize);
        let Plane { data, stride } = view.plane(i);
        let at = |x: usize, y: usize| f32::from(data[y.min(h - 1) * stride + x.min(w - 1)]);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let top = at(x0, y0) * (1.0 - fx) + at(x0 + 1, y0) * fx;
        let bottom = at(x0, y0 + 1) * (1.0 - fx) + at(x0 + 1, y0 + 1) * fx;
        top * (1.0 - fy) + bottom * fy
    };
    let (w, h) = (view.width(), view.height());
    let chroma = |i| plane(i, x * 0.5 - 0.25, y * 0.5 - 0.25, w.div_ceil(2), h.div_ceil(2)) - 128.0;
    let (luma, cb, cr) = match view.range() {
        ColorRange::Full => (plane(0, x, y, w, h), chroma(1), chroma(2)),
        ColorRange::Limited => {
            let luma = (plane(0, x, y, w, h) - 16.0) * 255.0 / 219.0;
            (luma, chroma(1) * 255.0 / 224.0, chroma(2) * 255.0 / 224.0)
        }
    };
    let rgb = [luma + 1.402 * cr, luma - 0.344_136 * cb - 0.714_136 * cr, luma + 1.772 * cb];
    rgb.map(|v| v.clamp(0.0, 255.0))
}

/// The installed package; weights that are not installed may lie in the development data.
fn package(name: &str, data: &Path) -> Option<Package> {
    let name = Name::try_from(name).unwrap();
    let mut locations = Locations::discover(None).unwrap();
    // Weights are looked for in `<deps>/models/<name>`, so such a folder is made of links.
    let deps = tempfile::tempdir().unwrap();
    std::fs::create_dir(deps.path().join("models")).unwrap();
    let folder = deps.path().join("models").join(name.as_str());
    std::os::unix::fs::symlink(data.join("models"), folder).unwrap();
    locations.deps.push(deps.path().to_owned());
    let found = locations.load_package(&name);
    let mut package = found.inspect_err(|e| skipped(&e.to_string())).ok()?;
    // The links go with this function.
    package.weights = std::fs::canonicalize(&package.weights).unwrap();
    Some(package)
}

/// Labelled objects of one picture that the model can name: class of the taxonomy and box.
fn truth(package: &Package, data: &Path, stem: &str) -> Vec<(String, UnitBox)> {
    let text =
        std::fs::read_to_string(data.join("labels/coco8/labels").join(format!("{stem}.txt")));
    let text = text.unwrap();
    text.lines()
        .filter_map(|line| {
            let v: Vec<f32> = line.split_whitespace().map(|v| v.parse().unwrap()).collect();
            let class = yolo_label(package, v[0] as usize)?;
            let side = |c: f32, size: f32| [(c - size / 2.0).max(0.0), (c + size / 2.0).min(1.0)];
            let ([x0, x1], [y0, y1]) = (side(v[1], v[3]), side(v[2], v[4]));
            Some((class, UnitBox::try_from([x0, y0, x1, y1]).unwrap()))
        })
        .collect()
}

/// Taxonomy class of a class of the 80 in the label files. A model of 90 classes counts with the
/// gaps of COCO's own ids: 12, 26, 29, 30, 45, 66, 68, 69, 71, 83 and 91 are not used.
fn yolo_label(package: &Package, class: usize) -> Option<String> {
    let gaps = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91];
    let index = if package.model.labels.len() == 80 {
        class
    } else {
        (1..91).filter(|id| !gaps.contains(id)).nth(class)? - 1
    };
    Some(package.model.labels.get(index)?.as_ref()?.as_str().to_owned())
}

struct Score {
    large: usize,
    found: usize,
    surely_wrong: usize,
}

/// Runs the model over the pictures; counts large labelled objects, those found, and sure
/// detections where no labelled object of the class is.
fn score(package: &Package, data: &Path) -> Score {
    let runtime = runtime();
    let options = DetectorOptions { batch_max: 4, ..DetectorOptions::default() };
    let mut detector = Detector::new(&runtime, &package.model, &package.weights, options).unwrap();
    let mut stems: Vec<String> = std::fs::read_dir(data.join("labels/coco8/images"))
        .unwrap()
        .map(|e| e.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    stems.sort();
    let path = |stem: &String| data.join("labels/coco8/images").join(format!("{stem}.jpg"));
    let pictures: Vec<Picture> = stems.iter().map(|s| Picture::from_jpeg(&path(s))).collect();
    let spec = *detector.input();
    let mut out = Vec::new();
    let stats = detector
        .run(pictures.len(), &mut |i, t| Ok(fill(&spec, &pictures[i].view(), t)), &mut out)
        .unwrap();
    eprintln!("{}: {stats:?}", package.model.name);
    let mut score = Score { large: 0, found: 0, surely_wrong: 0 };
    for ((stem, picture), detections) in stems.iter().zip(&pictures).zip(&out) {
        let truth = truth(package, data, stem);
        let seen = |d: &Detection| {
            let class = package.model.labels[usize::from(d.class.0)].as_ref().unwrap();
            let PxBox { x0, y0, x1, y1 } = d.bbox;
            assert!(
                x0 >= 0.0 && y0 >= 0.0 && x1 <= picture.width as f32 && y1 <= picture.height as f32
            );
            (
                class.as_str().to_owned(),
                d.bbox.to_unit(picture.width as f32, picture.height as f32),
                d.confidence.get(),
            )
        };
        let seen: Vec<_> = detections.iter().map(seen).collect();
        let large: Vec<_> = truth.iter().filter(|(_, b)| b.area() > 0.05).collect();
        score.large += large.len();
        score.found += large
            .iter()
            .filter(|(c, b)| seen.iter().any(|(sc, sb, _)| sc == c && sb.iou(b) > 0.5))
            .count();
        let wrong = |s: &&(String, UnitBox, f32)| {
            s.2 > 0.6 && !truth.iter().any(|(c, b)| *c == s.0 && b.iou(&s.1) > 0.3)
        };
        score.surely_wrong += seen.iter().filter(wrong).count();
        eprintln!("  {stem}: {truth:?}\n    seen {seen:?}");
    }
    eprintln!(
        "  {} of {} large objects found, {} surely wrong",
        score.found, score.large, score.surely_wrong
    );
    score
}

#[test]
fn pictures_with_ssdlite() {
    let Some(data) = development_data("") else { return };
    let Some(package) = package("ssdlite-coco", &data) else { return };
    let score = score(&package, &data);
    assert!(score.found * 10 >= score.large * 6, "{} of {}", score.found, score.large);
    assert!(score.surely_wrong <= 1, "{}", score.surely_wrong);
}

#[test]
fn pictures_with_yolox() {
    let Some(data) = development_data("") else { return };
    let Some(package) = package("yolox-nano", &data) else { return };
    let score = score(&package, &data);
    assert!(score.found * 10 >= score.large * 6, "{} of {}", score.found, score.large);
    assert!(score.surely_wrong <= 1, "{}", score.surely_wrong);
}

#[test]
fn pictures_with_nanodet() {
    let Some(data) = development_data("") else { return };
    let Some(package) = package("nanodet-g", &data) else { return };
    let score = score(&package, &data);
    assert!(score.found * 10 >= score.large * 6, "{} of {}", score.found, score.large);
    assert!(score.surely_wrong <= 1, "{}", score.surely_wrong);
}

/// Leaves columns, rows and candidates of a graph open.
const OPEN: &str = "
import sys, onnx
model = onnx.load(sys.argv[1])
graph = model.graph
columns = graph.input[0].type.tensor_type.shape.dim
columns[2].dim_param, columns[3].dim_param = 'height', 'width'
graph.output[0].type.tensor_type.shape.dim[1].dim_param = 'candidates'
del graph.value_info[:]
onnx.save(model, sys.argv[2])
";

/// `YOLOX` with these smaller sizes.
fn opened(package: &Package, sizes: &[[usize; 2]], dir: &Path) -> Package {
    let weights = dir.join("open.onnx");
    let mut python = Command::new(root().join(".deps/venv/bin/python"));
    python.args(["-c", OPEN]).arg(&package.weights).arg(&weights);
    assert!(python.status().unwrap().success());
    let mut model = package.model.clone();
    model.sha256 =
        Sha256::try_from(tiny::hash(&std::fs::read(&weights).unwrap()).as_str()).unwrap();
    model.sizes = sizes.to_vec();
    Package { model, weights, ..package.clone() }
}

/// The best overlap of each sure detection with one of its class among others.
fn agreement(sure: &[Detection], others: &[Detection]) -> Vec<f32> {
    let best = |d: &Detection| {
        let same = others.iter().filter(|o| o.class == d.class);
        same.map(|o| o.bbox.iou(&d.bbox)).fold(0.0, f32::max)
    };
    sure.iter().filter(|d| d.confidence.get() >= 0.4).map(best).collect()
}

/// Of this thread, which runs the model, over some runs on whatever the tensor holds.
fn cpu_ms_a_run(detector: &mut Detector, input: InputSpec) -> f64 {
    let cpu_ms = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e6
    };
    let (before, sizes, mut out) = (cpu_ms(), [input.size(); 10], Vec::new());
    let fill = &mut |_: usize, _: &mut [f32]| Ok(Sheet::whole(&input, [1920, 1080]));
    detector.run_sizes(&sizes, fill, &mut out).unwrap();
    (cpu_ms() - before) / sizes.len() as f64
}

#[test]
fn yolox_sees_the_same_on_each_size_that_shows_a_picture_as_large() {
    let Some(data) = development_data("") else { return };
    let Some(package) = package("yolox-nano", &data) else { return };
    let dir = tempfile::tempdir().unwrap();
    sees_the_same_on_each_size(&opened(&package, &SIZES, dir.path()));
}

#[test]
fn nanodet_sees_the_same_on_each_size_that_shows_a_picture_as_large() {
    let nanodet = Name::try_from("nanodet-g").unwrap();
    let package = Locations::discover(None).unwrap().load_package(&nanodet).unwrap();
    assert_eq!(package.model.sizes, SIZES);
    sees_the_same_on_each_size(&package);
}

const SIZES: [[usize; 2]; 3] = [[416, 320], [416, 256], [256, 256]];

/// On a size without the empty part of its letterbox a picture gives what it gives on the model's own: what lies
/// beyond the picture's edge is another grey, and no more.
fn sees_the_same_on_each_size(package: &Package) {
    let options = DetectorOptions::default();
    let mut detector =
        Detector::new(&runtime(), &package.model, &package.weights, options).unwrap();
    let clip = Locations::discover(None).unwrap().clip().unwrap();
    for (rows, size) in [(576, [416, 320]), (432, [416, 256])] {
        let pictures: Vec<Picture> = frames(&clip, 80).iter().map(|p| p.top(rows)).collect();
        let mut look = |size| {
            let spec = package.model.input.at(size);
            let fill = &mut |i: usize, t: &mut [f32]| Ok(fill(&spec, &pictures[i].view(), t));
            let (mut out, sizes) = (Vec::new(), vec![size; pictures.len()]);
            detector.run_sizes(&sizes, fill, &mut out).unwrap();
            out
        };
        let own_size = package.model.input.size();
        let (own, other) = (look(own_size), look(size));
        let ious: Vec<f32> = own
            .iter()
            .zip(&other)
            .flat_map(|(own, other)| [agreement(own, other), agreement(other, own)].concat())
            .collect();
        let same = ious.iter().filter(|iou| **iou > 0.8).count();
        let mean = ious.iter().sum::<f32>() / ious.len() as f32;
        eprintln!("{size:?}: {same} of {} are the same, mean IoU {mean:.3}", ious.len());
        assert!(ious.len() > 40 && same * 100 >= ious.len() * 95, "{size:?}: {ious:?}");
    }
    let mut cost = |size| cpu_ms_a_run(&mut detector, package.model.input.at(size));
    for size in &package.model.sizes {
        // In turns, so that what else the machine does meets both alike.
        let own = package.model.input.size();
        let mut took: Vec<[f64; 2]> = (0..15).map(|_| [cost(own), cost(*size)]).collect();
        took.sort_by(|a, b| (a[1] / a[0]).total_cmp(&(b[1] / b[0])));
        let [own, this] = took[7];
        eprintln!("{size:?}: {this:.2} CPU-ms a run, own {own:.2}: {:.3}", this / own);
    }
}

/// Every `every`-th frame of a clip, decoded by GStreamer.
fn frames(clip: &Path, every: usize) -> Vec<Picture> {
    gstreamer::init().unwrap();
    let pipeline = gstreamer::parse::launch(&format!(
        "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! videoconvert ! \
         video/x-raw,format=I420 ! appsink name=sink sync=false max-buffers=2",
        clip.display()
    ));
    let bin = pipeline.unwrap().downcast::<gstreamer::Pipeline>().unwrap();
    let sink = bin.by_name("sink").unwrap().downcast::<gstreamer_app::AppSink>().unwrap();
    bin.set_state(gstreamer::State::Playing).unwrap();
    let mut pictures = Vec::new();
    let mut count = 0;
    while let Ok(sample) = sink.pull_sample() {
        if count % every == 0 {
            let info = gstreamer_video::VideoInfo::from_caps(sample.caps().unwrap()).unwrap();
            let buffer = sample.buffer_owned().unwrap();
            let frame = VideoFrame::from_buffer_readable(buffer, &info).unwrap();
            pictures.push(Picture::from_frame(&frame));
        }
        count += 1;
    }
    bin.set_state(gstreamer::State::Null).unwrap();
    pictures
}

/// The street clip shows a dozen people at most, and two parked cars in its upper right corner.
#[test]
fn street_clip_with_ssdlite() {
    let runtime = runtime();
    let clip = Locations::discover(None).unwrap().clip().unwrap();
    let package = package("ssdlite-coco", &root()).expect("the light model; run: make setup");
    let pictures = frames(&clip, 80);
    assert!(pictures.len() >= 9, "{} frames of 795", pictures.len());
    let options = DetectorOptions { batch_max: 4, ..DetectorOptions::default() };
    let mut detector = Detector::new(&runtime, &package.model, &package.weights, options).unwrap();
    let spec = *detector.input();
    let mut out = Vec::new();
    let stats = detector
        .run(pictures.len(), &mut |i, t| Ok(fill(&spec, &pictures[i].view(), t)), &mut out)
        .unwrap();
    let class =
        |d: &Detection| package.model.labels[usize::from(d.class.0)].as_ref().unwrap().as_str();
    let people: Vec<usize> =
        out.iter().map(|ds| ds.iter().filter(|d| class(d) == "person").count()).collect();
    eprintln!("people a frame {people:?}; {stats:?}");
    assert!(people.iter().all(|&n| (1..=12).contains(&n)), "{people:?}");
    let cars: Vec<PxBox> =
        out.iter().flatten().filter(|d| class(d) == "vehicle.car").map(|d| d.bbox).collect();
    assert_eq!(cars.len(), 2 * pictures.len(), "the two parked cars, each once on each frame");
    for place in &out[0].iter().filter(|d| class(d) == "vehicle.car").collect::<Vec<_>>() {
        let there = cars.iter().filter(|car| car.iou(&place.bbox) > 0.8).count();
        assert_eq!(there, pictures.len(), "{place:?} does not move");
    }
    let other = |d: &&Detection| !["person", "vehicle.car"].contains(&class(d));
    let surely_wrong = out.iter().flatten().filter(other).filter(|d| d.confidence.get() > 0.5);
    assert_eq!(surely_wrong.count(), 0);
}
