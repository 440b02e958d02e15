//! Imports only go down.

use super::source::{File, files};

/// The floors, from the ground up. A room uses rooms of lower floors, and, where the floor is a chain, rooms before it on its own.
const FLOORS: &[Floor] = &[
    Floor { name: "words", rooms: &["error", "name", "settings", "clock", "ids", "types"], among: Among::Chain },
    Floor { name: "ground", rooms: &["storage", "sqlite", "tables", "ledger"], among: Among::Chain },
    Floor { name: "language", rooms: &["project", "config", "template", "graph", "compile"], among: Among::Chain },
    Floor { name: "engine", rooms: &["dialect", "session", "execute", "files", "plan", "merge", "quality"], among: Among::Chain },
    Floor {
        name: "stories",
        rooms: &["check", "run", "build", "query", "landing", "preview", "python", "schedule", "maintain"],
        among: Among::None,
    },
    Floor { name: "door", rooms: &["lake", "builder", "lib", "interop"], among: Among::All },
];

/// What a floor's rooms may use of each other.
enum Among {
    /// Nothing.
    None,
    /// Rooms that stand before them in the list.
    Chain,
    /// Everything.
    All,
}

struct Floor {
    name: &'static str,
    rooms: &'static [&'static str],
    among: Among,
}

/// A use that the floors forbid and the house allows, for some items only.
struct Exception {
    from: &'static str,
    to: &'static str,
    items: &'static [&'static str],
    #[expect(dead_code, reason = "for whoever reads the table")]
    why: &'static str,
}

const EXCEPTIONS: &[Exception] = &[Exception {
    from: "build",
    to: "run",
    items: &["BuildReport", "RunReport", "RunStatus", "Event"],
    why: "a build's report is made of its runs' reports; running itself comes from the door as a value",
}];

fn floor_of(room: &str) -> Option<(usize, usize)> {
    FLOORS.iter().enumerate().find_map(|(floor, f)| f.rooms.iter().position(|name| *name == room).map(|place| (floor, place)))
}

/// Whether all that a path names of `to` is excepted: the path is what follows the room, `::{RunReport, RunStatus};`.
fn excepted(from: &str, to: &str, path: &str) -> bool {
    let named = path.strip_prefix("::").unwrap_or("");
    let named = named.strip_prefix('{').map_or_else(|| vec![named], top_level);
    let items = |exception: &Exception| {
        named.iter().all(|name| {
            let item: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            exception.items.contains(&item.as_str())
        })
    };
    EXCEPTIONS.iter().any(|exception| (exception.from, exception.to) == (from, to) && items(exception))
}

fn allowed(from: &str, to: &str) -> bool {
    let (Some(from_at), Some(to_at)) = (floor_of(from), floor_of(to)) else { return false };
    from == to
        || to_at.0 < from_at.0
        || to_at.0 == from_at.0
            && match FLOORS[from_at.0].among {
                Among::None => false,
                Among::Chain => to_at.1 < from_at.1,
                Among::All => true,
            }
}

/// The rooms that a file names with `crate::`, with the line and what is named of the room.
fn uses(file: &File) -> Vec<(usize, String, &str)> {
    let mut uses = Vec::new();
    for (number, line) in file.lines.iter().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let after = &line[at + "crate::".len()..];
            let names = after.strip_prefix('{').map_or(after, |list| list);
            // `use crate::{a::B, c}` names several rooms; all other paths name one.
            let parts: Vec<&str> = if after.starts_with('{') { top_level(names) } else { vec![names] };
            for part in parts {
                let room: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !room.is_empty() {
                    let path = &part.trim()[room.len()..];
                    uses.push((number, room, path));
                }
            }
        }
    }
    uses
}

/// The parts of a list up to its closing brace, split at its own commas.
fn top_level(list: &str) -> Vec<&str> {
    let mut depth = 0usize;
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&list[start..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

#[test]
fn every_room_stands_on_a_floor() {
    let unknown: Vec<String> = files().iter().filter(|file| floor_of(&file.room).is_none()).map(|file| file.path.clone()).collect();
    assert!(unknown.is_empty(), "these files are in no room of the table of floors: {unknown:?}");
}

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for file in files() {
        for (line, room, path) in uses(&file) {
            // A macro or item of the crate's root is nobody's room.
            if floor_of(&room).is_some() && !allowed(&file.room, &room) && !excepted(&file.room, &room, path) {
                let floor = |room: &str| floor_of(room).map_or("", |(floor, _)| FLOORS[floor].name);
                wrong.push(format!("{}: `{}` ({}) uses `{room}` ({})", file.place(line), file.room, floor(&file.room), floor(&room)));
            }
        }
    }
    assert!(wrong.is_empty(), "imports only go down, and stories do not know each other:\n{}", wrong.join("\n"));
}

#[test]
fn the_rule_finds_what_it_forbids() {
    assert!(allowed("compile", "config") && allowed("run", "tables") && allowed("lake", "run") && allowed("template", "config"));
    assert!(!allowed("config", "template") && !allowed("run", "build") && !allowed("tables", "plan") && !allowed("error", "run"));
    assert!(excepted("build", "run", "::{RunReport, RunStatus};") && excepted("build", "run", "::RunReport;"));
    assert!(!excepted("build", "run", "::{RunReport, run};") && !excepted("query", "run", "::RunReport;") && !excepted("build", "run", ""));
    let file = File { room: "x".to_owned(), path: "x.rs".to_owned(), lines: vec!["use crate::{a::B, c::{D, e}, f};".to_owned()] };
    assert_eq!(uses(&file).into_iter().map(|(_, room, _)| room).collect::<Vec<_>>(), ["a", "c", "f"]);
}
