//! Small and far vehicles, found by regions and by the whole frame with the same model.
//!
//! Truth is exact: the two cars that stand in the sample clip from its first frame to its last are made
//! smaller by a known factor and put into a picture of 1080p as a far part of a street. What is measured is
//! printed: `cargo test -p viahe-edge --test edge regions -- --nocapture`.

mod light;
mod picture;
mod recall;

use picture::{Picture, clip};
use viahe_contract::id::Name;
use viahe_core::detect::Detection;
use viahe_core::frame::FrameView;
use viahe_core::geometry::{PxBox, UnitBox};
use viahe_core::region::{Focus, Shown, View};
use viahe_edge::infer::{Detector, DetectorOptions, Runtime};
use viahe_edge::ledger::Ledger;
use viahe_edge::models::{Locations, Package};
use viahe_edge::preprocess::Preprocessor;
use viahe_testing::machine::{development_data, skipped};

const SIZE: [usize; 2] = [1920, 1080];
/// The two cars of the clip, in px of its 768 x 576.
const CARS: [[f32; 4]; 2] = [[638.0, 41.0, 719.0, 102.0], [727.0, 48.0, 768.0, 95.0]];
/// So tall are both together made, in px of the large picture.
const HEIGHTS: [f32; 7] = [12.0, 16.0, 20.0, 24.0, 28.0, 34.0, 40.0];
/// Where the far part of the street lies in the large picture.
const AT: [[usize; 2]; 2] = [[1100, 160], [301, 91]];
/// What a rule takes for a thing.
const CONFIDENCE_MIN: f32 = 0.35;
const IOU_MIN: f32 = 0.5;

/// A street in which the two cars are so tall, and where they are.
struct Street {
    picture: Picture,
    cars: [PxBox; 2],
    /// The same two, near and large: nothing to the rule.
    near: [PxBox; 2],
    /// Of the kerb at which they stand.
    zone: UnitBox,
}

impl Street {
    fn new(near: &Picture, clip: &Picture, tall: f32, at: [usize; 2]) -> Self {
        let mut picture = near.clone();
        let scale = tall / (CARS[0][3] - CARS[0][1]);
        // Even sizes: chroma is halved.
        let side = |px: usize| (px as f32 * scale / 2.0).round() as usize * 2;
        let small = clip.scaled([side(clip.size[0]), side(clip.size[1])]);
        let at = at.map(|px| px / 2 * 2);
        picture.put(&small, at);
        let [sx, sy] = [0, 1].map(|axis| small.size[axis] as f32 / clip.size[axis] as f32);
        let to = |[x, y]: [f32; 2]| [at[0] as f32 + x * sx, at[1] as f32 + y * sy];
        let cars = CARS.map(|[x0, y0, x1, y1]| {
            let ([x0, y0], [x1, y1]) = (to([x0, y0]), to([x1, y1]));
            PxBox::new(x0, y0, x1, y1).unwrap()
        });
        let ([x0, y0], [x1, y1]) = (to([610.0, 70.0]), to([768.0, 120.0]));
        let zone = PxBox::new(x0, y0, x1, y1).unwrap().to_unit(SIZE[0] as f32, SIZE[1] as f32);
        let [sx, sy] = [0, 1].map(|axis| SIZE[axis] as f32 / clip.size[axis] as f32);
        let near =
            CARS.map(|[x0, y0, x1, y1]| PxBox::new(x0 * sx, y0 * sy, x1 * sx, y1 * sy).unwrap());
        Self { picture, cars, near, zone }
    }
}

/// A model at work on one camera.
struct Eye {
    detector: Detector,
    focus: Focus,
    kernels: [Preprocessor; 2],
    found: Vec<Vec<Detection>>,
    images: usize,
    infer_ms: f64,
    /// The last look saw the whole frame on the same image.
    whole: bool,
}

impl Eye {
    fn new(runtime: &Runtime, package: &Package, areas: Vec<UnitBox>) -> Self {
        let (model, options) = (&package.model, DetectorOptions::default());
        Self {
            detector: Detector::new(runtime, model, &package.weights, options).unwrap(),
            focus: Focus::new(model, areas),
            kernels: [0, 1].map(|_| Preprocessor::new(model.input)),
            found: Vec::new(),
            images: 0,
            infer_ms: 0.0,
            whole: false,
        }
    }

