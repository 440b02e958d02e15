//! Texts that tests compare with files of the repository: snapshots, generated pages. `RAT_UPDATE=1` writes them instead.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Whether this run writes what it would compare.
pub fn updating() -> bool {
    std::env::vars().any(|(key, value)| key == "RAT_UPDATE" && value == "1")
}

/// What differs between a file and the text it should hold, if anything does; when updating, the file is written and nothing does.
pub fn difference(path: &Path, actual: &str) -> Option<String> {
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return None;
    }
    if updating() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, actual).unwrap();
        return None;
    }
    let shown = path.strip_prefix(root()).unwrap_or(path).display();
    Some(format!("{shown} differs (RAT_UPDATE=1 writes it, if the new text is right):\n{}", diff(&expected, actual)))
}

/// Fails when the file does not hold the text.
#[track_caller]
pub fn assert_file(path: &Path, actual: &str) {
    if let Some(difference) = difference(path, actual) {
        panic!("{difference}");
    }
}

/// The lines from the first that differs to the last one, both sides.
fn diff(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let same_at_end = old[same..].iter().rev().zip(new[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let mut text = format!("  from line {}\n", same + 1);
    for line in &old[same..old.len() - same_at_end] {
        text.push_str(&format!("  - {line}\n"));
    }
    for line in &new[same..new.len() - same_at_end] {
        text.push_str(&format!("  + {line}\n"));
    }
    text
}
