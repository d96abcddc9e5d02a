//! The plans by which searches are made.

use super::matching::{self, Asked, Singles};
use super::open;
use super::queue::{NEWEST_OF_CELL, cells};
use super::summaries::SUMMARIES;
use crate::model::{Filter, Judged, Order, Phase, PlaceId};
use rusqlite::StatementStatus;
use viahe_contract::message::Severity;
use viahe_contract::time::Timestamp;

/// Every filter that there is a way for, with and without each of its parts.
fn filters() -> Vec<Filter> {
    let at = Timestamp::from_secs(1_796_000_000);
    let place: PlaceId = "hue/gate-east/kerb".parse().unwrap();
    let parts: [fn(&mut Filter, Timestamp, &PlaceId); 10] = [
        |filter, _, _| filter.judged = Judged::Not,
        |filter, _, _| filter.phase = Phase::Open,
        |filter, _, _| filter.sites = Some(vec!["hue".into(), "da-nang".into()]),
        |filter, _, _| filter.camera = Some("gate-east".into()),
        |filter, _, _| filter.bounds = "170,-20,-170,20".parse().ok(),
        |filter, _, place| filter.place = Some(place.clone()),
        |filter, _, _| filter.violation = Some("illegal-parking".into()),
        |filter, _, _| filter.severity = Some(Severity::High),
        |filter, _, _| filter.words = Some("01KANWBR".into()),
        |filter, at, _| (filter.from, filter.to) = (Some(at), Some(at)),
    ];
    let mut filters = Vec::new();
    for mask in 0..1_u32 << parts.len() {
        let mut filter = Filter::all();
        for (n, part) in parts.iter().enumerate() {
            if mask >> n & 1 == 1 {
                part(&mut filter, at, &place);
            }
        }
        filters.push(filter);
    }
    filters
}

fn statements(filter: &Filter) -> Vec<Asked> {
    let ids = ["01KANWBR".to_owned(), "01KANWBS".to_owned()];
    let mut all = vec![cells(filter), matching::counted(filter)];
    all.push(matching::by_id(filter, &ids, 10));
    let singles = Singles::of(filter);
    all.extend(singles.iter().map(Singles::last_noted));
    all.extend(singles.iter().filter_map(Singles::last_id));
    for after in [None, Some((1, 1))] {
        let bounds = filter.bounds.into_iter();
        all.extend(bounds.map(|bounds| matching::by_where(filter, bounds, 0, after, 10)));
        for order in [Order::Newest, Order::Severity] {
            all.push(matching::by_cell(filter, order, after, 10));
            let singly = |singles| matching::singly(filter, singles, order, after, 10);
            all.extend(singles.as_ref().map(singly));
        }
        for severity in [None, Some(3)] {
            all.push(matching::by_time(filter, 0, severity, after, 10));
        }
    }
    all
}

#[test]
fn no_search_reads_a_table_from_one_end_to_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let db = open::to_write(&dir.path().join("a.db")).unwrap();
    let filters = filters();
    let mut all: Vec<Asked> = filters.iter().flat_map(statements).collect();
    all.push((NEWEST_OF_CELL.into(), vec![0.into(); 5]));
    for (sql, values) in &all {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(3));
        let plan: Vec<String> = rows.unwrap().collect::<Result<_, _>>().unwrap();
        for step in &plan {
            // Of a virtual table it is a search by its own index; `s` and `subquery` are what one found.
            let scan = step.starts_with("SCAN ")
                && !(step.contains(" VIRTUAL TABLE INDEX ") && step.contains(":M"));
            assert!(
                !scan || step == "SCAN s" || step.starts_with("SCAN (subquery-"),
                "{step}\n{plan:#?}\n{sql}"
            );
        }
        // Nor is the row of an incident read that does not match.
        let covered = |step: &&String| step.contains(" i USING INDEX");
        assert!(plan.iter().find(covered).is_none(), "{plan:#?}\n{sql}");
    }
    assert!(all.len() > 4_000, "{}", all.len());
}

/// A page asks for each of its lines by the same statements.
#[test]
fn no_statement_is_planned_again_for_another_value() {
    let dir = tempfile::tempdir().unwrap();
    let db = open::to_write(&open::file_of(dir.path())).unwrap();
    for sql in [SUMMARIES.as_str(), NEWEST_OF_CELL] {
        let mut statement = db.prepare(sql).unwrap();
        for key in 1..10_i64 {
            let values = std::iter::repeat_n(key, statement.parameter_count());
            let found = statement.exists(rusqlite::params_from_iter(values)).unwrap();
            assert!(!found, "an empty store");
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
    }
}
