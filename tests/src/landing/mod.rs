//! Landing zones: what is listed, what is consumed and when, what is moved, whatever happens in between.

mod consumed;
mod cuts;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rat_core::interop::dialect::{ReadCall, ReadFunction};
use rat_core::interop::landing::{Cut, Landing, Request};
use rat_core::interop::storage::Storage;
use rat_core::name::Name;
use serde_json::json;

/// A lake with landing zones, and one table that consumes `orders`.
struct Lake {
    storage: Storage,
    landing: Landing,
    table: Name,
    /// What the published snapshot says under `rat.landing`.
    published: Option<String>,
    _folder: Option<tempfile::TempDir>,
}

/// How far a run gets before its process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    AfterCut,
    AfterStage,
    AfterPublish,
    Never,
}

impl Lake {
    fn memory() -> Self {
        Self::over(Storage::open("memory://", &BTreeMap::new()).unwrap(), None)
    }

    /// On disk, where an etag stays with a file that is moved.
    fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().to_str().unwrap(), &BTreeMap::new()).unwrap();
        Self::over(storage, Some(folder))
    }

    fn over(storage: Storage, folder: Option<tempfile::TempDir>) -> Self {
        let table = Name::parse("bronze.orders", "default").unwrap();
        Self { landing: Landing::new(&storage), storage, table, published: None, _folder: folder }
    }

    async fn put(&self, name: &str, text: &str) {
        self.landing.put("default", "orders", name, Bytes::from(text.to_owned())).await.unwrap();
    }

    async fn cut(&self, archive: bool, rebuild: bool) -> Cut {
        let calls = [call("landing://default/orders")];
        let new_only = BTreeSet::from(["orders".to_owned()]);
        let request = Request {
            table: &self.table,
            calls: &calls,
            new_only: &new_only,
            contract: &[],
            consumed: self.published.as_deref(),
            rebuild,
            archive,
            settle: true,
        };
        self.landing.cut(request).await.unwrap()
    }

    /// What a run does, and the rows it read: published only if it got so far.
    async fn run(&mut self, id: &str, killed: Killed) -> Vec<String> {
        let cut = self.cut(true, false).await;
        let rows = rows(&cut).await;
        if killed == Killed::AfterCut {
            return Vec::new();
        }
        let staged = cut.stage(id).await.unwrap();
        if killed == Killed::AfterStage {
            return Vec::new();
        }
        self.published = staged;
        if killed == Killed::Never {
            cut.archive(id).await.unwrap();
        }
        rows
    }

    async fn paths(&self) -> Vec<String> {
        self.storage
            .list("default/landing/orders")
            .await
            .unwrap()
            .into_iter()
            .map(|e| e.path.replace("default/landing/orders/", ""))
            .collect()
    }
}

fn call(url: &str) -> ReadCall {
    ReadCall { zone_url: url.to_owned(), ..crate::files::call(ReadFunction::Csv, &json!({ "header": true, "all_varchar": true })) }
}

/// The rows that a cut reads, sorted.
async fn rows(cut: &Cut) -> Vec<String> {
    let table = cut.read(&call("landing://default/orders")).unwrap();
    let context = datafusion::prelude::SessionContext::new_with_state(crate::plan::SESSION.state());
    let batches = context.read_table(table).unwrap().collect().await.unwrap();
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            rows.push(arrow::util::display::array_value_to_string(batch.column(0), row).unwrap());
        }
    }
    rows.sort();
    rows
}
