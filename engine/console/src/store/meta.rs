//! What this database is.

use super::error::StoreError;
use super::handle::Store;

impl Store {
    /// What tells this console from others, at a broker for instance; made by `new` when there is none yet.
    ///
    /// # Errors
    /// When it is not kept.
    pub fn instance(&self, new: String) -> Result<String, StoreError> {
        self.write_and_wait(move |db| {
            db.execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('instance', ?)", [new])?;
            let sql = "SELECT value FROM meta WHERE name = 'instance'";
            Ok(db.query_row(sql, [], |row| row.get(0))?)
        })
    }
}
