//! `viahe track eval`: tracks against the truth.

use crate::exit::Exit;
use crate::files::{has_folder, not_over, write_json};
use crate::page::{Bar, Bars, Page};
use crate::ui::{Progress, say};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use viahe_core::evaluate::tracks::{Boxes, Figures, Score, Sequence, Wanted};

/// Scores tracks against the truth, as TrackEval does: MOTA, IDF1, HOTA and what they are made of.
///
/// Both are MOTChallenge files, or both are folders of them: TRUTH/NAME/gt/gt.txt or TRUTH/NAME.txt, and TRACKS/NAME.txt,
/// which are scored each and together. A truth of MOT16 and later (9 columns) has classes: objects of other classes and
/// those with flag 0 need not be found.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The truth: lines `frame,id,left,top,width,height,flag[,class,visibility]`.
    truth: PathBuf,
    /// The tracks: lines `frame,id,left,top,width,height,…`, as `viahe track` writes them.
    tracks: PathBuf,
    /// The class that must be found, in a truth with classes.
    #[arg(long, default_value_t = 1, value_name = "N")]
    class: i64,
    /// Classes that may be taken for it: tracks on such objects do not count. MOT20 adds 6.
    #[arg(long, value_delimiter = ',', default_value = "2,7,8,12", value_name = "N,N…")]
    distractors: Vec<i64>,
    /// Writes all figures into this file; replaced when there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes a page with plots into this file, for a browser; replaced when there.
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
}

/// Truth and tracks of one sequence.
struct Pair {
    name: String,
    truth: PathBuf,
    tracks: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let pairs = pairs(args)?;
    for file in args.json.iter().chain(&args.html) {
        has_folder(file)?;
        not_over(file, pairs.iter().flat_map(|p| [p.truth.as_path(), p.tracks.as_path()]))?;
    }
    let wanted =
        Wanted { class: args.class, distractors: args.distractors.iter().copied().collect() };
    let (mut scored, mut together) = (Vec::new(), Score::default());
    let progress = Progress::new(pairs.len() as u64, "sequences");
    for pair in &pairs {
        let score = score(pair, &wanted)?;
        together.add(&score);
        scored.push((pair.name.clone(), score.figures()));
        progress.step();
    }
    progress.finish();
    if scored.len() > 1 {
        scored.push(("together".into(), together.figures()));
    }
    say(&table(&scored));
    if let Some(html) = &args.html {
        page(&scored).write(html)?;
    }
    match &args.json {
        Some(file) => {
            let sequences = scored.into_iter().map(|(name, figures)| {
                serde_json::to_value(figures).map(|figures| (name, figures))
            });
            let sequences = sequences.collect::<Result<serde_json::Map<_, _>, _>>();
            write_json(file, &sequences.map_err(Exit::failed)?)
        }
        None => Ok(()),
    }
}

fn score(pair: &Pair, wanted: &Wanted) -> Result<Score, Exit> {
    let (truth, tracks) = (read(&pair.truth)?, read(&pair.tracks)?);
    let sequence = Sequence::new(&truth, &tracks, wanted);
    if sequence.objects() == 0 {
        let path = pair.truth.display();
        let classes: Vec<String> = truth.classes().iter().map(ToString::to_string).collect();
        return Err(Exit::Usage(if classes.is_empty() {
            format!("{path}: nothing is to be found there: no line has a flag other than 0")
        } else {
            let (class, classes) = (wanted.class, classes.join(", "));
            format!(
                "{path}: nothing of class {class} is to be found there; it has {classes}: choose one \
                 with --class"
            )
        }));
    }
    let (last, told) = (truth.last_frame(), tracks.last_frame());
    if told > last {
        let frame = |frame: Option<u32>| frame.unwrap_or_default();
        eprintln!(
            "viahe: {}: the truth ends with frame {}, the tracks with {}: what is told after it counts as \
             false alarms",
            pair.tracks.display(),
            frame(last),
            frame(told)
        );
    }
    Ok(Score::of(&sequence))
}

fn read(path: &Path) -> Result<Boxes, Exit> {
    let said = |e: &dyn std::fmt::Display| Exit::Usage(format!("{}: {e}", path.display()));
    let text = fs::read_to_string(path).map_err(|e| said(&e))?;
    Boxes::parse(&text).map_err(|e| said(&e))
}

