//! The macros of `macros/*.sql`: who defines which, who calls whom, and the modules the engine imports them from.
//!
//! A file that calls a macro of another file imports it, so every macro sees every other one. Files that call each other in a circle become
//! one module: an import cannot be circular.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use super::engine::Room;
use super::forbidden;
use super::functions;
use super::scan::{Part, PartKind, Scan, Subject, scan};
use crate::error::{Code, Diagnostic, Source};

/// All macros of a project.
#[derive(Debug)]
pub(super) struct Macros {
    files: Vec<File>,
    /// Macros that templates can call by name, those with a leading underscore left out.
    by_name: BTreeMap<String, Macro>,
    pub modules: Vec<Module>,
    /// The stack that any of the files needs.
    pub room: Room,
    /// Whether one of them compares the watermark by order.
    pub compares_watermark: bool,
}

#[derive(Debug)]
struct File {
    source: Arc<Source>,
    scan: Scan,
    /// Every macro the file defines: its name, and where, from `{% macro` to `endmacro %}`.
    defines: Vec<(String, Range<usize>)>,
    module: usize,
}

#[derive(Debug)]
struct Macro {
    file: usize,
    /// Of the whole definition.
    range: Range<usize>,
    /// The macros it can call itself.
    calls: BTreeSet<String>,
}

/// What the engine imports: one file, or several that call each other.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The name the engine knows it by.
    pub name: String,
    /// Imports of other modules, then the files.
    pub text: String,
    /// Where each file starts in the text.
    pub files: Vec<(usize, Arc<Source>)>,
}

