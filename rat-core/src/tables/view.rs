//! Stored queries, as Iceberg views.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use iceberg::NamespaceIdent;
use iceberg::spec::{
    SchemaRef as IcebergSchemaRef, SqlViewRepresentation, ViewFormatVersion, ViewMetadata, ViewMetadataBuilder, ViewRepresentation,
    ViewRepresentations, ViewVersion,
};

use crate::error::{Code, Error, Result};
use crate::name::Name;

use super::catalog::{EntryKind, Pointer, PointerChange};
use super::handle::{Relation, Tables};
use super::litter::Litter;
use super::schema::{arrow_schema, fresh_schema};
use super::table::Table;

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

    /// The columns as Arrow fields.
    ///
    /// # Errors
    /// `UNSUPPORTED_FORMAT` when a column has a type that Arrow has not.
    pub fn schema(&self) -> Result<SchemaRef> {
        arrow_schema(self.iceberg_schema()).map(Arc::new).map_err(|e| {
            Error::new(Code::UnsupportedFormat, format!("a column of `{}` has a type that rat cannot read", self.name)).with_source(e)
        })
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

    /// The absolute URL of its folder.
    pub fn location(&self) -> &str {
        self.metadata.location()
    }

    /// Iceberg's own view of it.
    pub fn metadata(&self) -> &ViewMetadata {
        &self.metadata
    }
}

/// A view to store.
#[derive(Debug, Clone)]
pub struct NewView {
    /// The SQL, with full table names.
    pub sql: String,
    /// The columns of its result.
    pub schema: SchemaRef,
    /// The tables and views it reads.
    pub depends_on: Vec<Name>,
    /// Facts of the version: the `rat.*` facts of the run.
    pub summary: BTreeMap<String, String>,
}

/// The property that keeps what a view replaced: switching back finds the table and its rows again.
pub(super) const REPLACED: &str = "rat.replaced-table";
const DEPENDS_ON: &str = "rat.depends-on";

impl View {
    /// The tables and views it reads, as they were stored; those with names that a lake cannot have are left out.
    pub fn depends_on(&self) -> Vec<Name> {
        let names = self.properties().get(DEPENDS_ON).map(String::as_str).unwrap_or_default();
        names.split(',').filter_map(|name| Name::parse(name, &self.name.namespace).ok()).collect()
    }

    /// The metadata file of the table that this view stands in the place of.
    pub fn replaced_table(&self) -> Option<&str> {
        self.properties().get(REPLACED).map(String::as_str)
    }
}

/// A view that is ready to be published. Dropped, it is forgotten.
#[derive(Debug)]
pub struct StagedView {
    name: Name,
    base: Option<Pointer>,
    metadata: Arc<ViewMetadata>,
    location: Option<String>,
    litter: Litter,
}

