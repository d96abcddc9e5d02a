//! What is counted is found by an index: nothing of it reads all incidents. (Statements that name their index fail where
//! it does not serve.)

use super::{grades, open, showing};
use rusqlite::Connection;

/// How SQLite goes about a statement.
fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let values = vec![rusqlite::types::Value::Null; statement.parameter_count()];
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn figures_are_read_by_an_index() {
    let dir = tempfile::tempdir().unwrap();
    let db = open::to_write(&open::file_of(dir.path())).unwrap();
    let sites = ["hue".to_owned(), "da-nang".to_owned()];
    let (cameras, hours) = grades::statements(None);
    let (cameras_of, hours_of) = grades::statements(Some(&sites));
    let wanted = [
        (showing::COUNTS, "showing USING PRIMARY KEY (site=? AND window>? AND window<?)"),
        (showing::STRETCHES, "stretch USING INDEX stretch_until (until>?)"),
        (grades::TITLE, "incident USING INDEX incident_rule (site=? AND rule=?)"),
        (
            grades::DISMISSED,
            "i USING INDEX incident_rule (site=? AND rule=? AND judgement=? AND opened>?)",
        ),
        (&cameras, "grade_camera USING PRIMARY KEY (day>? AND day<?)"),
        (&hours, "grade_hour USING PRIMARY KEY (day>? AND day<?)"),
        (&cameras_of, "grade_camera USING PRIMARY KEY (day>? AND day<?)"),
        (&hours_of, "grade_hour USING PRIMARY KEY (day>? AND day<?)"),
    ];
    for (sql, want) in wanted {
        let plan = plan(&db, sql);
        assert!(plan.iter().any(|step| step == &format!("SEARCH {want}")), "{sql}: {plan:#?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{sql}: {plan:#?}");
    }
}
