//! Errors and diagnostics as data, for reports and bindings: positions from 1, in characters; `drawn` is what `{:#}` shows.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::{Code, Diagnostic, Error, Label, Severity};

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (line, column) = self.source.line_column(self.range.start);
        let (end_line, end_column) = self.source.line_column(self.range.end);
        let mut fields = serializer.serialize_struct("Label", 6)?;
        fields.serialize_field("path", &self.source.path)?;
        fields.serialize_field("line", &line)?;
        fields.serialize_field("column", &column)?;
        fields.serialize_field("end_line", &end_line)?;
        fields.serialize_field("end_column", &end_column)?;
        fields.serialize_field("text", &self.text)?;
        fields.end()
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Diagnostic", 11)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("severity", &self.severity)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("path", &self.path())?;
        fields.serialize_field("line", &self.start().map(|(line, _)| line))?;
        fields.serialize_field("column", &self.start().map(|(_, column)| column))?;
        fields.serialize_field("end_line", &self.end().map(|(line, _)| line))?;
        fields.serialize_field("end_column", &self.end().map(|(_, column)| column))?;
        fields.serialize_field("help", self.help.as_deref().unwrap_or_else(|| self.code.help()))?;
        fields.serialize_field("labels", &self.labels)?;
        fields.serialize_field("drawn", &format!("{self:#}"))?;
        fields.end()
    }
}

/// The field `error`, and before it `ok`: whether there is none.
pub(crate) fn ok_or_error<S: Serializer>(error: &Option<Error>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(Some(2))?;
    fields.serialize_entry("ok", &error.is_none())?;
    fields.serialize_entry("error", error)?;
    fields.end()
}

/// The field `diagnostics`, and before it `ok`: whether none is an error.
pub(crate) fn ok_or_diagnostics<S: Serializer>(diagnostics: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(Some(2))?;
    fields.serialize_entry("ok", &Diagnostic::none_is_error(diagnostics))?;
    fields.serialize_entry("diagnostics", diagnostics)?;
    fields.end()
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Context<'a>(&'a [(&'static str, String)]);
        impl Serialize for Context<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.len()))?;
                for (key, value) in self.0 {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
        let mut fields = serializer.serialize_struct("Error", 8)?;
        fields.serialize_field("kind", self.kind().as_str())?;
        fields.serialize_field("code", &self.code())?;
        fields.serialize_field("message", self.message())?;
        fields.serialize_field("help", self.help())?;
        fields.serialize_field("retryable", &self.is_retryable())?;
        fields.serialize_field("context", &Context(self.context()))?;
        fields.serialize_field("diagnostics", self.diagnostics())?;
        fields.serialize_field("drawn", &format!("{self:#}"))?;
        fields.end()
    }
}
