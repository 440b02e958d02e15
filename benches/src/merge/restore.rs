//! A folder as it was: what a run added goes, what it changed comes back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

type State = BTreeMap<PathBuf, (u64, SystemTime)>;

/// A folder's files, kept.
pub struct Kept {
    folder: PathBuf,
    copy: TempDir,
    state: State,
}

impl Kept {
    pub fn of(folder: &Path) -> Self {
        let (copy, state) = (tempfile::tempdir().unwrap(), state(folder));
        for path in state.keys() {
            let to = copy.path().join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(folder.join(path), to).unwrap();
        }
        Self { folder: folder.to_owned(), copy, state }
    }

    /// The bytes of files that are new or changed.
    pub fn written(&self) -> u64 {
        state(&self.folder).iter().filter(|(path, now)| self.state.get(*path) != Some(*now)).map(|(_, (size, _))| size).sum()
    }

    pub fn restore(&mut self) {
        for path in state(&self.folder).keys().filter(|path| !self.state.contains_key(*path)) {
            fs::remove_file(self.folder.join(path)).unwrap();
        }
        let now = state(&self.folder);
        for path in self.state.keys().filter(|path| self.state.get(*path) != now.get(*path)) {
            fs::copy(self.copy.path().join(path), self.folder.join(path)).unwrap();
        }
        self.state = state(&self.folder);
    }
}

fn state(folder: &Path) -> State {
    let (mut state, mut folders) = (State::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let metadata = entry.metadata().unwrap();
            match metadata.is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let path = entry.path().strip_prefix(folder).unwrap().to_owned();
                    state.insert(path, (metadata.len(), metadata.modified().unwrap()));
                }
            }
        }
    }
    state
}
