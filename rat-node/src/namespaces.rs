//! `lake.namespaces`.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;

use crate::bridge::Call;
use crate::lake::NativeLake;

#[napi]
impl NativeLake {
    /// Every namespace.
    #[napi]
    pub fn namespaces_list<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Vec<String>>> {
        let lake = self.0.clone();
        call.promise(env, async move { lake.namespaces().list().await })
    }
}
