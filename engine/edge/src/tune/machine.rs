//! What a measurement depends on, of this machine.

use crate::bounded::read_text;
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use viahe_contract::sha256::Sha256;

/// Longest `/proc/cpuinfo`: some hundred cores, 2 kB each.
const CPUINFO_BYTES_MAX: u64 = 8 << 20;

/// Cores that this process may use: those that affinity and control groups leave it.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// How much the kernel would rather end this process than others when memory runs out; 1000 is most.
const OOM_SCORE: &str = "/proc/self/oom_score_adj";

/// From now on this thread, and those that it starts, get what nobody else wants of the processor, and this
/// process is the first to be ended when memory runs out.
pub fn give_way() {
    if let Err(error) = rustix::process::nice(19) {
        tracing::warn!(%error, "this goes on at the usual priority");
    }
    if let Err(error) = fs::write(OOM_SCORE, "1000") {
        tracing::warn!(%error, "when memory runs out others may be ended before this");
    }
}

/// The processor, as the kernel names it.
pub(super) fn cpu() -> String {
    cpu_of(&read_text(Path::new("/proc/cpuinfo"), CPUINFO_BYTES_MAX).unwrap_or_default())
}

/// Where it has no name, as on ARM, it has numbers; a box may have cores of several kinds.
fn cpu_of(cpuinfo: &str) -> String {
    let fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let of = |wanted: &[&str]| -> Vec<String> {
        let found = fields.clone().filter(|(key, _)| wanted.contains(&key.trim()));
        let kinds: BTreeSet<String> = found.map(|(_, value)| value.trim().to_owned()).collect();
        kinds.into_iter().collect()
    };
    let names = of(&["model name"]);
    let names =
        if names.is_empty() { of(&["CPU implementer", "CPU part", "CPU variant"]) } else { names };
    if names.is_empty() { std::env::consts::ARCH.to_owned() } else { names.join(" ") }
}

/// The hash of a file of any size.
pub(super) fn sha256(path: &Path) -> io::Result<Sha256> {
    let mut file = File::open(path)?;
    let (mut hash, mut part) = (sha2::Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(Sha256::from_bytes(hash.finalize().into())),
            n => hash.update(&part[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_processor_has_its_name_or_its_numbers() {
        let amd = "processor\t: 0\nmodel name\t: AMD EPYC 7763\n\nprocessor\t: 1\nmodel name\t: AMD EPYC 7763\n";
        assert_eq!(cpu_of(amd), "AMD EPYC 7763");
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd05\n\n\
                   processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n";
        assert_eq!(cpu_of(arm), "0x41 0xd05 0xd0b");
        assert_eq!(cpu_of(""), std::env::consts::ARCH);
        assert!(!cpu().is_empty() && cores() >= 1);
    }

    #[test]
    fn who_gives_way_is_the_first_to_be_ended() {
        let before = fs::read_to_string(OOM_SCORE).unwrap();
        // The priority is that of a thread.
        std::thread::spawn(give_way).join().unwrap();
        let then = fs::read_to_string(OOM_SCORE).unwrap();
        fs::write(OOM_SCORE, before).unwrap();
        assert_eq!(then.trim(), "1000");
    }

    #[test]
    fn a_file_is_hashed_in_parts() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes = vec![7; (64 << 10) * 2 + 5];
        std::fs::write(file.path(), &bytes).unwrap();
        let whole = Sha256::from_bytes(sha2::Sha256::digest(&bytes).into());
        assert_eq!(sha256(file.path()).unwrap(), whole);
    }
}
