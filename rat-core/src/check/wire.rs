//! The report as data, for bindings.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{CheckReport, CheckedPipeline};
use crate::plan::columns;

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("CheckReport", 3)?;
        fields.serialize_field("ok", &self.ok)?;
        fields.serialize_field("diagnostics", &self.diagnostics)?;
        fields.serialize_field("pipelines", &self.pipelines.values().map(|pipeline| &**pipeline).collect::<Vec<_>>())?;
        fields.end()
    }
}

impl Serialize for CheckedPipeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.schema.as_ref().map(|schema| columns(schema));
        let mut fields = serializer.serialize_struct("CheckedPipeline", 5)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("sql", &self.compiled.as_ref().map(|compiled| &compiled.sql))?;
        fields.serialize_field("columns", &columns)?;
        fields.serialize_field("lineage", &*self.lineage)?;
        fields.serialize_field("diagnostics", &self.diagnostics)?;
        fields.end()
    }
}
