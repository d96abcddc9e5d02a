//! The page that operators see, as the set-up built it: files in the program.

/// A file of the page.
#[derive(Debug)]
pub struct File {
    /// Below the address of the console.
    path: &'static str,
    /// As HTTP wants it, in quotes: another one for other bytes.
    pub tag: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// By gzip.
    packed: &'static [u8],
}

/// Empty in a build without the set-up.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));
/// What every path of the page's own leads to.
const FIRST: &str = "/index.html";
/// Names in here hold the hash of what they name.
const LASTING: &str = "/assets/";

/// What a build without the page says.
pub const MISSING: &str =
    "This build of viahe has no page: run `make setup` in its sources and build it again.\n";

/// The file at a path: itself, or the page for a path without a dot, which is one of the page's own.
pub fn find(path: &str) -> Option<&'static File> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let wanted = if name.contains('.') { path } else { FIRST };
    FILES.iter().find(|file| file.path == wanted)
}

/// Has this build a page?
pub fn is_built() -> bool {
    !FILES.is_empty()
}

impl File {
    /// What kind of file it is.
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            Some("woff2") => "font/woff2",
            _ => "application/octet-stream",
        }
    }

    /// Compressed, where that makes it smaller by a tenth: fonts are compressed already.
    pub fn packed(&self) -> Option<&'static [u8]> {
        (self.packed.len() < self.plain.len() - self.plain.len() / 10).then_some(self.packed)
    }

    /// Never another one under this path.
    pub fn lasts(&self) -> bool {
        self.path.starts_with(LASTING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_testing::machine::skipped;

    /// Compressed script of the first page at most.
    const SCRIPT_BYTES_MAX: usize = 200_000;

    #[test]
    fn the_first_page_has_little_script_and_nothing_inline() {
        let Some(first) = find("/") else { return skipped("this build has no page") };
        let text = std::str::from_utf8(first.plain).unwrap();
        let named = text.split('"').filter(|part| part.starts_with(LASTING));
        let files = named.map(|path| find(path).unwrap());
        let scripts: Vec<_> = files.filter(|file| file.media_type() == "text/javascript").collect();
        assert!(!scripts.is_empty(), "{text}");
        let bytes: usize = scripts.iter().map(|script| script.packed().unwrap().len()).sum();
        println!("{bytes} B of script");
        assert!(bytes < SCRIPT_BYTES_MAX, "{bytes} B of script");
        assert!(!text.contains("<style") && !text.contains("style="), "{text}");
        assert!(
            text.matches("<script").count() == text.matches("src=\"/assets/").count(),
            "{text}"
        );
    }

    #[test]
    fn own_paths_lead_to_the_page_and_files_to_themselves() {
        let Some(first) = find("/") else { return skipped("this build has no page") };
        assert!(!first.lasts());
        assert_eq!(find("/some/where").map(|file| file.tag), Some(first.tag));
        assert_eq!(find("/icon.svg").map(File::media_type), Some("image/svg+xml"));
        for absent in ["/assets/no.js", "/../Cargo.toml", "/.viahe-sources"] {
            assert!(find(absent).is_none(), "{absent}");
        }
    }
}
