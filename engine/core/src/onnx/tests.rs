use super::*;
use crate::random::SplitMix64;
use proptest::prelude::*;
use viahe_testing::onnx as made;
use viahe_testing::onnx::{Cover, F16, F32, Message, U8};

const COVER: Cover<'_> = Cover {
    ir: 9,
    opsets: &[("", 17), ("com.microsoft", 1)],
    metadata: &[("names", "{0: 'person'}"), ("task", "detect")],
};

/// A small graph with all that is read: weights, one of which is listed as an input as well, open and fixed axes.
fn small() -> Vec<u8> {
    let shape = [None, Some(3), Some(8), Some(8)];
    let nodes = [
        made::node("Cast", &["image"], &["picture"], &[("to", F32)]),
        made::node("Conv", &["picture", "w"], &["a"], &[]),
        made::node("Gelu", &["a"], &["out"], &[]).text(7, "com.microsoft"),
    ];
    let inputs = [made::value("image", U8, &shape), made::value("w", F32, &[Some(2), Some(2)])];
    let outputs = [made::value("out", F16, &[None, Some(2)])];
    let weights = [made::floats("w", &[2, 2], &[1.0; 4])];
    made::covered(&made::graph(&nodes, &weights, &inputs, &outputs), &COVER)
}

/// Of one node, or of no more than a cover.
fn of(node: Option<&Message>, cover: &Cover<'_>) -> Vec<u8> {
    made::covered(&made::graph(node.map_or(&[], std::slice::from_ref), &[], &[], &[]), cover)
}

fn limits() -> Limits {
    Limits::of_runtime("1.31.1").unwrap()
}

#[test]
fn an_outline_is_what_the_file_says() {
    let bytes = small();
    let outline = read(&bytes).unwrap();
    assert_eq!((outline.ir, outline.opset(), outline.producer[0]), (9, 17, "viahe"));
    assert_eq!((outline.said("task"), outline.said("imgsz")), (Some("detect"), None));
    let names: Vec<&str> = outline.inputs.iter().map(|input| input.name).collect();
    assert_eq!(names, ["image"], "weights are no inputs");
    let [image] = &outline.inputs[..] else { panic!() };
    assert_eq!(image.element, Some(Element::U8));
    let shape = image.shape.as_deref().unwrap();
    assert_eq!(shape, [Axis::Open("N"), Axis::Fixed(3), Axis::Fixed(8), Axis::Fixed(8)]);
    assert_eq!(outline.outputs[0].element, Some(Element::F16));
    assert!(outline.operators.contains(&("com.microsoft", "Gelu")) && outline.nodes == 3);
    assert_eq!(check(&outline, Some(&limits())), Ok(()));
}

#[test]
fn external_data_is_found_wherever_tensors_are() {
    let field = |number, inner: &Message| Message::default().message(number, inner);
    let entry = |key: &str, value: &str| Message::default().text(1, key).text(2, value);
    let named = field(13, &entry("location", "../../etc/passwd"));
    let flagged = Message::default().number(14, 1);
    for (tensor, word) in [(&named, "../../etc/passwd"), (&flagged, "external data")] {
        let attribute = |n| field(5, &field(n, tensor));
        let sparse = field(22, &field(1, tensor));
        let subgraph = field(5, &field(6, &field(5, tensor)));
        let places = [
            ("initializer", field(7, &field(5, tensor))),
            ("sparse initializer", field(7, &field(15, &field(2, tensor)))),
            ("constant", field(7, &field(1, &attribute(5)))),
            ("constants", field(7, &field(1, &attribute(10)))),
            ("sparse constant", field(7, &field(1, &field(5, &sparse)))),
            ("loop body", field(7, &field(1, &subgraph))),
            ("training", field(7, &Message::default()).message(20, &field(1, &field(5, tensor)))),
            ("function", field(7, &Message::default()).message(25, &field(7, &attribute(5)))),
        ];
        for (name, file) in places {
            let why = read(&file.0).unwrap_err();
            assert!(matches!(why, Refused::External { .. }), "{name}: {why}");
            assert!(why.to_string().contains(word), "{name}: {why}");
        }
    }
    let inside = field(7, &field(5, &Message::default().number(14, 0)));
    assert!(read(&inside.0).is_ok(), "data_location = DEFAULT");
}

