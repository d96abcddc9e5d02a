//! What a commit costs here; printed, for the record in `docs/adr/0006-delivery.md`.

use super::support::{commit_all, row};
use viahe_core::engine::Saved;
use viahe_edge::clock;
use viahe_edge::store::{Outbox, Store};

#[test]
fn grouping_rows_shares_the_sync() {
    // Beside the binary: a real disk, where the system's temporary folder may be memory.
    let beside = std::env::current_exe().unwrap();
    let dir = tempfile::tempdir_in(beside.parent().unwrap()).unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    for (group, commits) in [(1, 200), (20, 100)] {
        let start = clock::monotonic();
        for n in 0..commits {
            let first = 100_000 * group + n * group;
            let rows: Vec<_> = (first..first + group).map(row).collect();
            store.commit(&rows, Some(&Saved::whole("state").into())).unwrap();
        }
        let secs = start.elapsed().as_secs_f64();
        let (commits, rows) = (f64::from(commits) / secs, f64::from(commits * group) / secs);
        println!("groups of {group}: {commits:.0} commits/s, {rows:.0} rows/s, each on disk");
    }
    commit_all(&mut store, &(0..4_000).map(row).collect::<Vec<_>>());
    let mut outbox = Outbox::open(dir.path()).unwrap();
    let rows: Vec<i64> = outbox.pending(usize::MAX, 0).unwrap().iter().map(|r| r.row).collect();
    let start = clock::monotonic();
    for row in &rows {
        assert_eq!(outbox.acknowledge(&[*row]).unwrap(), 1);
    }
    let secs = start.elapsed().as_secs_f64();
    println!("deleted one by one: {:.0} rows/s", rows.len() as f64 / secs);
    assert_eq!(store.depth().unwrap().rows, 0);
}