impl Macros {
    pub fn new(sources: &[Arc<Source>]) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut files: Vec<File> = sources.iter().map(|source| File::new(Arc::clone(source))).collect();
        // A file that is refused does not reach the engine: it might not be able to read it.
        files.retain(|file| {
            let refused = forbidden::in_scan(&file.scan, &file.source, 0);
            let keep = refused.is_empty();
            diagnostics.extend(refused);
            keep
        });
        let compares_watermark = files.iter().any(|file| file.scan.compares_watermark(&file.source.text));
        let room = Room {
            links: files.iter().map(|file| file.scan.links).max().unwrap_or_default(),
            has_namespace: files.iter().any(|file| file.scan.has_word(&file.source.text, "namespace")),
        };
        let by_name = define(&files, &mut diagnostics);
        let mut macros = Self { files: Vec::new(), by_name, modules: Vec::new(), room, compares_watermark };
        let reach = macros.reach(&files);
        for (first, file) in reach.iter().enumerate() {
            if let Some(other) = (0..first).find(|&other| file.contains(&other) && reach[other].contains(&first)) {
                files[first].module = files[other].module;
            } else {
                files[first].module = macros.modules.len();
                macros.modules.push(Module::default());
            }
        }
        macros.files = files;
        for index in 0..macros.modules.len() {
            macros.modules[index] = macros.module(index, &mut diagnostics);
        }
        (macros, diagnostics)
    }

    /// For each file, the files it needs, directly or through others.
    fn reach(&self, files: &[File]) -> Vec<BTreeSet<usize>> {
        let needs: Vec<BTreeSet<usize>> = files
            .iter()
            .map(|file| {
                let named = self.named(&file.source.text, &file.scan).filter_map(|name| self.by_name.get(name)).map(|found| found.file);
                let imported = imports(&file.scan).filter_map(|path| files.iter().position(|f| f.source.path == path));
                named.chain(imported).collect()
            })
            .collect();
        (0..files.len())
            .map(|start| {
                let mut reached = BTreeSet::new();
                let mut next: Vec<usize> = needs[start].iter().copied().collect();
                while let Some(file) = next.pop() {
                    if reached.insert(file) {
                        next.extend(&needs[file]);
                    }
                }
                reached
            })
            .collect()
    }

    fn module(&self, index: usize, diagnostics: &mut Vec<Diagnostic>) -> Module {
        let members: Vec<&File> = self.files.iter().filter(|file| file.module == index).collect();
        let mut names = BTreeSet::new();
        for (file, (name, range)) in members.iter().flat_map(|file| file.defines.iter().map(move |d| (file, d))) {
            if !names.insert(name.as_str()) && name.starts_with('_') {
                diagnostics.push(
                    Diagnostic::error(Code::DuplicateMacro, format!("macro `{name}` is defined twice in files that call each other")).at(
                        &file.source,
                        range.clone(),
                        "",
                    ),
                );
            }
        }
        let wanted: BTreeSet<&str> = members.iter().flat_map(|file| self.named(&file.source.text, &file.scan)).collect();
        let mut module = Module { name: members[0].source.path.clone(), text: self.imports_of(wanted, Some(index)), files: Vec::new() };
        for file in members {
            module.files.push((module.text.len(), Arc::clone(&file.source)));
            module.text.push_str(&file.source.text);
            // The engine drops one line break at the end of a template; one between two files must not become another's.
            module.text.push('\n');
        }
        module
    }

    /// The text put before a template so that the macros it names are there. Empty for most templates.
    pub fn prefix(&self, text: &str, scan: &Scan) -> String {
        if self.by_name.is_empty() { String::new() } else { self.imports_of(self.named(text, scan).collect(), None) }
    }

    fn imports_of(&self, names: BTreeSet<&str>, within: Option<usize>) -> String {
        let mut modules: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for name in names {
            let module = self.by_name.get(name).map(|found| self.files[found.file].module);
            if let Some(module) = module.filter(|&module| Some(module) != within) {
                modules.entry(module).or_default().push(name);
            }
        }
        let mut text = String::new();
        for (module, names) in modules {
            let path = self.files.iter().find(|file| file.module == module).map_or("", |file| &file.source.path);
            write!(text, "{{% from '{path}' import {} %}}", names.join(", ")).expect("writing to a String does not fail");
        }
        text
    }

    /// The words of a text that are names of macros.
    fn named<'a>(&'a self, text: &'a str, scan: &'a Scan) -> impl Iterator<Item = &'a str> {
        scan.words.iter().map(|word| &text[word.clone()]).filter(|word| self.by_name.contains_key(*word))
    }

    /// Every macro a template can call, through other macros and imports too.
    pub fn used(&self, text: &str, scan: &Scan) -> BTreeSet<String> {
        let mut next: Vec<&str> = self.named(text, scan).collect();
        for path in imports(scan) {
            next.extend(self.by_name.iter().filter(|(_, found)| self.files[found.file].source.path == path).map(|(name, _)| name.as_str()));
        }
        if has_dynamic_import(scan) {
            next.extend(self.by_name.keys().map(String::as_str));
        }
        let mut used = BTreeSet::new();
        while let Some(name) = next.pop() {
            if used.insert(name.to_owned()) {
                next.extend(self.by_name.get(name).into_iter().flat_map(|found| &found.calls).map(String::as_str));
            }
        }
        used
    }

    /// What a macro is made of: its definition, and what its file holds besides definitions.
    pub fn text(&self, name: &str) -> Option<String> {
        let found = self.by_name.get(name)?;
        let file = &self.files[found.file];
        let mut text = file.source.text[found.range.clone()].to_owned();
        let mut at = 0;
        // Definitions with a leading underscore are the file's own, and belong to each of its macros.
        for (_, range) in file.defines.iter().filter(|(name, _)| !name.starts_with('_')) {
            text.push_str(file.source.text.get(at..range.start).unwrap_or_default());
            at = range.end;
        }
        text.push_str(&file.source.text[at..]);
        Some(text)
    }

    /// Where a macro's definition names a word.
    pub fn word(&self, name: &str, word: &str) -> Option<(&Arc<Source>, Range<usize>)> {
        let found = self.by_name.get(name)?;
        let file = &self.files[found.file];
        let inside = file
            .scan
            .words
            .iter()
            .find(|at| found.range.start <= at.start && at.end <= found.range.end && &file.source.text[(*at).clone()] == word);
        inside.map(|at| (&file.source, at.clone()))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.source.path.as_str())
    }

    /// What the engine holds: a template for each module, with the given text, and for each further file of a module one that imports it.
    pub fn templates(&self, mut text: impl FnMut(&Module) -> String) -> Vec<(String, String)> {
        let mut templates: Vec<_> = self.modules.iter().map(|module| (module.name.clone(), text(module))).collect();
        for file in &self.files {
            let module = &self.modules[file.module].name;
            if *module != file.source.path {
                let names: Vec<&str> = file.defines.iter().map(|(name, _)| name.as_str()).filter(|name| !name.starts_with('_')).collect();
                let text = if names.is_empty() { String::new() } else { format!("{{% from '{module}' import {} %}}", names.join(", ")) };
                templates.push((file.source.path.clone(), text));
            }
        }
        templates
    }

    /// Leaves out the macros of a module that cannot be compiled.
    pub fn forget(&mut self, module: &str) {
        self.by_name.retain(|_, found| self.modules[self.files[found.file].module].name != module);
    }

    /// Where, within a range of a macro file, a function is called with a text.
    pub fn typed_call(&self, path: &str, within: &Range<usize>, function: &str, text: &str) -> Option<Range<usize>> {
        let file = self.files.iter().find(|file| file.source.path == path)?;
        let is = |call: &&super::scan::TextCall| {
            within.start <= call.function.start
                && call.argument.end <= within.end
                && &file.source.text[call.function.clone()] == function
                && call.text == text
        };
        file.scan.calls.iter().find(is).map(|call| call.argument.clone())
    }
}

