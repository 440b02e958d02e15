//! `lake.tables`.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;

use crate::arguments::{snapshot, text};
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

    /// Makes a snapshot what readers see again.
    #[napi]
    pub fn tables_rollback<'env>(&self, env: &'env Env, call: &Call, name: Value, id: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name, id) = (self.0.clone(), text("name", name)?, snapshot("snapshotId", id)?);
        call.promise(env, async move { lake.tables().rollback(&name, id).await.map(|table| report(&table)) })
    }

    /// Names a snapshot for good.
    #[napi]
    pub fn tables_tag<'env>(&self, env: &'env Env, call: &Call, name: Value, tag: Value, id: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name, tag, id) = (self.0.clone(), text("name", name)?, text("tag", tag)?, at(id)?);
        call.promise(env, async move { lake.tables().tag(&name, &tag, id).await.map(|table| report(&table)) })
    }

    /// Starts a branch.
    #[napi]
    pub fn tables_branch<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        name: Value,
        branch: Value,
        id: Value,
    ) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name, branch, id) = (self.0.clone(), text("name", name)?, text("branch", branch)?, at(id)?);
        call.promise(env, async move { lake.tables().branch(&name, &branch, id).await.map(|table| report(&table)) })
    }

    /// Removes a tag or a branch.
    #[napi]
    pub fn tables_untag<'env>(&self, env: &'env Env, call: &Call, name: Value, tag: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name, tag) = (self.0.clone(), text("name", name)?, text("tag", tag)?);
        call.promise(env, async move { lake.tables().untag(&name, &tag).await.map(|table| report(&table)) })
    }

    /// Gives a table or view another name.
    #[napi]
    pub fn tables_rename<'env>(&self, env: &'env Env, call: &Call, name: Value, to: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, name, to) = (self.0.clone(), text("name", name)?, text("to", to)?);
        call.promise(env, async move { lake.tables().rename(&name, &to).await.map(|table| report(&table)) })
    }

    /// Takes a table or view out of the catalog.
    #[napi]
    pub fn tables_drop<'env>(&self, env: &'env Env, call: &Call, name: Value) -> Result<PromiseRaw<'env, ()>> {
        let (lake, name) = (self.0.clone(), text("name", name)?);
        call.promise(env, async move { lake.tables().drop(&name).await })
    }
}

/// A snapshot, or none for the current one.
fn at(id: Value) -> Result<Option<i64>> {
    (id != Value::Undefined).then(|| snapshot("snapshotId", id)).transpose()
}
