//! What one run reads: the files of its zones at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use sha2::{Digest, Sha256};

use super::archive::move_away;
use super::{Consumed, Landing};
use crate::config::{ColumnContract, Setting};
use crate::dialect::{Problem, ReadCall};
use crate::error::{Code, Diagnostic, Error, Result, counted};
use crate::files::zone::{Listing, parse_url};
use crate::files::{self, FilesTable, LandedFile, Shape};
use crate::name::Name;
use crate::storage::Storage;

/// What a run wants to read.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The table that the rows are for.
    pub table: &'a Name,
    /// The calls that read landing zones.
    pub calls: &'a [ReadCall],
    /// The zones of which only files are meant that no published run of the table consumed.
    pub new_only: &'a BTreeSet<String>,
    /// The columns that the pipeline promises, which type those of the files.
    pub contract: &'a [Setting<ColumnContract>],
    /// What the published snapshot says under `rat.landing`.
    pub consumed: Option<&'a str>,
    /// Whether the table is rebuilt from all files: then nothing counts as consumed.
    pub rebuild: bool,
    /// Whether consumed files are moved away after publishing.
    pub archive: bool,
    /// Whether files that an earlier, published run consumed and did not get to move are moved first.
    pub settle: bool,
}

/// The rows of a call, or what is wrong with it.
type Reading = Result<Arc<FilesTable>, Vec<Problem>>;

/// The files of the zones as they were at one moment.
#[derive(Debug)]
pub struct Cut {
    storage: Storage,
    table: Name,
    zones: BTreeMap<(String, String), Files>,
    calls: Vec<(ReadCall, Reading)>,
    consumed: Consumed,
    rebuild: bool,
    archive: bool,
    gone: u64,
}

#[derive(Debug)]
struct Files {
    /// What the run reads.
    read: Vec<LandedFile>,
    /// Whether what it reads counts as consumed.
    consumes: bool,
}

impl Landing {
    /// The files that a run reads, listed now, and what they look like.
    ///
    /// What is wrong with a call, or its zone, is told by [`Cut::read`] at its place.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `LAKE_NEWER` and storage codes.
    pub async fn cut(&self, request: Request<'_>) -> Result<Cut> {
        let consumed = Consumed::load(&self.storage, request.consumed).await?;
        let mut listings: BTreeMap<(String, String), Option<Listing>> = BTreeMap::new();
        let mut zones = BTreeMap::new();
        let mut there: BTreeSet<(String, u64, String)> = BTreeSet::new();
        for call in request.calls {
            let Some((namespace, zone)) = parse_url(&call.zone_url) else { continue };
            let key = (namespace.to_owned(), zone.to_owned());
            if listings.contains_key(&key) {
                continue;
            }
            let listing = self.list(namespace, zone).await?;
            if let Some(listing) = &listing {
                let consumes = request.archive || request.new_only.contains(zone);
                let mut read = listing.landed();
                there.extend(read.iter().map(|file| (file.path.clone(), file.size, file.etag.clone())));
                if consumes && !request.rebuild {
                    let (old, new): (Vec<_>, Vec<_>) = read.into_iter().partition(|file| consumed.run_of(file).is_some());
                    read = new;
                    for file in old.iter().filter(|_| request.archive && request.settle) {
                        let run = consumed.run_of(file).unwrap_or_default();
                        move_away(&self.storage, file, namespace, zone, run).await?;
                    }
                }
                zones.insert(key.clone(), Files { read, consumes });
            }
            listings.insert(key, listing);
        }
        let gone = consumed.files().filter(|file| !there.contains(&(file.path.clone(), file.size, file.etag.clone()))).count();
        let mut calls = Vec::with_capacity(request.calls.len());
        for call in request.calls {
            let table = match parse_url(&call.zone_url).map(|(n, z)| (n.to_owned(), z.to_owned())) {
                Some(key) => match (listings.get(&key).and_then(Option::as_ref), zones.get(&key)) {
                    (Some(listing), Some(files)) => {
                        let telling = if files.read.is_empty() { self.telling(&key.0, &key.1, listing).await? } else { files.read.clone() };
                        self.shape(call, request.contract, &telling)
                            .await?
                            .map(|shape| files::provider(&shape, &self.storage, files.read.clone()))
                    }
                    _ => Err(vec![self.no_zone(call, &key.0, &key.1).await?]),
                },
                None => Err(vec![not_a_zone(call)]),
            };
            calls.push((call.clone(), table));
        }
        Ok(Cut {
            storage: self.storage.clone(),
            table: request.table.clone(),
            zones,
            calls,
            consumed,
            rebuild: request.rebuild,
            archive: request.archive,
            gone: gone as u64,
        })
    }

