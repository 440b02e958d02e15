//! Stored queries, as Iceberg views.

use std::collections::HashMap;
use std::sync::Arc;

use iceberg::spec::{SchemaRef as IcebergSchemaRef, ViewMetadata, ViewRepresentation};

use crate::name::Name;

/// One view as it was when it was loaded. Cheap to clone.
#[derive(Debug, Clone)]
pub struct View {
    name: Name,
    metadata: Arc<ViewMetadata>,
    metadata_location: String,
}

impl View {
    pub(super) fn new(name: Name, metadata: Arc<ViewMetadata>, metadata_location: String) -> Self {
        Self { name, metadata, metadata_location }
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The stored SQL.
    pub fn sql(&self) -> &str {
        let ViewRepresentation::Sql(first) = self
            .metadata
            .current_version()
            .representations()
            .iter()
            .next()
            .expect("Iceberg's crate refuses a view version without representation");
        &first.sql
    }

    /// The columns.
    pub fn iceberg_schema(&self) -> &IcebergSchemaRef {
        self.metadata.current_schema()
    }

    /// Its properties.
    pub fn properties(&self) -> &HashMap<String, String> {
        self.metadata.properties()
    }

    /// What its current version says of how it was made: the `rat.*` facts.
    pub fn summary(&self) -> &HashMap<String, String> {
        self.metadata.current_version().summary()
    }

    /// The absolute URL of its metadata file.
    pub fn metadata_location(&self) -> &str {
        &self.metadata_location
    }

    /// Iceberg's own view of it.
    pub fn metadata(&self) -> &ViewMetadata {
        &self.metadata
    }
}