impl Module {
    /// The file, and the bytes of it, that a range of the module's text is.
    pub fn place(&self, range: Range<usize>) -> Option<(&Arc<Source>, Range<usize>)> {
        let (start, source) = self.files.iter().rev().find(|(start, _)| *start <= range.start)?;
        let end = source.text.len();
        Some((source, (range.start - start).min(end)..range.end.saturating_sub(*start).min(end)))
    }
}

impl File {
    /// The `{% macro %}` that a definition begins with.
    fn header(&self, definition: &Range<usize>) -> Range<usize> {
        let header = self.scan.parts.iter().find(|part| part.range.start == definition.start);
        header.map_or_else(|| definition.clone(), |part| part.range.clone())
    }

    fn new(source: Arc<Source>) -> Self {
        let scan = scan(&source.text);
        let mut defines = Vec::new();
        let mut open: Vec<(&str, usize)> = Vec::new();
        for Part { kind, range, .. } in &scan.parts {
            match kind {
                PartKind::Statement { keyword, subject: Some(Subject::Name(name)), .. } if keyword == "macro" => {
                    open.push((name, range.start))
                }
                PartKind::Statement { keyword, .. } if keyword == "endmacro" => {
                    if let Some((name, start)) = open.pop().filter(|_| open.is_empty()) {
                        defines.push((name.to_owned(), start..range.end));
                    }
                }
                _ => {}
            }
        }
        Self { source, scan, defines, module: 0 }
    }
}

fn define(files: &[File], diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, Macro> {
    let mut by_name: BTreeMap<String, Macro> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        for (name, range) in file.defines.iter().filter(|(name, _)| !name.starts_with('_')) {
            let header =
                range.start..file.scan.parts.iter().find(|part| part.range.start == range.start).map_or(range.end, |part| part.range.end);
            if functions::NAMES.contains(&name.as_str()) {
                diagnostics.push(
                    Diagnostic::error(Code::DuplicateMacro, format!("macro `{name}` has the name of something every template has"))
                        .at(&file.source, header, "")
                        .help("give the macro another name"),
                );
            } else if let Some(other) = by_name.get(name) {
                let source = &files[other.file].source;
                diagnostics.push(
                    Diagnostic::error(Code::DuplicateMacro, format!("macro `{name}` is defined twice"))
                        .at(&file.source, header, "defined again here")
                        .at(source, files[other.file].header(&other.range), "first defined here"),
                );
            } else {
                by_name.insert(name.clone(), Macro { file: index, range: range.clone(), calls: BTreeSet::new() });
            }
        }
    }
    let all: BTreeSet<String> = by_name.keys().cloned().collect();
    for found in by_name.values_mut() {
        let file = &files[found.file];
        // What a file says outside its public macros, its private ones included, is part of each of them.
        let inside = |word: &Range<usize>| {
            found.range.contains(&word.start)
                || !file.defines.iter().any(|(name, range)| !name.starts_with('_') && range.contains(&word.start))
        };
        let words = file.scan.words.iter().filter(|word| inside(word)).map(|word| &file.source.text[word.clone()]);
        found.calls = words.filter(|word| all.contains(*word)).map(str::to_owned).collect();
    }
    by_name
}

/// The files a template imports by a text written out.
fn imports(scan: &Scan) -> impl Iterator<Item = &str> {
    scan.parts.iter().filter_map(|part| match &part.kind {
        PartKind::Statement { keyword, subject: Some(Subject::Text(path)), .. } if is_import(keyword) => Some(path.as_str()),
        _ => None,
    })
}

fn has_dynamic_import(scan: &Scan) -> bool {
    scan.parts.iter().any(|part| {
        matches!(&part.kind, PartKind::Statement { keyword, subject, .. } if is_import(keyword) && !matches!(subject, Some(Subject::Text(_))))
    })
}

/// Whether a template imports anything itself.
pub(super) fn has_import(scan: &Scan) -> bool {
    scan.parts.iter().any(|part| matches!(&part.kind, PartKind::Statement { keyword, .. } if is_import(keyword)))
}

fn is_import(keyword: &str) -> bool {
    keyword == "import" || keyword == "from"
}