    /// What a preview reads, as [`preview`](Self::preview) has it for each call. Nothing is consumed or moved.
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    pub async fn samples_of(&self, request: Request<'_>) -> Result<Cut> {
        let mut calls = Vec::with_capacity(request.calls.len());
        for call in request.calls {
            calls.push((call.clone(), self.preview(call, request.contract).await?));
        }
        Ok(Cut {
            storage: self.storage.clone(),
            table: request.table.clone(),
            zones: BTreeMap::new(),
            calls,
            consumed: Consumed::default(),
            rebuild: false,
            archive: false,
            gone: 0,
        })
    }

    /// Whether a run would read nothing that the published table was not made of: of zones that are consumed no file, of the others exactly
    /// the files that [`Cut::seen`] stood for.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `LAKE_NEWER` and storage codes.
    pub async fn is_unchanged(&self, request: Request<'_>, seen: Option<&str>) -> Result<bool> {
        let consumed = Consumed::load(&self.storage, request.consumed).await?;
        let mut kept: BTreeMap<(&str, &str), Vec<LandedFile>> = BTreeMap::new();
        for call in request.calls {
            let Some((namespace, zone)) = parse_url(&call.zone_url) else { return Ok(false) };
            let Some(listing) = self.list(namespace, zone).await? else { return Ok(false) };
            let files = listing.landed();
            if !(request.archive || request.new_only.contains(zone)) {
                kept.insert((namespace, zone), files);
            } else if files.iter().any(|file| consumed.run_of(file).is_none()) {
                return Ok(false);
            }
        }
        Ok(fingerprint(kept.values().flatten()).as_deref() == seen.filter(|seen| !seen.is_empty()))
    }

    /// The columns that a call gives, for planning: from the files that are there, from samples, or from files that were moved away.
    ///
    /// # Errors
    /// Outside: storage codes. Inside: what is wrong with the call or its zone, at ranges of the SQL.
    pub async fn schema(&self, call: &ReadCall, contract: &[Setting<ColumnContract>]) -> Result<Result<SchemaRef, Vec<Problem>>> {
        let Some((namespace, zone)) = parse_url(&call.zone_url) else { return Ok(Err(vec![not_a_zone(call)])) };
        let Some(listing) = self.list(namespace, zone).await? else {
            return Ok(Err(vec![self.no_zone(call, namespace, zone).await?]));
        };
        let shape = self.shape(call, contract, &listing.telling()).await?;
        Ok(shape.map(|shape| Arc::clone(shape.schema())))
    }

    /// The rows that a call gives in a preview: of `_samples/` where there are any, else of the zone's files. Nothing is consumed.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub async fn preview(&self, call: &ReadCall, contract: &[Setting<ColumnContract>]) -> Result<Result<Arc<FilesTable>, Vec<Problem>>> {
        let Some((namespace, zone)) = parse_url(&call.zone_url) else { return Ok(Err(vec![not_a_zone(call)])) };
        let Some(listing) = self.list(namespace, zone).await? else {
            return Ok(Err(vec![self.no_zone(call, namespace, zone).await?]));
        };
        let shown =
            if listing.samples.is_empty() { listing.landed() } else { listing.samples.iter().map(LandedFile::from_entry).collect() };
        let telling = if shown.is_empty() { listing.telling() } else { shown.clone() };
        let shape = self.shape(call, contract, &telling).await?;
        Ok(shape.map(|shape| files::provider(&shape, &self.storage, shown)))
    }

    /// Files that tell the columns when a run has none to read. What was listed may just have been moved away.
    async fn telling(&self, namespace: &str, zone: &str, listing: &Listing) -> Result<Vec<LandedFile>> {
        if listing.files.is_empty() {
            return Ok(listing.telling());
        }
        Ok(self.list(namespace, zone).await?.unwrap_or_default().telling())
    }

    async fn shape(
        &self,
        call: &ReadCall,
        contract: &[Setting<ColumnContract>],
        files: &[LandedFile],
    ) -> Result<Result<Shape, Vec<Problem>>> {
        let samples = match files::samples(call, &self.storage, files).await {
            Ok(samples) => samples,
            Err(e) if e.code() == Code::MalformedFile => return Ok(Err(vec![of_file(call, &e)])),
            Err(e) => return Err(e),
        };
        Ok(files::sniff(call, contract, &samples))
    }

    async fn no_zone(&self, call: &ReadCall, namespace: &str, zone: &str) -> Result<Problem> {
        let (message, help) = self.unknown(namespace, zone).await?;
        Ok(Problem { code: Code::UnknownZone, message, help: Some(help), range: call.range.clone() })
    }
}