#[test]
fn what_is_no_model() {
    assert_eq!(read(b""), Err(Refused::Cut));
    assert_eq!(read(b"\x08\x07"), Err(Refused::Cut), "a model without a graph");
    assert_eq!(read(b"\x1c\x00\x00\x00ORTM"), Err(Refused::OrtFormat));
    assert_eq!(read(b"{\"not\": \"a model\"}"), Err(Refused::Cut));
    let latin = of(Some(&made::node("Add", &[], &[], &[]).bytes(4, b"\xff\xfe")), &COVER);
    assert_eq!(read(&latin), Err(Refused::Cut), "names are UTF-8");
}

#[test]
fn what_would_take_more_than_the_file_holds() {
    let tensor = |dims: &[u64]| made::model(&[], &[made::tensor("w", F32, dims)], &[], &[]);
    for dims in [&[1 << 40][..], &[1 << 32, 1 << 32], &[u64::MAX], &[1000, 1000, 1000]] {
        assert!(matches!(read(&tensor(dims)), Err(Refused::Claims { .. })), "{dims:?}");
    }
    for dims in [&[][..], &[0], &[4], &[0, u64::MAX]] {
        assert!(read(&tensor(dims)).is_ok(), "{dims:?}");
    }
    let sparse = Message::default().number(3, 1 << 20).number(3, 1 << 20);
    let sparse = made::covered(&Message::default().message(15, &sparse), &COVER);
    assert!(matches!(read(&sparse), Err(Refused::Claims { .. })));
    let mut graph = Message::default();
    for _ in 0..1000 {
        let attribute = Message::default().message(6, &graph);
        graph = Message::default().message(1, &Message::default().message(5, &attribute));
    }
    assert!(matches!(read(&made::covered(&graph, &COVER)), Err(Refused::Nested { .. })));
    let many =
        (0..20_001).fold(Message::default(), |graph, _| graph.message(12, &Message::default()));
    assert!(matches!(read(&made::covered(&many, &COVER)), Err(Refused::Many { .. })));
    let axes = (0..17).map(|_| Some(1)).collect::<Vec<_>>();
    let flat = made::model(&[], &[], &[made::value("x", F32, &axes)], &[]);
    assert!(matches!(read(&flat), Err(Refused::Many { what: "axes", .. })));
}

#[test]
fn operators_that_the_runtime_lacks_are_named() {
    let node = |op: &str, domain: &str| made::node(op, &[], &[], &[]).text(7, domain);
    let told = |op, domain| {
        let bytes = of(Some(&node(op, domain)), &COVER);
        check(&read(&bytes).unwrap(), None).err().map(|why| why.to_string())
    };
    for (op, domain) in
        [("Conv", ""), ("Conv", "ai.onnx"), ("ZipMap", "ai.onnx.ml"), ("Any", "com.microsoft")]
    {
        assert_eq!(told(op, domain), None, "{op} {domain}");
    }
    assert!(told("Convv", "").unwrap().contains("operator Convv"));
    assert!(told("NMS", "mmdeploy").unwrap().contains("NMS of \"mmdeploy\""));
    let function = Message::default().text(1, "NMS").text(10, "mmdeploy");
    let file = Message(of(Some(&node("NMS", "mmdeploy")), &COVER)).message(25, &function);
    assert_eq!(check(&read(&file.0).unwrap(), None), Ok(()), "the file defines it");
}

