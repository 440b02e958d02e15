//! The first rows of a zone, for somebody who wants to see what landed.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use futures::TryStreamExt;
use futures::future::BoxFuture;

use super::Landing;
use crate::dialect::{ReadCall, ReadFunction};
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::files::zone::Listing;
use crate::session::Session;
use crate::storage::Entry;

impl Landing {
    /// The first rows of a zone, read as its first file's ending says: of `_samples/` where there are any, else of the zone's files. Nothing
    /// is consumed.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, `EMPTY_ZONE`, `MALFORMED_FILE`, `INVALID_ARGUMENT` when the ending is of no format that is read, storage codes.
    #[inline(never)]
    pub fn rows<'a>(
        &'a self,
        session: &'a Session,
        namespace: &'a str,
        zone: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<(SchemaRef, Vec<RecordBatch>)>> {
        Box::pin(async move {
            let listing = self.listing(namespace, zone).await?;
            let Some(first) = first(&listing) else {
                return Err(Error::new(Code::EmptyZone, format!("the landing zone `{zone}` holds no file")));
            };
            let Some(function) = function(&first.path) else {
                let file = first.path.rsplit('/').next().unwrap_or_default();
                return Err(Error::new(Code::InvalidArgument, format!("the ending of `{file}` does not say how it is read"))
                    .with_help("name files `.csv`, `.tsv`, `.json`, `.ndjson` or `.parquet`"));
            };
            let call = ReadCall {
                function,
                zone_url: format!("landing://{namespace}/{zone}"),
                options: Vec::new(),
                alias_table: zone.to_owned(),
                range: 0..0,
            };
            let files = self.preview(&call, &[]).await?.map_err(|problems| {
                let problem = problems.into_iter().next().expect("who refuses says why");
                let error = Error::new(problem.code, problem.message);
                match problem.help {
                    Some(help) => error.with_help(help),
                    None => error,
                }
            })?;
            let plan = LogicalPlanBuilder::scan(zone, provider_as_source(files), None)
                .and_then(|plan| plan.limit(0, Some(limit)))
                .and_then(LogicalPlanBuilder::build)
                .map_err(execute::error)?;
            let rows = execute::stream(session, plan).await?;
            let schema = rows.schema();
            Ok((schema, rows.try_collect().await.map_err(execute::error)?))
        })
    }
}

fn first(listing: &Listing) -> Option<&Entry> {
    listing.samples.first().or(listing.files.first())
}

/// How a file of that name is read.
fn function(path: &str) -> Option<ReadFunction> {
    let lower = path.to_ascii_lowercase();
    let plain = [".gz", ".zst"].iter().find_map(|packed| lower.strip_suffix(packed)).unwrap_or(&lower);
    match plain.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Some(ReadFunction::Csv),
        "parquet" => Some(ReadFunction::Parquet),
        "json" => Some(ReadFunction::Json),
        "ndjson" | "jsonl" => Some(ReadFunction::Ndjson),
        _ => None,
    }
}