/// What stands for exactly these files.
fn fingerprint<'a>(files: impl Iterator<Item = &'a LandedFile>) -> Option<String> {
    let mut lines: Vec<String> = files.map(|file| format!("{} {} {}\n", file.size, file.etag, file.path)).collect();
    lines.sort();
    let digest = Sha256::digest(lines.concat());
    (!lines.is_empty()).then(|| digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn not_a_zone(call: &ReadCall) -> Problem {
    let message = format!("`{}` is not a landing zone", call.zone_url);
    Problem { code: Code::NotALandingZone, message, help: None, range: call.range.clone() }
}

fn of_file(call: &ReadCall, error: &Error) -> Problem {
    Problem { code: error.code(), message: error.message().to_owned(), help: Some(error.help().to_owned()), range: call.range.clone() }
}

impl Cut {
    /// The rows that a call reads.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, `EMPTY_ZONE`, `INVALID_OPTION`, `MALFORMED_FILE`, at ranges of the SQL.
    pub fn read(&self, call: &ReadCall) -> Result<Arc<FilesTable>, Vec<Problem>> {
        let same = |known: &ReadCall| {
            let options = |call: &ReadCall| call.options.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect::<Vec<_>>();
            known.function == call.function && known.zone_url == call.zone_url && options(known) == options(call)
        };
        match self.calls.iter().find(|(known, _)| same(known)) {
            Some((_, table)) => table.clone(),
            None => Err(vec![Problem {
                code: Code::NotALandingZone,
                message: format!("`{}` may not be read here: this run did not list it", call.zone_url),
                help: Some("read landing zones in the pipeline's query only".to_owned()),
                range: call.range.clone(),
            }]),
        }
    }

    /// The files that the run reads: path and size in bytes, in the order of the paths.
    pub fn files(&self) -> Vec<(String, u64)> {
        let mut files: Vec<_> = self.zones.values().flat_map(|files| &files.read).map(|file| (file.path.clone(), file.size)).collect();
        files.sort();
        files
    }

    /// How many files the run reads.
    pub fn len(&self) -> usize {
        self.zones.values().map(|files| files.read.len()).sum()
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What stands for the files of zones that are read whole by every run; none when there is no such zone.
    pub fn seen(&self) -> Option<String> {
        fingerprint(self.zones.values().filter(|files| !files.consumes).flat_map(|files| &files.read))
    }

    /// How many files that were consumed are not in their zones any more: what a rebuild cannot read again.
    pub fn gone(&self) -> u64 {
        self.gone
    }

    /// Writes down which files this run consumes, durably, and gives the name by which its snapshot refers to them under `rat.landing`;
    /// none when nothing was ever consumed. Until that snapshot is published, nothing counts as consumed.
    ///
    /// # Errors
    /// Storage codes.
    pub async fn stage(&self, run_id: &str) -> Result<Option<String>> {
        let consumed: Vec<LandedFile> = self.zones.values().filter(|files| files.consumes).flat_map(|files| files.read.clone()).collect();
        // A rebuilt table holds the files it was rebuilt from, and no others.
        let fresh = Consumed::default();
        let before = if self.rebuild { &fresh } else { &self.consumed };
        before.with(&self.storage, &self.table, run_id, &consumed).await
    }

    /// Moves what this run consumed to `_processed/<run id>/`, when that was asked for. Called after publishing; doing it twice is doing it
    /// once, and what is not done the next run does.
    ///
    /// # Errors
    /// Storage codes. Files before the one that could not be moved are moved.
    pub async fn archive(&self, run_id: &str) -> Result<()> {
        if !self.archive {
            return Ok(());
        }
        for ((namespace, zone), files) in self.zones.iter().filter(|(_, files)| files.consumes) {
            for file in &files.read {
                move_away(&self.storage, file, namespace, zone, run_id).await?;
            }
        }
        Ok(())
    }

    /// Rows that `ignore_errors` left out, so far, as warnings.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let mut warnings = Vec::new();
        for (call, table) in &self.calls {
            let Ok(table) = table else { continue };
            let refused = table.counts().refused_rows();
            if refused > 0 {
                let rows = format!("{} {}", counted(refused, "row"), if refused == 1 { "was" } else { "were" });
                let first = table.counts().refusals().into_iter().next().unwrap_or_default();
                warnings.push(
                    Diagnostic::warning(Code::MalformedFile, format!("{rows} left out of `{}`; the first: {first}", call.zone_url))
                        .help("mend the files, or read the columns as text with `all_varchar = true`"),
                );
            }
        }
        warnings
    }
}
