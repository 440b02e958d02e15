//! `lake.namespaces()`: which there are.

use std::collections::BTreeSet;

use super::Lake;
use crate::error::Result;
use crate::name::is_valid_name;

/// The namespaces of a lake.
#[derive(Debug, Clone, Copy)]
pub struct Namespaces<'a>(pub(super) &'a Lake);

impl Namespaces<'_> {
    /// Every namespace that has a folder or a table, by name; `default` and the lake's own exist by themselves.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`, `CATALOG_UNAVAILABLE`, `CLOSED`.
    pub async fn list(&self) -> Result<Vec<String>> {
        self.0.open_or_closed()?;
        let inner = &self.0.0;
        let mut names = BTreeSet::from(["default".to_owned(), inner.namespace.clone()]);
        names.extend(inner.tables.catalog().namespaces().await?);
        names.extend(inner.files.folders().await?.into_iter().filter(|name| is_valid_name(name)));
        Ok(names.into_iter().collect())
    }
}