fn pairs(args: &Args) -> Result<Vec<Pair>, Exit> {
    let (truth, tracks) = (&args.truth, &args.tracks);
    match (truth.is_dir(), tracks.is_dir()) {
        (false, false) => {
            let name = tracks.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok(vec![Pair { name, truth: truth.clone(), tracks: tracks.clone() }])
        }
        (true, true) => of_folders(truth, tracks),
        _ => Err(Exit::Usage("name two files or two folders".into())),
    }
}

/// Each sequence of the truth must have its tracks: leaving one out would be told by no figure.
fn of_folders(truth: &Path, tracks: &Path) -> Result<Vec<Pair>, Exit> {
    let mut names = BTreeSet::new();
    let failed = |e| Exit::Usage(format!("{}: {e}", truth.display()));
    for entry in fs::read_dir(truth).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_text = path.extension().is_some_and(|ending| ending == "txt");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && path.join("gt/gt.txt").is_file() {
            names.insert((
                path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                true,
            ));
        } else if is_text {
            names.insert((name, false));
        }
    }
    let pair = |(name, deep): (String, bool)| {
        let of_truth = if deep { format!("{name}/gt/gt.txt") } else { format!("{name}.txt") };
        let pair =
            Pair { truth: truth.join(of_truth), tracks: tracks.join(format!("{name}.txt")), name };
        if pair.tracks.is_file() {
            return Ok(pair);
        }
        let (truth, tracks) = (pair.truth.display(), pair.tracks.display());
        Err(Exit::Usage(format!(
            "{tracks} is not there, and {truth} is; write it, empty where nothing was tracked"
        )))
    };
    let pairs: Vec<Pair> = names.into_iter().map(pair).collect::<Result<_, _>>()?;
    if pairs.is_empty() {
        let truth = truth.display();
        return Err(Exit::Usage(format!("{truth}: neither NAME/gt/gt.txt nor NAME.txt is there")));
    }
    Ok(pairs)
}

fn table(scored: &[(String, Figures)]) -> String {
    let wide = scored.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!(
        "{:wide$}   HOTA   DetA   AssA   MOTA   MOTP   IDF1  recall  precis.  switches  fragments  objects",
        "%"
    );
    for (name, f) in scored {
        let [hota, det, ass, mota, overlap, identity] =
            [f.hota, f.det_a, f.ass_a, f.mota, f.motp, f.idf1].map(|share| 100.0 * share);
        let (recall, precision) = (100.0 * f.recall, 100.0 * f.precision);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n{name:wide$} {hota:6.2} {det:6.2} {ass:6.2} {mota:6.2} {overlap:6.2} {identity:6.2}  {recall:6.2}  \
             {precision:7.2}  {:8}  {:9}  {:7}",
            f.id_switches, f.fragments, f.objects
        );
    }
    text
}

fn page(scored: &[(String, Figures)]) -> Page {
    let mut page = Page::new("Tracks against the truth");
    page.paragraph("As TrackEval 1.3.0 reckons them. A MOTA below 0 is drawn as 0: false alarms can make it so.");
    let bar = |value: f64, figures: &Figures| {
        let Figures { objects, hits, misses, false_alarms, id_switches, .. } = figures;
        let says = format!(
            "{objects} objects, {hits} hits, {misses} missed, {false_alarms} false, {id_switches} switches"
        );
        Some(Bar { value, bounds: None, says })
    };
    let group = |(name, of): &(String, Figures)| {
        (name.clone(), [of.hota, of.mota, of.idf1].map(|value| bar(value, of)).to_vec())
    };
    let series = ["HOTA", "MOTA", "IDF1"].map(ToOwned::to_owned).to_vec();
    page.figure("By sequence", &Bars { series, groups: scored.iter().map(group).collect() });
    let rows = scored.iter().map(|(name, of)| {
        let shares = [of.hota, of.mota, of.idf1, of.recall, of.precision];
        let shares = shares.map(|share| format!("{:.2}", 100.0 * share));
        let counts = [of.objects, of.id_switches, of.fragments].map(|count| count.to_string());
        [name.clone()].into_iter().chain(shares).chain(counts).collect()
    });
    let head =
        ["%", "HOTA", "MOTA", "IDF1", "recall", "precision", "objects", "switches", "fragments"];
    page.table(&head, &rows.collect::<Vec<_>>());
    page
}
