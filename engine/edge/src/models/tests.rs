use super::*;
use viahe_testing::model::TINY;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn at(start: &Path) -> Locations {
    let here = Some(start.to_owned());
    Locations::from_surroundings(&Surroundings { here, ..Surroundings::default() }).unwrap()
}

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

#[test]
fn a_package_from_unknown_to_complete() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("site/pipelines");
    fs::create_dir_all(&deep).unwrap();
    let err = at(&deep).load_package(&name("tiny")).unwrap_err().to_string();
    assert!(err.contains("\"tiny\" is not installed; installed: none"), "{err}");

    write(&dir.path().join("models/tiny/model.toml"), TINY);
    write(&dir.path().join("models/README.md"), "no package");
    let err = at(&deep).load_package(&name("other")).unwrap_err().to_string();
    assert!(err.contains("installed: tiny"), "{err}");
    let err = at(&deep).load_package(&name("tiny")).unwrap_err().to_string();
    assert!(err.contains("\"tiny.onnx\" are missing; run: make tiny"), "{err}");

    let in_deps = dir.path().join(".deps/models/tiny/tiny.onnx");
    write(&in_deps, "weights");
    assert_eq!(at(&deep).load_package(&name("tiny")).unwrap().weights, in_deps);
    let beside = dir.path().join("models/tiny/tiny.onnx");
    write(&beside, "weights");
    assert_eq!(at(&deep).load_package(&name("tiny")).unwrap().weights, beside);
}

#[test]
fn a_bad_description_names_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("models/tiny/model.toml");
    write(&file, &TINY.replace("iou = 0.5", "iou = 2"));
    let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
    assert!(err.starts_with(&format!("{}:25: nms.iou", file.display())), "{err}");

    write(&file, &TINY.replace("\"tiny\"", "\"tinier\""));
    let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
    assert!(err.contains("name is tinier, but the folder is \"tiny\""), "{err}");

    fs::write(&file, [0xff, 0xfe]).unwrap();
    let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
    assert!(err.contains("UTF-8"), "{err}");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let err = at(dir.path()).load_package(&name("tiny")).unwrap_err().to_string();
    assert!(err.contains("not a regular file"), "{err}");
}

#[test]
fn weights_in_another_precision_are_used_where_they_are_there_and_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let sha256 = "5".repeat(64);
    let of = |precision, file| {
        format!(
            "[[variant]]\nprecision = \"{precision}\"\nfile = \"{file}\"\nsha256 = \"{sha256}\"\n"
        )
    };
    let folder = dir.path().join("models/tiny");
    let description = [TINY, &of("int8", "int8.onnx"), &of("fp16", "fp16.onnx")].join("\n");
    write(&folder.join("model.toml"), &description);
    write(&folder.join("tiny.onnx"), "weights");
    write(&folder.join("int8.onnx"), "fewer weights");
    write(&dir.path().join(".deps/onnxruntime/lib/libonnxruntime.so"), "library");
    let installed = at(dir.path()).installed_for([&name("tiny")], Provider::Cpu).unwrap();
    let there: Vec<Precision> = installed.variants[&name("tiny")].keys().copied().collect();
    assert_eq!(there, [Precision::Int8], "fp16 is not there");
    for (wanted, file, precision) in [
        (Some(Precision::Int8), "int8.onnx", Precision::Int8),
        (Some(Precision::Fp16), "tiny.onnx", Precision::Fp32),
        (Some(Precision::Fp32), "tiny.onnx", Precision::Fp32),
        (None, "tiny.onnx", Precision::Fp32),
    ] {
        let wanted = wanted.map(|of| (name("tiny"), of)).into_iter().collect();
        let files = &installed.in_precisions(&wanted)[&name("tiny")];
        assert_eq!(files.weights, folder.join(file));
        let Package { model, .. } = Package::read(&name("tiny"), files, &[]).unwrap();
        assert_eq!((model.precision, model.file.as_str()), (precision, file));
        assert_eq!(model.sha256.to_string() == sha256, precision == Precision::Int8);
    }
}

#[test]
fn a_library_for_other_hardware_is_used_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let of = |folder: &str| dir.path().join(format!(".deps/{folder}/lib/libonnxruntime.so"));
    let (usual, special) = (of("onnxruntime"), of("onnxruntime-openvino"));
    write(&usual, "library");
    let library = |provider| at(dir.path()).onnxruntime_for(provider).unwrap();
    assert_eq!(library(Provider::Openvino), usual, "there is no other");
    write(&special, "library");
    assert_eq!(library(Provider::Openvino), special);
    assert_eq!([Provider::Cpu, Provider::Cuda].map(library), [usual.clone(), usual]);
    let named = dir.path().join("named.so");
    let around = Surroundings {
        variables: vec![("ORT_DYLIB_PATH".to_owned(), named.clone().into())],
        here: Some(dir.path().to_owned()),
        ..Surroundings::default()
    };
    let locations = Locations::from_surroundings(&around).unwrap();
    assert_eq!(locations.onnxruntime_for(Provider::Openvino).unwrap(), named, "it was named");
}