    fn look(&mut self, frame: &FrameView<'_>) {
        let ledger = Ledger::default();
        let images = self.focus.look(frame.width(), frame.height());
        let (focus, kernels) = (&self.focus, &mut self.kernels);
        let mut fill = |i: usize, tensor: &mut [f32]| {
            let (view, sheet) = focus.image(i).unwrap();
            let kernel = &mut kernels[usize::from(view == View::Close)];
            kernel.run_sheet(frame, sheet, tensor, &ledger)?;
            Ok(sheet.clone())
        };
        let sizes: Vec<[usize; 2]> =
            (0..images).map(|i| focus.image(i).unwrap().1.size()).collect();
        let stats = self.detector.run_sizes(&sizes, &mut fill, &mut self.found).unwrap();
        self.focus.conclude(&mut self.found);
        self.whole = images == 1 && self.focus.image(0).unwrap().0 == View::Whole;
        self.images += images;
        self.infer_ms += f64::from(stats.infer_ms);
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Score {
    found: usize,
    of: usize,
    /// Vehicles where none is, or once more.
    wrong: usize,
    /// Of the near cars, in looks that saw the whole frame on their one image.
    near: [usize; 2],
}

impl Score {
    fn add(&mut self, package: &Package, eye: &Eye, street: &Street) {
        let is_vehicle = |d: &&Detection| {
            let label = package.model.labels[usize::from(d.class.0)].as_ref();
            label.is_some_and(|class| class.as_str().starts_with("vehicle"))
                && d.confidence.get() >= CONFIDENCE_MIN
        };
        let kerb = street.zone.corners();
        let mut left: Vec<&Detection> = eye.found[0].iter().filter(is_vehicle).collect();
        for car in &street.cars {
            self.of += 1;
            if let Some(i) = left.iter().position(|d| d.bbox.iou(car) >= IOU_MIN) {
                left.swap_remove(i);
                self.found += 1;
            }
        }
        if eye.whole {
            for car in &street.near {
                self.near[1] += 1;
                self.near[0] += usize::from(left.iter().any(|d| d.bbox.iou(car) >= IOU_MIN));
            }
        }
        let at_kerb = |d: &&Detection| {
            let ground = d.bbox.to_unit(SIZE[0] as f32, SIZE[1] as f32).ground();
            ground.x > kerb[0] && ground.x < kerb[2] && ground.y > kerb[1] && ground.y < kerb[3]
        };
        self.wrong += left.into_iter().filter(at_kerb).count();
    }

    fn recall(self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }
}

/// Two looks at each street; what they found, for regions and for the whole frame.
fn measure(package: &Package, runtime: &Runtime, clip: &[Picture]) -> (Score, Score, f64) {
    let near: Vec<Picture> = clip.iter().map(|picture| picture.scaled(SIZE)).collect();
    let name = &package.model.name;
    let (mut all, mut images, mut infer) = ([Score::default(); 2], [0; 2], [0.0; 2]);
    let mut whole = Eye::new(runtime, package, Vec::new());
    let mut close = Eye::new(runtime, package, Vec::new());
    for tall in HEIGHTS {
        let (mut here, mut gains) = ([Score::default(); 2], Vec::new());
        for at in AT {
            for (near, clip) in near.iter().zip(clip) {
                let street = Street::new(near, clip, tall, at);
                close.focus.turn_to(&[street.zone]);
                gains.push(Shown::of(&[street.zone], SIZE, &package.model.input, &[]).gain());
                for (eye, score) in [&mut whole, &mut close].into_iter().zip(&mut here) {
                    for _ in 0..2 {
                        eye.look(&street.picture.view());
                        score.add(package, eye, &street);
                    }
                }
            }
        }
        let gain = gains.iter().sum::<f32>() / gains.len() as f32;
        let [w, c] = here;
        println!(
            "{name}, cars {tall:>2} px tall: whole {:.2} ({} wrong), regions {:.2} ({} wrong), {gain:.1} x larger",
            w.recall(),
            w.wrong,
            c.recall(),
            c.wrong,
        );
        for (all, here) in all.iter_mut().zip(here) {
            all.found += here.found;
            all.of += here.of;
            all.wrong += here.wrong;
            for (all, here) in all.near.iter_mut().zip(here.near) {
                *all += here;
            }
        }
    }
    for (i, eye) in [&whole, &close].into_iter().enumerate() {
        (images[i], infer[i]) = (eye.images, eye.infer_ms);
    }
    let looks = all[0].of as f64 / 2.0;
    let [w, c] = all;
    println!(
        "{name}: near cars {:?} and {:?}; recall whole {:.3} ({} wrong), regions {:.3} ({} wrong): {:.1} x; \
         images a look {:.2} and {:.2}; ms of inference a look {:.1} and {:.1}",
        w.near,
        c.near,
        w.recall(),
        w.wrong,
        c.recall(),
        c.wrong,
        c.recall() / w.recall().max(1e-9),
        images[0] as f64 / looks,
        images[1] as f64 / looks,
        infer[0] / looks,
        infer[1] / looks,
    );
    (w, c, images[1] as f64 / images[0] as f64)
}

/// The installed package; weights that are not installed may lie in the development data.
fn package(name: &str) -> Option<Package> {
    let name = Name::try_from(name).unwrap();
    let mut locations = Locations::discover(None).unwrap();
    if let Ok(package) = locations.load_package(&name) {
        return Some(package);
    }
    // Weights are looked for in `<deps>/models/<name>`, so such a folder is made of links.
    let deps = tempfile::tempdir().unwrap();
    std::fs::create_dir(deps.path().join("models")).unwrap();
    let folder = deps.path().join("models").join(name.as_str());
    std::os::unix::fs::symlink(development_data("models")?, folder).unwrap();
    locations.deps.push(deps.path().to_owned());
    let mut package = locations.load_package(&name).ok()?;
    package.weights = std::fs::canonicalize(&package.weights).unwrap();
    Some(package)
}

#[test]
fn small_vehicles_are_found_by_regions() {
    let locations = Locations::discover(None).unwrap();
    let runtime = Runtime::load(&locations.onnxruntime().expect("run: make setup")).unwrap();
    let clip: Vec<Picture> = clip(&locations).step_by(200).collect();
    for name in ["ssdlite-coco", "nanodet-g", "yolox-nano"] {
        let Some(package) = package(name) else {
            skipped(&format!("{name} is not installed"));
            continue;
        };
        let (whole, close, cost) = measure(&package, &runtime, &clip);
        assert!(close.recall() >= 2.0 * whole.recall(), "{name}: {whole:?} {close:?}");
        assert!(cost <= 1.5, "{name}: {cost} images for one");
        // What lies beside the whole frame hides nothing of it.
        let share = |near: [usize; 2]| near[0] as f64 / near[1].max(1) as f64;
        let hides_nothing = close.near[1] == 0 || share(close.near) >= 0.9 * share(whole.near);
        assert!(hides_nothing, "{name}: {whole:?} {close:?}");
    }
}
