//! `Lake::init`: a project that runs, to begin with.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use super::Lake;
use crate::error::{Code, Error, Result, nearest};
use crate::storage::Storage;

/// Options of [`Lake::init`].
#[derive(Debug, Clone, Default)]
pub struct InitOptions {
    /// The project to write: `shop`, three pipelines over two small files; `flights`, a month of real flights from weekly files to answers.
    /// `shop` when `None`.
    pub example: Option<String>,
}

/// A file of an example: its path in the project, and its bytes.
type File = (&'static str, &'static [u8]);

macro_rules! files {
    ($folder:literal: $($path:literal)+) => {
        &[$(($path, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/", $folder, "/", $path)))),+]
    };
}

const SHOP: &[File] = files!("projects/shop":
    "rat.toml"
    "default/landing/orders/2024-03-01.csv"
    "default/landing/orders/2024-03-02.csv"
    "default/pipelines/bronze/orders/pipeline.sql"
    "default/pipelines/gold/daily_sales/pipeline.sql"
    "default/pipelines/silver/orders/config.yaml"
    "default/pipelines/silver/orders/pipeline.sql"
    "default/pipelines/silver/orders/tests/quality/positive_amounts.sql"
);

const FLIGHTS: &[File] = files!("projects/flights":
    "rat.toml"
    "macros/clean.sql"
    "macros/delays.sql"
    "default/pipelines/bronze/airlines/pipeline.sql"
    "default/pipelines/bronze/airports/pipeline.sql"
    "default/pipelines/bronze/flights/pipeline.sql"
    "default/pipelines/bronze/flights/tests/quality/known_airports.sql"
    "default/pipelines/bronze/planes/pipeline.sql"
    "default/pipelines/bronze/weather/pipeline.sql"
    "default/pipelines/gold/carrier_delays/config.yaml"
    "default/pipelines/gold/carrier_delays/pipeline.sql"
    "default/pipelines/gold/route_punctuality/pipeline.sql"
    "default/pipelines/gold/weather_effect/pipeline.sql"
    "default/pipelines/gold/worst_carriers/pipeline.sql"
    "default/pipelines/silver/carriers/config.yaml"
    "default/pipelines/silver/carriers/pipeline.sql"
    "default/pipelines/silver/flights/config.yaml"
    "default/pipelines/silver/flights/pipeline.sql"
    "default/pipelines/silver/flights/tests/quality/cancelled_never_arrived.sql"
    "default/pipelines/silver/flights/tests/quality/unknown_planes.sql"
    "default/pipelines/silver/planes/pipeline.sql"
    "default/pipelines/silver/weather/config.yaml"
    "default/pipelines/silver/weather/pipeline.sql"
);

/// What landed for the flights, and in which zone.
const JANUARY: &[File] = files!("data/nycflights13":
    "airlines.csv"
    "airports.csv"
    "flights_2013-01_week1.csv"
    "flights_2013-01_week2.csv"
    "flights_2013-01_week3.csv"
    "flights_2013-01_week4.csv"
    "flights_2013-01_week5.csv"
    "planes.csv"
    "weather_2013-01.csv"
);

const EXAMPLES: [&str; 2] = ["shop", "flights"];

fn example(name: &str) -> Result<Vec<(String, &'static [u8])>> {
    let owned = |files: &[File]| files.iter().map(|(path, bytes)| ((*path).to_owned(), *bytes)).collect::<Vec<_>>();
    match name {
        "shop" => Ok(owned(SHOP)),
        "flights" => {
            let landed = JANUARY.iter().map(|(file, bytes)| {
                let zone = file.split(['_', '.']).next().unwrap_or(file);
                (format!("default/landing/{zone}/{file}"), *bytes)
            });
            Ok(owned(FLIGHTS).into_iter().chain(landed).collect())
        }
        _ => {
            let error = Error::new(Code::InvalidArgument, format!("there is no example `{name}`"));
            Err(error.with_help(match nearest(name, EXAMPLES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the examples are {}", EXAMPLES.map(|name| format!("`{name}`")).join(" and ")),
            }))
        }
    }
}

impl Lake {
    /// Writes a small project that runs, with files landed for it, and opens it. The folder is made if it is not there. What lies in it
    /// stays: where a file of the project is there already, nothing is written at all.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for an example that does not exist, and for a folder that holds a project; `READ_ONLY_STORAGE`, `STORAGE_FULL`, and
    /// as [`open`](Self::open).
    pub async fn init(path: &str, options: &InitOptions) -> Result<Self> {
        let files = example(options.example.as_deref().unwrap_or(EXAMPLES[0]))?;
        let storage = Storage::create(path, &BTreeMap::new())?;
        if storage.is_memory() {
            // A lake in memory is the handle's own: its files can only be written through it.
            let lake = Self::open(path).await?;
            write(&lake.0.storage, files).await?;
            return Ok(lake);
        }
        write(&storage, files).await?;
        Self::open(path).await
    }
}

#[inline(never)]
fn write<'a>(storage: &'a Storage, files: Vec<(String, &'static [u8])>) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        for (path, _) in &files {
            if storage.stat(path).await?.is_some() {
                return Err(Error::new(Code::InvalidArgument, format!("there is a project already: `{path}` exists"))
                    .with_help("name another folder, or open this one"));
            }
        }
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        for (path, bytes) in files {
            storage.write(&path, bytes).await?;
        }
        storage.sync(&paths).await
    })
}
