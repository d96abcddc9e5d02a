use super::*;
use std::fs;
use viahe_core::evaluate::detections::Kind;
use viahe_core::evaluate::detections::Kind::{Crowd, Ignored, Object as Whole};

fn write(dir: &Path, file: &str, text: &str) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in files {
        write(dir.path(), file, text);
    }
    dir
}

fn read(dir: &Path, file: &str, part: &Part) -> Result<Dataset, String> {
    Dataset::read(&dir.join(file), part).map_err(|e| e.to_string())
}

/// An object: name of its class, sides, area, how it counts.
type Told = (String, [f64; 4], f64, Kind);

/// What a data set has: for each picture its file and objects in a picture of 200 × 100 px.
fn told(dir: &Path, dataset: &Dataset) -> Vec<(String, Vec<Told>)> {
    let of = |picture: &Labelled| {
        let path = fs::canonicalize(&picture.path).unwrap();
        let path = path.strip_prefix(fs::canonicalize(dir).unwrap()).unwrap().display().to_string();
        let label = |label: &Label| {
            let object = label.in_px(picture.size.unwrap_or([200, 100]));
            let round = |v: f64| (v * 1e6).round() / 1e6;
            (
                dataset.classes[object.name].clone(),
                object.sides.map(round),
                round(object.area),
                object.kind,
            )
        };
        (path, picture.labels.iter().map(label).collect())
    };
    dataset.pictures.iter().map(of).collect()
}

const COCO: &str = r#"{
    "images": [{"id": 9, "file_name": "b.jpg", "width": 200, "height": 100}, {"id": 3, "file_name": "a.jpg"}],
    "categories": [{"id": 7, "name": "car", "supercategory": "vehicle"}, {"id": 2, "name": "person"}],
    "annotations": [
        {"id": 0, "image_id": 9, "category_id": 2, "bbox": [1, 2, 30, 40], "area": 700.5, "iscrowd": 0},
        {"id": 1, "image_id": 9, "category_id": 7, "bbox": [5, 6, 10, 20], "iscrowd": 1}]}"#;

#[test]
fn coco_is_read_by_id_and_its_pictures_are_found() {
    for place in ["val2017", "annotations", "images", "annotations/images"] {
        let dir = folder(&[
            ("annotations/instances_val2017.json", COCO),
            (&format!("{place}/a.jpg"), ""),
            (&format!("{place}/b.jpg"), ""),
        ]);
        let dataset =
            read(dir.path(), "annotations/instances_val2017.json", &Part::default()).unwrap();
        let person = ("person".to_owned(), [1.0, 2.0, 30.0, 40.0], 700.5, Whole);
        let car = ("car".to_owned(), [5.0, 6.0, 10.0, 20.0], 200.0, Crowd);
        let want =
            [(format!("{place}/a.jpg"), vec![]), (format!("{place}/b.jpg"), vec![person, car])];
        assert_eq!(told(dir.path(), &dataset), want);
        assert_eq!(dataset.pictures[1].size, Some([200, 100]));
    }
}

#[test]
fn yolo_is_read_as_its_writers_write_it() {
    let labels = "1 0.5 0.5 0.2 0.4\n\n0 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n";
    let yamls = [
        ("val: images/val\nnames: [person, car]\n", "images/val", "labels/val"),
        ("path: data\nval: images\nnames:\n  0: person\n  1: car\n", "data/images", "data/labels"),
        (
            "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['person', 'car']\n",
            "valid/images",
            "valid/labels",
        ),
        ("val: [list.txt]\nnames: [person, car]\n", "images/val", "labels/val"),
    ];
    for (yaml, images, of_labels) in yamls {
        let list = "./images/val/a.jpg\nimages/val/b.png\n";
        let dir = folder(&[
            ("data.yaml", yaml),
            ("list.txt", list),
            (&format!("{images}/a.jpg"), ""),
            (&format!("{images}/b.png"), ""),
            (&format!("{images}/notes.md"), ""),
            (&format!("{of_labels}/a.txt"), labels),
        ]);
        let dataset =
            read(dir.path(), "", &Part::default()).unwrap_or_else(|e| panic!("{yaml}: {e}"));
        let car = ("car".to_owned(), [80.0, 30.0, 40.0, 40.0], 1600.0, Whole);
        let person = ("person".to_owned(), [20.0, 20.0, 40.0, 40.0], 1600.0, Whole);
        let want =
            [(format!("{images}/a.jpg"), vec![car, person]), (format!("{images}/b.png"), vec![])];
        assert_eq!(told(dir.path(), &dataset), want, "{yaml}");
    }
}