impl Tables {
    /// Makes a view, or a new version of one, which nobody sees yet. A table of that name is replaced and remembered by the view, its files
    /// stay: see [`shelved`](Self::shelved).
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE` and `DUPLICATE_COLUMN` for columns that a view cannot have, and as [`find`](Self::find).
    pub async fn stage_view(&self, name: &Name, new: &NewView) -> Result<StagedView> {
        let before = self.find(name).await?;
        let schema = fresh_schema(&new.schema, &[])?;
        let namespace = NamespaceIdent::from_strs([name.namespace.as_str(), name.layer.as_str()]).map_err(unusable)?;
        let depends_on: Vec<String> = new.depends_on.iter().map(Name::to_string).collect();
        let mut properties = HashMap::from([(DEPENDS_ON.to_owned(), depends_on.join(","))]);
        let representation = ViewRepresentation::Sql(SqlViewRepresentation { sql: new.sql.clone(), dialect: DIALECT.to_owned() });
        // The list has no constructor; it reads itself from what it writes.
        let representations: ViewRepresentations = serde_json::to_value([representation])
            .and_then(serde_json::from_value)
            .map_err(|e| Error::new(Code::Internal, "a view could not be described").with_source(e))?;
        let time = self.clock().now().timestamp_millis();
        let version = |id: i32| {
            ViewVersion::builder()
                .with_version_id(id)
                .with_schema_id(schema.schema_id())
                .with_timestamp_ms(time)
                .with_default_namespace(namespace.clone())
                .with_representations(representations.clone())
                .with_summary(new.summary.clone().into_iter().collect())
                .build()
        };
        let (base, builder) = match before {
            Some(Relation::View(view)) => {
                let last = view.metadata.versions().map(|version| version.version_id()).max().unwrap_or(0);
                let builder = view.metadata.as_ref().clone().into_builder();
                let builder = builder.set_current_version(version(last + 1), schema.clone()).and_then(|b| b.set_properties(properties));
                (Some(Pointer { kind: EntryKind::View, metadata_location: view.metadata_location }), builder)
            }
            other => {
                let base = match other {
                    Some(Relation::Table(table)) => {
                        let location = table.metadata_location().unwrap_or_default().to_owned();
                        properties.insert(REPLACED.to_owned(), location.clone());
                        Some(Pointer { kind: EntryKind::Table, metadata_location: location })
                    }
                    _ => None,
                };
                let folder = self.storage().absolute(&format!("{}/{}/{}", name.namespace, name.layer, name.name));
                let builder = ViewMetadataBuilder::new(folder, schema.clone(), version(1), ViewFormatVersion::V1, properties);
                (base, builder.map(|b| b.assign_uuid(self.ids().next())))
            }
        };
        let metadata = builder.and_then(ViewMetadataBuilder::build).map_err(unusable)?.metadata;
        Ok(StagedView { name: name.clone(), base, metadata: Arc::new(metadata), location: None, litter: Litter::new(self.storage()) })
    }

    /// The table that a view stands in the place of, with its rows: the base for switching back.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn shelved(&self, view: &View) -> Result<Option<Table>> {
        let Some(location) = view.replaced_table() else { return Ok(None) };
        let metadata = self.files().table_metadata(location).await?;
        Ok(Some(Table::new(view.name.clone(), Arc::clone(self.files()), metadata, Some(location.to_owned()))))
    }
}

/// The dialect of stored SQL: ours is DuckDB's.
const DIALECT: &str = "duckdb";

fn unusable(error: iceberg::Error) -> Error {
    Error::new(Code::InvalidArgument, format!("this cannot be a view: {}", error.message())).with_source(error)
}

impl StagedView {
    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The view as it would be published.
    pub fn view(&self) -> View {
        View::new(self.name.clone(), Arc::clone(&self.metadata), self.location.clone().unwrap_or_default())
    }

    pub(super) fn base_pointer(&self) -> Option<Pointer> {
        self.base.clone()
    }

    pub(super) async fn write(&mut self, tables: &Tables, paths: &mut Vec<String>) -> Result<PointerChange> {
        let location = match &self.location {
            Some(location) => location.clone(),
            None => {
                let version = self.metadata.current_version_id();
                let location = format!("{}/metadata/{version:05}-{}.metadata.json", self.metadata.location(), tables.ids().next());
                let bytes = serde_json::to_vec(self.metadata.as_ref())
                    .map_err(|e| Error::new(Code::Internal, "view metadata could not be written").with_source(e))?;
                self.litter.add(location.clone());
                tables.storage().write(&location, bytes).await?;
                paths.push(location.clone());
                self.location.insert(location).clone()
            }
        };
        let to = Some(Pointer { kind: EntryKind::View, metadata_location: location });
        Ok(PointerChange { name: self.name.clone(), from: self.base.clone(), to })
    }

    pub(super) fn done(self) -> Option<View> {
        let view = self.view();
        let written = self.location.is_some();
        self.litter.keep();
        written.then_some(view)
    }

    pub(super) fn keep(self) {
        self.litter.keep();
    }

    /// Forgets it and deletes its file.
    pub async fn discard(self) {
        self.litter.clear().await;
    }
}
