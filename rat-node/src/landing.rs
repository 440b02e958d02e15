//! `lake.landing`.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;
use rat_core::LandingZones;

use crate::arguments::{Options, bytes, count, text};
use crate::bridge::Call;
use crate::lake::NativeLake;
use crate::query::NativeRows;
use crate::report::report;
use crate::value::Value;

#[napi]
impl NativeLake {
    /// Every zone.
    #[napi]
    pub fn landing_zones<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Value>> {
        let lake = self.0.clone();
        call.promise(env, async move { lake.landing().zones().await.map(|zones| report(&zones)) })
    }

    /// The files of a zone.
    #[napi]
    pub fn landing_files<'env>(&self, env: &'env Env, call: &Call, zone: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, zone) = (self.0.clone(), text("zone", zone)?);
        call.promise(env, async move { lake.landing().files(&zone).await.map(|files| report(&files)) })
    }

    /// The samples of a zone.
    #[napi]
    pub fn landing_samples<'env>(&self, env: &'env Env, call: &Call, zone: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, zone) = (self.0.clone(), text("zone", zone)?);
        call.promise(env, async move { lake.landing().samples(&zone).await.map(|files| report(&files)) })
    }

    /// Puts a file into a zone.
    #[napi]
    pub fn landing_put<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        zone: Value,
        name: Value,
        data: Value,
    ) -> Result<PromiseRaw<'env, String>> {
        let (lake, zone, name) = (self.0.clone(), text("zone", zone)?, text("name", name)?);
        let data = bytes("data", data)?;
        call.promise(env, async move { lake.landing().put(&zone, &name, data).await })
    }

    /// Removes a file that was not ingested.
    #[napi]
    pub fn landing_remove<'env>(&self, env: &'env Env, call: &Call, zone: Value, name: Value) -> Result<PromiseRaw<'env, ()>> {
        let (lake, zone, name) = (self.0.clone(), text("zone", zone)?, text("name", name)?);
        call.promise(env, async move { lake.landing().remove(&zone, &name).await })
    }

    /// The first rows of a zone.
    #[napi]
    pub fn landing_preview<'env>(&self, env: &'env Env, call: &Call, zone: Value, options: Value) -> Result<PromiseRaw<'env, NativeRows>> {
        let (lake, zone) = (self.0.clone(), text("zone", zone)?);
        let limit = Options::of("landing.preview", options)?.take("limit", count)?.unwrap_or(LandingZones::PREVIEW_ROWS);
        let rows = async move { lake.landing().preview(&zone, limit).await.map(NativeRows::from) };
        call.promise_of(env, rows, NativeRows::known_to_collector)
    }

    /// Brings consumed files back into a zone.
    #[napi]
    pub fn landing_restore<'env>(&self, env: &'env Env, call: &Call, zone: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, zone) = (self.0.clone(), text("zone", zone)?);
        let run = Options::of("landing.restore", options)?.take("run", text)?;
        call.promise(env, async move { lake.landing().restore(&zone, run.as_deref()).await.map(|done| report(&done)) })
    }
}
