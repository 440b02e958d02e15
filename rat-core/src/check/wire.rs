//! The report as data, for bindings.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::json;

use super::{CheckReport, CheckedPipeline};

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
        let columns = self.schema.as_ref().map(|schema| {
            let columns = schema.fields().iter().map(|f| json!({"name": f.name(), "type": f.data_type().to_string()}));
            columns.collect::<Vec<_>>()
        });
        let lineage: Vec<_> = self
            .lineage
            .iter()
            .map(|column| {
                let from: Vec<_> = column.from.iter().map(|origin| json!({"table": origin.table, "column": origin.column})).collect();
                json!({"column": column.column, "from": from})
            })
            .collect();
        let mut fields = serializer.serialize_struct("CheckedPipeline", 5)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("sql", &self.compiled.as_ref().map(|compiled| &compiled.sql))?;
        fields.serialize_field("columns", &columns)?;
        fields.serialize_field("lineage", &lineage)?;
        fields.serialize_field("diagnostics", &self.diagnostics)?;
        fields.end()
    }
}
