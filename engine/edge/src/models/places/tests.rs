use super::*;

fn write(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

fn around(here: &Path, variables: &[(&str, &Path)]) -> Surroundings {
    let variable = |(name, value): &(&str, &Path)| ((*name).to_owned(), value.into());
    let variables = variables.iter().map(variable).collect();
    Surroundings { variables, here: Some(here.to_owned()), ..Surroundings::default() }
}

fn at(here: &Path) -> Locations {
    Locations::from_surroundings(&around(here, &[])).unwrap()
}

const IN_DEPS: &str = ".deps/onnxruntime/lib/libonnxruntime.so";

#[test]
fn the_environment_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let near = dir.path().join("near");
    for place in [&near, dir.path()] {
        write(&place.join(IN_DEPS));
    }
    assert_eq!(at(&near).onnxruntime().unwrap(), near.join(IN_DEPS));
    let set = |name: &str, value: &Path| {
        let around = around(&near, &[(name, value)]);
        Locations::from_surroundings(&around).unwrap().onnxruntime().unwrap()
    };
    assert_eq!(set("VIAHE_DEPS", &dir.path().join(".deps")), dir.path().join(IN_DEPS));
    // What was set is taken at its word, so that a wrong path is an error and not passed over.
    assert_eq!(set("ORT_DYLIB_PATH", Path::new("/no/such")), Path::new("/no/such"));
}

#[test]
fn a_variable_that_leads_nowhere_is_told_and_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let (empty, file) = (dir.path().join("empty"), dir.path().join("file"));
    write(&dir.path().join(IN_DEPS));
    write(&file);
    fs::create_dir(&empty).unwrap();
    for name in ["VIAHE_DEPS", "VIAHE_MODELS", "VIAHE_CATALOGUE", "VIAHE_CALENDAR"] {
        for (path, what) in [
            (Path::new("/no/such"), "no such folder"),
            (&file, "not a folder"),
            (&empty, "holds n"),
        ] {
            let told = Locations::from_surroundings(&around(dir.path(), &[(name, path)]));
            let told = told.unwrap_err().to_string();
            assert!(told.contains(name) && told.contains(what), "{told}");
            assert!(told.contains(path.to_str().unwrap()) && told.contains("unset"), "{told}");
        }
    }
    // One good folder does not excuse a wrong one beside it.
    let both = format!("{}:/no/such", dir.path().join(".deps").display());
    let told = Locations::from_surroundings(&around(dir.path(), &[("VIAHE_DEPS", both.as_ref())]));
    assert!(told.unwrap_err().to_string().contains("/no/such"));
}

/// Where the parts lie, from the prefix, and the program's folder there.
#[test]
fn an_installed_program_finds_its_parts() {
    for (program, prefix) in [("opt/bin", "opt"), ("opt", "opt"), ("home/bin", "usr")] {
        for (library, share) in [
            ("lib/viahe/onnxruntime/lib/libonnxruntime.so", "share/viahe"),
            ("lib/viahe/libonnxruntime.so", "share/viahe"),
            ("lib/libonnxruntime.so", "share/viahe/pipelines"),
            ("lib/x86_64-linux-gnu/libonnxruntime.so", "share/viahe"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let prefix = dir.path().join(prefix);
            write(&prefix.join(library));
            write(&prefix.join("share/viahe/models/tiny/model.toml"));
            write(&prefix.join(share).join("catalogue/crowding.toml"));
            write(&prefix.join(share).join("calendar/vietnam.toml"));
            write(&prefix.join("share/viahe/clips/vtest.mp4"));
            write(&prefix.join("share/viahe/pipelines/demo.toml"));
            let found = Locations::from_surroundings(&Surroundings {
                program: Some(dir.path().join(program)),
                prefixes: vec![dir.path().join("usr/local"), dir.path().join("usr")],
                ..Surroundings::default()
            });
            let found = found.unwrap();
            assert_eq!(found.onnxruntime().unwrap(), prefix.join(library));
            assert_eq!(found.installed(), ["tiny"]);
            assert_eq!(found.catalogue_dirs, [prefix.join(share).join("catalogue")]);
            assert_eq!(found.calendar_dirs, [prefix.join(share).join("calendar")]);
            assert!(found.clip().is_ok() && found.demo().is_ok());
        }
    }
}

#[test]
fn parts_beside_the_program_come_before_those_of_the_system() {
    let dir = tempfile::tempdir().unwrap();
    let (program, system) = (dir.path().join("bundle"), dir.path().join("usr"));
    for library in [program.join(LIBRARY_FILE), system.join("lib").join(LIBRARY_FILE)] {
        write(&library);
    }
    write(&program.join("models/tiny/model.toml"));
    let program = Some(program);
    let found = Surroundings { program, prefixes: vec![system], ..Surroundings::default() };
    let found = Locations::from_surroundings(&found).unwrap();
    assert_eq!(found.onnxruntime().unwrap(), dir.path().join("bundle").join(LIBRARY_FILE));
    assert_eq!(found.installed(), ["tiny"]);
}

#[test]
fn code_from_a_folder_that_anybody_may_write_to_is_passed_over_and_told() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join(IN_DEPS));
    let inside = dir.path().join("work");
    fs::create_dir(&inside).unwrap();
    assert!(at(&inside).onnxruntime().is_ok());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let told = at(&inside).onnxruntime().unwrap_err().to_string();
    assert!(told.contains(".deps: anybody may write there"), "{told}");
}

#[test]
fn what_is_not_found_lists_every_place() {
    let around = Surroundings {
        here: Some("/no/such/street".into()),
        program: Some("/no/such/bin".into()),
        prefixes: SYSTEM_PREFIXES.map(|p| Path::new("/no/such").join(&p[1..])).into(),
        ..Surroundings::default()
    };
    let found = Locations::from_surroundings(&around).unwrap();
    let told = found.onnxruntime().unwrap_err().to_string();
    for place in [
        "make setup",
        "ORT_DYLIB_PATH",
        "VIAHE_DEPS (not set)",
        ".deps or lib/viahe in /no/such/street and the folders above it",
        "/no/such/bin",
        "/no/such/lib/viahe",
        "/no/such/usr/local/lib/viahe",
        "/no/such/usr/lib/x86_64-linux-gnu",
    ] {
        assert!(told.contains(place), "{place} is not in: {told}");
    }
    let name = viahe_core::id::Name::try_from("tiny").unwrap();
    let told = found.describe(&name).unwrap_err().to_string();
    for place in
        ["VIAHE_MODELS (not set)", "/no/such/bin/models", "/no/such/usr/share/viahe/models"]
    {
        assert!(told.contains(place), "{place} is not in: {told}");
    }
}
