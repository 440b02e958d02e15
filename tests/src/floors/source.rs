//! The files of rat-core, without their comments.

use std::path::Path;

use crate::snapshot::root;

/// A source file: its room, its path, its lines without comments.
pub struct File {
    /// The folder under `src`, or the file's name without `.rs` at the top.
    pub room: String,
    pub path: String,
    pub lines: Vec<String>,
}

impl File {
    /// `path:line`, for messages.
    pub fn place(&self, line: usize) -> String {
        format!("rat-core/src/{}:{}", self.path, line + 1)
    }

    /// Lines that hold one of these words as a word.
    pub fn lines_with<'a>(&'a self, words: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
        let hits = self.lines.iter().enumerate();
        hits.filter_map(move |(number, line)| words.iter().find(|word| has_word(line, word)).map(|word| (number, *word)))
    }
}

/// Whether a text holds a path or name that does not go on to either side.
pub fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let open_start = word.starts_with(|c| !is_part(c)) || !text[..at].ends_with(is_part);
        let open_end = word.ends_with(|c| !is_part(c)) || !text[at + word.len()..].starts_with(is_part);
        open_start && open_end
    })
}

/// Every file of rat-core.
pub fn files() -> Vec<File> {
    let folder = root().join("rat-core/src");
    let mut files: Vec<File> = walkdir::WalkDir::new(&folder)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "rs"))
        .map(|entry| read(&folder, entry.path()))
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 20, "rat-core/src was not found");
    files
}

fn read(folder: &Path, path: &Path) -> File {
    let relative = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
    let room = relative.split(['/', '.']).next().unwrap().to_owned();
    let text = std::fs::read_to_string(path).unwrap();
    File { room, path: relative, lines: text.lines().map(without_comment).collect() }
}

/// The line without its `//` comment; a `//` inside a text, as in `"s3://"`, is none.
fn without_comment(line: &str) -> String {
    let mut in_text = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' if !line[..at].ends_with('\'') || !line[at + 1..].starts_with('\'') => in_text = !in_text,
            '/' if !in_text && line[at..].starts_with("//") => return line[..at].to_owned(),
            _ => {}
        }
    }
    line.to_owned()
}

#[test]
fn comments_are_left_out_and_urls_are_not() {
    assert_eq!(without_comment("let a = 1; // use crate::run"), "let a = 1; ");
    assert_eq!(without_comment("//! crate::run"), "");
    assert_eq!(without_comment(r#"let url = "s3://bucket"; // x"#), r#"let url = "s3://bucket"; "#);
    assert_eq!(without_comment(r#"let quote = '"'; // x"#), r#"let quote = '"'; "#);
}