#[test]
fn files_that_are_too_new() {
    let cover =
        |ir, opset: &'static [(&'static str, u64)]| Cover { ir, opsets: opset, metadata: &[] };
    let sets: [&'static [(&'static str, u64)]; 4] =
        [&[("", 26)], &[("", 27)], &[("ai.onnx", 28)], &[("", 29)]];
    let node = |op: &str| made::node(op, &["a"], &["b"], &[]);
    #[rustfmt::skip]
    let cases = [
        (13, 0, "Cast",                true,  None),
        (14, 0, "Cast",                false, Some([26, 13])),
        (13, 1, "Conv",                false, Some([26, 13])),
        (14, 2, "Cast",                false, Some([26, 13])),
        (10, 2, "Conv",                false, Some([26, 10])),
        (14, 2, "SwiGLU",              false, None),
        (14, 1, "CausalConvWithState", false, None),
        (14, 2, "SpaceToDepth",        false, None),
        (14, 3, "Conv",                false, None),
        (15, 0, "Conv",                false, None),
    ];
    for (ir, set, op, good, want) in cases {
        let bytes = of(Some(&node(op)), &cover(ir, sets[set]));
        let outline = read(&bytes).unwrap();
        let case = format!("IR {ir}, {:?}, {op}", sets[set]);
        assert_eq!(check(&outline, Some(&limits())).is_ok(), good, "{case}");
        assert_eq!(check(&outline, None), Ok(()), "{case}: of a newer runtime nothing is known");
        assert_eq!(lowered(&outline, &limits()), want, "{case}");
        let Some(versions) = want else { continue };
        let changes = Changes { versions: Some(versions), ..Changes::default() };
        let other = changed(&bytes, &changes).unwrap();
        let other = read(&other).unwrap();
        assert_eq!([other.opset(), other.ir], versions, "{case}");
        assert_eq!(check(&other, Some(&limits())), Ok(()), "{case}");
        assert_eq!(other.operators, outline.operators);
    }
    let six_bits = made::graph(&[], &[made::tensor("w", 27, &[1]).bytes(9, &[0])], &[], &[]);
    let bytes = made::covered(&six_bits, &cover(14, sets[0]));
    assert_eq!(lowered(&read(&bytes).unwrap(), &limits()), None, "a type that IR 14 brought");
    let told = check(&read(&bytes).unwrap(), Some(&limits())).unwrap_err().to_string();
    for word in ["opset 26 and IR 14", "1.31.1", "opset_version=17", "opset=17", "convert_version"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(Limits::of_runtime("1.32.0"), None);
    assert_eq!(Limits::of_runtime("2.0.0"), None);
}

#[test]
fn edges_become_floats_and_nothing_else_changes() {
    let bytes = small();
    let renamed =
        |from: &str, element| Renamed { from: from.into(), to: format!("{from}_f32"), element };
    let changes = Changes {
        versions: None,
        input: Some(renamed("image", Element::U8)),
        outputs: vec![renamed("out", Element::F16)],
    };
    let other = changed(&bytes, &changes).unwrap();
    let (before, after) = (read(&bytes).unwrap(), read(&other).unwrap());
    assert_eq!((after.inputs[0].name, after.outputs[0].name), ("image_f32", "out_f32"));
    for (old, new) in
        [(&before.inputs[0], &after.inputs[0]), (&before.outputs[0], &after.outputs[0])]
    {
        assert_eq!((new.element, &new.shape), (Some(Element::F32), &old.shape));
    }
    assert_eq!(after.nodes, before.nodes + 2);
    assert_eq!((after.weights_bytes, &after.metadata), (before.weights_bytes, &before.metadata));
    assert_eq!(
        changed(&bytes, &Changes::default()).unwrap(),
        bytes,
        "nothing asked, nothing changed"
    );
}

/// Whatever the bytes are, the answer is an outline or a refusal, and so is that of what is made of them.
fn survived(bytes: &[u8]) {
    let Ok(outline) = read(bytes) else { return };
    let _ = check(&outline, Some(&limits()));
    let changes = Changes { versions: lowered(&outline, &limits()), ..Changes::default() };
    let other = changed(bytes, &changes).unwrap();
    assert!(read(&other).is_ok());
}

#[test]
fn every_beginning_and_every_flipped_byte_is_survived() {
    let bytes = small();
    for end in 0..bytes.len() {
        survived(&bytes[..end]);
    }
    let whole = read(&bytes).unwrap();
    let cut = (0..bytes.len()).filter(|end| read(&bytes[..*end]).as_ref() == Ok(&whole)).count();
    assert_eq!(cut, 0, "no beginning is taken for the whole");
    let seed = 20_261_201;
    println!("seed {seed}");
    let mut random = SplitMix64::new(seed);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[at] ^= 1 << bit;
            survived(&other);
        }
    }
    for _ in 0..20_000 {
        let mut other = bytes.clone();
        for _ in 0..=random.draw() % 8 {
            let at = (random.draw() % other.len() as u64) as usize;
            other[at] = random.draw() as u8;
        }
        survived(&other);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survived(&bytes);
        survived(&[&[7 << 3 | 2, 0xff, 0x7f], &bytes[..]].concat());
        survived(&Message::default().bytes(7, &bytes).0);
    }
}