const XML: &str = "<annotation><size><width>200</width><height>100</height><depth>3</depth></size>
    <object><name>car</name><difficult>0</difficult><part><bndbox><xmin>1</xmin></bndbox></part>
    <bndbox><xmin>11</xmin><ymin>21</ymin><xmax>30</xmax><ymax>60</ymax></bndbox></object>
    <object><name>bus</name><difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>1</xmax><ymax>1</ymax></bndbox></object></annotation>";

#[test]
fn pascal_folders_are_read_with_pixels_from_one_on() {
    let dir = folder(&[
        ("voc/Annotations/a.1.xml", XML),
        ("voc/Annotations/b.xml", "<annotation/>"),
        ("voc/JPEGImages/a.1.jpg", ""),
        ("voc/JPEGImages/b.png", ""),
        ("voc/ImageSets/Main/test.txt", "b\n"),
    ]);
    let car = ("car".to_owned(), [10.0, 20.0, 20.0, 40.0], 800.0, Whole);
    let bus = ("bus".to_owned(), [0.0, 0.0, 1.0, 1.0], 1.0, Ignored);
    let all = read(dir.path(), "voc", &Part::default()).unwrap();
    let want = [
        ("voc/JPEGImages/a.1.jpg".to_owned(), vec![car, bus]),
        ("voc/JPEGImages/b.png".to_owned(), vec![]),
    ];
    assert_eq!(told(dir.path(), &all), want);
    let test = Part { split: Some("test".into()), ..Part::default() };
    assert_eq!(read(dir.path(), "voc", &test).unwrap().pictures.len(), 1);
    write(dir.path(), "voc/ImageSets/Main/val.txt", "a.1 1\n");
    assert_eq!(read(dir.path(), "voc", &Part::default()).unwrap().pictures.len(), 1);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let coco = |from: &str, to: &str| COCO.replace(from, to);
    let cases: [(&str, &str, &str); 15] = [
        ("c.json", "{", "c.json: it is not as COCO writes it: EOF"),
        (
            "c.json",
            &coco("\"bbox\": [1, 2, 30, 40]", "\"bbox\": [1, 2, -30, 40]"),
            "annotations[0]: bbox is 1, 2, -30, 40; write left",
        ),
        (
            "c.json",
            &coco("\"image_id\": 9, \"category_id\": 7", "\"image_id\": 4, \"category_id\": 7"),
            "annotations[1]: there is no image 4",
        ),
        (
            "c.json",
            &coco("\"category_id\": 7", "\"category_id\": 8"),
            "annotations[1]: there is no category 8",
        ),
        ("c.json", &coco("\"id\": 9,", "\"id\": 3,"), "two images have one id"),
        ("c.json", COCO, "its picture a.jpg is in none of"),
        ("data.yaml", "val: images\n", "`names` is missing"),
        ("data.yaml", "names: [a]\n", "it names no pictures for `val`; choose another --split"),
        ("data.yaml", "names: [a]\nval: nowhere\n", "nowhere, which is not there"),
        ("data.yaml", "names: [a]\nval: pictures\n", "no picture has labels"),
        (
            "data.yaml",
            "names: [a]\nval: px/images\n",
            "px/labels/a.txt: line 1: 50 is not in 0 to 1; write fractions",
        ),
        (
            "data.yaml",
            "names: [a]\nval: more/images\n",
            "line 1: the class must be a whole number, 0 to 0",
        ),
        ("data.yaml", "names: [a]\nval: five/images\n", "line 1: 5 numbers after the class"),
        ("voc", "", "Annotations/a.xml: line 2: an object has no whole bndbox"),
        ("nothing.txt", "", "nothing.txt is no data set: name a .json file of COCO"),
    ];
    for (file, text, want) in cases {
        let dir = folder(&[
            ("pictures/a.jpg", ""),
            ("px/images/a.jpg", ""),
            ("px/labels/a.txt", "0 50 50 20 20\n"),
            ("more/images/a.jpg", ""),
            ("more/labels/a.txt", "3 0.5 0.5 0.2 0.2\n"),
            ("five/images/a.jpg", ""),
            ("five/labels/a.txt", "0 0.5 0.5 0.2 0.2 0.9\n"),
            ("voc/Annotations/a.xml", "<annotation>\n<object><name>a</name></object></annotation>"),
        ]);
        if file != "voc" {
            write(dir.path(), file, text);
        }
        let told = read(dir.path(), file, &Part::default()).unwrap_err();
        assert!(told.contains(want), "{want}: {told}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert!(
        read(dir.path(), "gone.json", &Part::default())
            .unwrap_err()
            .contains("gone.json: No such file")
    );
}
