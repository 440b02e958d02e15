//! What a table looks like: its columns, how its files are written, and what becomes of both between two runs.

use super::kinds::{BIGINT, Kind, NESTED, ORDERED, PLAIN, TIMESTAMPTZ};
use super::random::Random;

const WRITE_MODES: &[&str] = &["auto", "auto", "copy_on_write", "merge_on_read"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Key,
    Watermark,
    Value,
    /// When a version begins, and when it ends.
    From,
    To,
}

#[derive(Debug, Clone)]
pub struct Column {
    id: usize,
    pub name: String,
    pub role: Role,
    pub kind: &'static Kind,
}

/// A row. The cells are those of keys and values, in the order of the columns, each as the place of its value among its kind's.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub cells: Vec<Option<usize>>,
    pub watermark: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Shape {
    pub columns: Vec<Column>,
    pub keys: usize,
    /// Every moment is another: watermarks are numbers.
    pub distinct: bool,
    partition_by: Vec<(usize, &'static str)>,
    sort_by: Vec<usize>,
    write_mode: &'static str,
    /// New names and old ones, of the last change.
    renamed: Vec<(String, String)>,
    sync: bool,
    /// A column that the query leaves out.
    omitted: Option<usize>,
    ids: usize,
    gone: Vec<String>,
}

/// What a change of the columns does to rows.
#[derive(Debug, Clone, Copy)]
pub enum Cells {
    Same,
    /// One more, NULL.
    Longer,
    /// The one at this place is gone.
    Without(usize),
}

impl Cells {
    pub fn apply<'a>(self, rows: impl Iterator<Item = &'a mut Row>) {
        rows.for_each(|row| match self {
            Self::Same => {}
            Self::Longer => row.cells.push(None),
            Self::Without(place) => drop(row.cells.remove(place)),
        });
    }
}

pub fn or_null(text: Option<&str>) -> &str {
    text.unwrap_or("NULL")
}

impl Shape {
    pub fn random(random: &mut Random, distinct: bool, versions: bool) -> Self {
        let keys = random.one(&[1, 1, 2, 2, 3]);
        let mut shape = Self {
            columns: Vec::new(),
            keys,
            distinct,
            partition_by: Vec::new(),
            sort_by: Vec::new(),
            write_mode: "auto",
            renamed: Vec::new(),
            sync: false,
            omitted: None,
            ids: 0,
            gone: Vec::new(),
        };
        for _ in 0..keys {
            shape.push(Role::Key, random.one(PLAIN));
        }
        shape.push(Role::Watermark, if distinct { &BIGINT } else { random.one(ORDERED) });
        for _ in 0..(1 + random.below(4)) {
            shape.push(Role::Value, value_kind(random));
        }
        if versions {
            shape.push(Role::From, &TIMESTAMPTZ);
            shape.push(Role::To, &TIMESTAMPTZ);
            shape.columns.iter_mut().filter(|c| c.role == Role::From).for_each(|c| "valid_from".clone_into(&mut c.name));
            shape.columns.iter_mut().filter(|c| c.role == Role::To).for_each(|c| "valid_to".clone_into(&mut c.name));
        }
        shape.lay_out(random);
        shape
    }

    fn push(&mut self, role: Role, kind: &'static Kind) {
        self.ids += 1;
        self.columns.push(Column { id: self.ids, name: format!("c{}", self.ids), role, kind });
    }

