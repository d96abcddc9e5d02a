//! Files of the repository.

use std::fs;
use viahe_testing::machine::root;

/// Not ours, or made.
const NOT_READ: [&str; 3] = ["target", "runs", "node_modules"];

/// Files below `folder` whose names end in `ending`, as paths from the root.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
    let (root, mut found) = (root(), Vec::new());
    let mut todo = vec![root.join(folder)];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !NOT_READ.contains(&name.as_str()) {
                todo.push(path);
            } else if name.ends_with(ending) {
                found.push(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// What is in it.
pub(crate) fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}
