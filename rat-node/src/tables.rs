//! `lake.tables`.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;

use crate::arguments::text;
use crate::bridge::Call;
use crate::lake::NativeLake;
use crate::report::report;
use crate::value::Value;

#[napi]
impl NativeLake {
    /// Tables and views.
    #[napi]
    pub fn tables_list<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Value>> {
        let lake = self.0.clone();
        call.promise(env, async move { lake.tables().list().await.map(|tables| report(&tables)) })
    }

    /// One table or view.
    #[napi]
    pub fn tables_get<'env>(&self, env: &'env Env, call: &Call, name: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name) = (self.0.clone(), text("name", name)?);
        call.promise(env, async move { lake.tables().get(&name).await.map(|table| report(&table)) })
    }

    /// The snapshots of a table.
    #[napi]
    pub fn tables_history<'env>(&self, env: &'env Env, call: &Call, name: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name) = (self.0.clone(), text("name", name)?);
        call.promise(env, async move { lake.tables().history(&name).await.map(|history| report(&history)) })
    }
}