    /// The next run's files are written in another way; those that are there stay as they are.
    pub fn lay_out(&mut self, random: &mut Random) {
        self.write_mode = random.one(WRITE_MODES);
        let plain: Vec<(usize, &'static Kind)> = self.columns.iter().filter(|c| !c.kind.is_nested()).map(|c| (c.id, c.kind)).collect();
        self.partition_by.clear();
        for _ in 0..random.one(&[0, 1, 1, 2]) {
            let (id, kind) = random.one(&plain);
            // Another column each: Iceberg refuses what says one thing twice.
            if self.partition_by.iter().all(|(taken, _)| *taken != id) {
                self.partition_by.push((id, random.one(kind.transforms)));
            }
        }
        self.sort_by.clear();
        for _ in 0..random.one(&[0, 0, 1, 2]) {
            let (id, _) = random.one(&plain);
            if !self.sort_by.contains(&id) {
                self.sort_by.push(id);
            }
        }
    }

    /// The next run's columns are others. A query that leaves one out gives NULLs, where the table's columns are not the query's.
    pub fn evolve(&mut self, random: &mut Random, may_omit: bool) -> Cells {
        self.renamed.clear();
        (self.sync, self.omitted) = (false, None);
        let free = |shape: &Self, column: &Column| {
            column.role == Role::Value
                && shape.partition_by.iter().all(|(id, _)| *id != column.id)
                && !shape.sort_by.contains(&column.id)
                && shape.columns.iter().filter(|c| c.role == Role::Value).count() > 1
        };
        match random.below(5) {
            0 => {
                self.push(Role::Value, value_kind(random));
                // A column that was there before, and comes back, is another one.
                if let Some(name) = self.gone.pop().filter(|name| self.columns.iter().all(|c| c.name != *name)) {
                    self.columns.last_mut().unwrap().name = name;
                }
                return Cells::Longer;
            }
            1 => {
                let narrow = self.columns.iter_mut().filter(|c| c.role != Role::Watermark && c.kind.wider.is_some());
                let mut narrow: Vec<&mut Column> = narrow.collect();
                if !narrow.is_empty() {
                    let place = random.below(narrow.len());
                    narrow[place].kind = narrow[place].kind.wider.unwrap();
                }
            }
            2 => {
                let versions = [Role::From, Role::To];
                let mut named: Vec<&mut Column> = self.columns.iter_mut().filter(|c| !versions.contains(&c.role)).collect();
                let place = random.below(named.len());
                self.ids += 1;
                let old = std::mem::replace(&mut named[place].name, format!("n{}", self.ids));
                self.renamed.push((named[place].name.clone(), old.clone()));
                self.gone.push(old);
            }
            3 => {
                let places: Vec<usize> = (0..self.columns.len()).filter(|place| free(self, &self.columns[*place])).collect();
                if !places.is_empty() {
                    let place = random.one(&places);
                    let cell = self.columns[..place].iter().filter(|c| matches!(c.role, Role::Key | Role::Value)).count();
                    self.gone.push(self.columns.remove(place).name);
                    self.sync = true;
                    return Cells::Without(cell);
                }
            }
            _ if may_omit => {
                let omitted: Vec<usize> = self.columns.iter().filter(|c| free(self, c)).map(|c| c.id).collect();
                self.omitted = (!omitted.is_empty()).then(|| random.one(&omitted));
            }
            _ => {}
        }
        Cells::Same
    }

    /// Whether Spark has a type for each column.
    pub fn is_of_spark(&self) -> bool {
        self.columns.iter().all(|column| column.kind.is_of_spark())
    }

    pub fn name_of(&self, role: Role) -> &str {
        &self.columns.iter().find(|c| c.role == role).unwrap().name
    }

    pub fn key_names(&self) -> String {
        self.columns.iter().filter(|c| c.role == Role::Key).map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The settings that are about columns and files, and a query of rows that are given.
    pub fn pipeline(&self, settings: &str, own_moment: bool) -> String {
        let named = |id: usize| self.columns.iter().find(|c| c.id == id).unwrap().name.as_str();
        let mut text = format!("{settings}-- @write_mode: {}\n", self.write_mode);
        if !self.partition_by.is_empty() {
            let term = |(id, transform): &(usize, &str)| match *transform {
                "" => named(*id).to_owned(),
                transform => transform.replace("{}", named(*id)),
            };
            text += &format!("-- @partition_by: {}\n", self.partition_by.iter().map(term).collect::<Vec<_>>().join(", "));
        }
        if !self.sort_by.is_empty() {
            text += &format!("-- @sort_by: {}\n", self.sort_by.iter().map(|id| named(*id)).collect::<Vec<_>>().join(", "));
        }
        if !self.renamed.is_empty() {
            let pairs: Vec<String> = self.renamed.iter().map(|(new, old)| format!("{new}: {old}")).collect();
            text += &format!("-- @renamed_from: {{{}}}\n", pairs.join(", "));
        }
        if self.sync {
            text += "-- @on_schema_change: sync\n";
        }
        let given = self.columns.iter().filter(|c| Some(c.id) != self.omitted);
        let given = given.filter(|c| c.role != Role::To && (c.role != Role::From || own_moment));
        let columns: Vec<String> = given.map(|c| format!("c{} AS {}", c.id, c.name)).collect();
        text + &format!("SELECT {} FROM {{{{ var('rows') }}}}", columns.join(", "))
    }

    pub fn row(&self, random: &mut Random, watermark: Option<u64>) -> Row {
        let mut cells = Vec::new();
        for column in self.columns.iter().filter(|c| matches!(c.role, Role::Key | Role::Value)) {
            // Keys of several columns meet often enough where each has few values.
            let most = if column.role == Role::Key && self.keys > 1 { 3 } else { column.kind.values.len() };
            let value = random.below(column.kind.values.len().min(most));
            cells.push(random.chance(92).then_some(value));
        }
        self.as_given(Row { cells, watermark })
    }

    /// The row without the value that the query leaves out.
    pub fn as_given(&self, mut row: Row) -> Row {
        let columns = self.columns.iter().filter(|c| matches!(c.role, Role::Key | Role::Value));
        columns.zip(&mut row.cells).filter(|(c, _)| Some(c.id) == self.omitted).for_each(|(_, cell)| *cell = None);
        row
    }

    pub fn watermark(&self, random: &mut Random) -> Option<u64> {
        let kind = self.columns.iter().find(|c| c.role == Role::Watermark).unwrap().kind;
        random.chance(90).then(|| random.below(kind.values.len()) as u64)
    }

    /// What stands in FROM.
    pub fn rows(&self, rows: &[(Row, String)]) -> String {
        let given: Vec<&Column> = self.columns.iter().filter(|c| c.role != Role::To).collect();
        let none = (Row { cells: vec![None; self.columns.len()], watermark: None }, "NULL".to_owned());
        let all: Vec<&(Row, String)> = if rows.is_empty() { vec![&none] } else { rows.iter().collect() };
        let line = |(row, moment): &&(Row, String)| {
            let cells = self.texts(row, moment, "NULL", |value| value.0).into_iter().zip(&self.columns);
            let cells = cells.filter(|(_, c)| c.role != Role::To).map(|(text, c)| c.kind.cast(&text));
            format!("({})", cells.collect::<Vec<_>>().join(", "))
        };
        let lines = all.iter().map(line).collect::<Vec<_>>().join(", ");
        let names: Vec<String> = given.iter().map(|c| format!("c{}", c.id)).collect();
        let none = if rows.is_empty() { " WHERE false" } else { "" };
        format!("(VALUES {lines}) AS t({}){none}", names.join(", "))
    }

    /// A row of the table as rows are shown.
    pub fn shown(&self, row: &Row, from: &str, to: &str) -> String {
        self.texts(row, from, to, |value| value.1).join("|")
    }

    fn texts(&self, row: &Row, from: &str, to: &str, text: impl Fn(&(&'static str, &'static str)) -> &'static str) -> Vec<String> {
        let mut cells = row.cells.iter();
        let texts = self.columns.iter().map(|column| match column.role {
            Role::From => from.to_owned(),
            Role::To => to.to_owned(),
            Role::Watermark if self.distinct => row.watermark.map_or("NULL".to_owned(), |w| w.to_string()),
            Role::Watermark => or_null(row.watermark.map(|w| text(&column.kind.values[w as usize]))).to_owned(),
            Role::Key | Role::Value => or_null(cells.next().unwrap().map(|cell| text(&column.kind.values[cell]))).to_owned(),
        });
        texts.collect()
    }

    /// What ranks rows of one key: `None` is before every value, as NULL is least, and what is nested comes last.
    pub fn rank(&self, row: &Row) -> (Option<u64>, Vec<Option<usize>>) {
        let columns = self.columns.iter().filter(|c| matches!(c.role, Role::Key | Role::Value));
        let mut cells: Vec<(bool, Option<usize>)> = columns.zip(&row.cells).map(|(c, cell)| (c.kind.is_nested(), *cell)).collect();
        cells.sort_by_key(|(nested, _)| *nested);
        (row.watermark, cells.into_iter().map(|(_, cell)| cell).collect())
    }
}

fn value_kind(random: &mut Random) -> &'static Kind {
    if random.chance(25) { random.one(NESTED) } else { random.one(PLAIN) }
}
