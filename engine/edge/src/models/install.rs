//! A new package is there whole, or not at all.

use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use viahe_core::id::Name;

/// Files of a package, by name.
#[derive(Clone, Copy, Debug)]
pub struct NewPackage<'p> {
    /// Of its folder.
    pub name: &'p Name,
    /// Name and content of each file.
    pub files: &'p [(&'p str, &'p [u8])],
}

/// A package cannot be installed; nothing is there of it.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It was there before.
    #[error("{folder} is there already; take another name with --name", folder = .folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// What the system says.
    #[error("{path}: {source}; check that there is room and that you may write there, or name another folder with --into", path = .path.display())]
    Write {
        /// The folder of models.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a package into a folder of models, under a name that is no model's until all is on the disk.
///
/// # Errors
/// [`InstallError`]; nothing is left then.
pub fn install(models: &Path, package: NewPackage<'_>) -> Result<PathBuf, InstallError> {
    let folder = models.join(package.name.as_str());
    let failed = |source| InstallError::Write { path: models.to_owned(), source };
    if folder.exists() {
        return Err(InstallError::Exists { folder });
    }
    let staged = models.join(format!(".{}.{}.adding", package.name, std::process::id()));
    let written = write(&staged, package.files).and_then(|()| {
        renameat_with(CWD, &staged, CWD, &folder, RenameFlags::NOREPLACE)?;
        File::open(models)?.sync_all()
    });
    match written {
        Ok(()) => Ok(folder),
        Err(source) => {
            // It may not even be there; the first error is the one to tell.
            let _ = fs::remove_dir_all(&staged);
            match source.kind() {
                io::ErrorKind::AlreadyExists => Err(InstallError::Exists { folder }),
                _ => Err(failed(source)),
            }
        }
    }
}

fn write(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    fs::create_dir(folder)?;
    for (name, content) in files {
        let mut file = File::create_new(folder.join(name))?;
        file.write_all(content)?;
        file.sync_all()?;
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let name = Name::try_from("tiny").unwrap();
        let left = || {
            let mut left: Vec<_> =
                fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            left.sort();
            left
        };
        let broken = [("model.toml", &b"x"[..]), ("no/such/folder", b"y")];
        let told = install(dir.path(), NewPackage { name: &name, files: &broken }).unwrap_err();
        assert!(matches!(told, InstallError::Write { .. }), "{told}");
        assert!(left().is_empty(), "{:?}", left());

        let files = [("model.toml", &b"x"[..]), ("tiny.onnx", b"y")];
        let folder = install(dir.path(), NewPackage { name: &name, files: &files }).unwrap();
        assert_eq!(fs::read(folder.join("tiny.onnx")).unwrap(), b"y");
        let told = install(dir.path(), NewPackage { name: &name, files: &broken }).unwrap_err();
        assert!(matches!(told, InstallError::Exists { .. }), "{told}");
        assert_eq!(fs::read(folder.join("model.toml")).unwrap(), b"x", "as it was");
        assert_eq!(left(), ["tiny"]);
        let nowhere = dir.path().join("none");
        let told = install(&nowhere, NewPackage { name: &name, files: &files }).unwrap_err();
        assert!(told.to_string().contains("--into"), "{told}");
    }
}
