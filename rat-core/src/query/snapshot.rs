//! The tables a query reads, as they were at one state of the catalog.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::sql::sqlparser::ast::Statement;

use super::{QueryContext, QueryOptions, information};
use crate::dialect::{self, Problem, ReadCall, Reads};
use crate::error::{Code, Error, Label, Result, Source};
use crate::name::Name;
use crate::plan::{self, Absent, Relation, Relations, expanded, mentioned};
use crate::session::Session;
use crate::tables::{self, Tables};

/// How often the catalog is asked again when it moves while it is read.
const READS: usize = 16;

/// How deep views may name views.
const VIEW_DEPTH: usize = 32;

#[derive(Default)]
pub(super) struct Snapshot {
    namespace: String,
    relations: HashMap<Name, Relation>,
    specials: HashMap<String, Relation>,
    absent: BTreeMap<Name, Absent>,
    names: Vec<Name>,
}

impl Snapshot {
    pub(super) async fn load(context: &QueryContext<'_>, statement: &Statement, options: &QueryOptions) -> Result<Self> {
        let mentioned = mentioned(statement, &options.namespace);
        let visible = |name: &Name| options.namespaces.as_ref().is_none_or(|all| all.contains(&name.namespace));
        let wants_information = mentioned.others.iter().any(|other| other.starts_with(information::SCHEMA));
        let listed: Vec<Name> = match wants_information {
            true => context.tables.list().await?.into_iter().map(|entry| entry.name).filter(visible).collect(),
            false => Vec::new(),
        };
        let wanted: BTreeSet<Name> = mentioned.tables.iter().filter(|name| visible(name)).chain(&listed).cloned().collect();
        let (mut found, mut missing) = consistent(context.tables, wanted, visible).await?;
        missing |= mentioned.others.iter().any(|other| !other.starts_with(information::SCHEMA));
        if let Some(as_of) = &options.as_of {
            for relation in found.values_mut() {
                if let tables::Relation::Table(table) = relation {
                    *table = as_of.of(table)?;
                }
            }
        }

        let mut snapshot = Self { namespace: options.namespace.clone(), ..Self::default() };
        if missing {
            snapshot.absent = context.project.pipelines().await?;
            snapshot.absent.retain(|name, _| visible(name));
            let tables = context.tables.list().await?.into_iter().map(|entry| entry.name).filter(visible);
            snapshot.names = tables.chain(snapshot.absent.keys().cloned()).collect::<BTreeSet<_>>().into_iter().collect();
        }
        for name in found.keys() {
            let relation = relation(context.session, &found, &snapshot.absent, name, 0)?;
            snapshot.relations.insert(name.clone(), relation);
        }
        if wants_information {
            snapshot.specials = information::relations(&found, &snapshot.relations, &listed)?;
        }
        Ok(snapshot)
    }
}

impl Relations for Snapshot {
    fn relation(&self, name: &Name) -> Option<Relation> {
        self.relations.get(name).cloned()
    }

    fn special(&self, name: &str) -> Option<Relation> {
        self.specials.get(name).cloned()
    }

    fn absent(&self, name: &Name) -> Option<Absent> {
        self.absent.get(name).copied()
    }

    fn read(&self, call: &ReadCall) -> Result<Relation, Vec<Problem>> {
        let message = "a query reads tables, not files".to_owned();
        Err(vec![Problem { code: Code::UnknownFunction, message, help: None, range: call.range.clone() }])
    }

    fn names(&self) -> Vec<Name> {
        self.names.clone()
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }
}

pub(super) type Found = BTreeMap<Name, tables::Relation>;

/// Loads tables, and what their views name, from one state of the catalog: all pointers are read, and read again until none moved in
/// between. A pointer never goes back to where it was, so two equal readings are one state. Also gives whether one of them is not there.
async fn consistent(tables: &Tables, wanted: BTreeSet<Name>, visible: impl Fn(&Name) -> bool) -> Result<(Found, bool)> {
    for _ in 0..READS {
        let mut found = Found::new();
        let mut pointers = BTreeMap::new();
        let mut next = wanted.clone();
        let mut seen = wanted.clone();
        while let Some(name) = next.pop_first() {
            let relation = tables.find(&name).await?;
            pointers.insert(name.clone(), relation.as_ref().and_then(location));
            if let Some(tables::Relation::View(view)) = &relation {
                let inner = parsed_view(view.sql(), &name)?;
                next.extend(
                    mentioned(&inner.statement, &name.namespace).tables.into_iter().filter(|n| visible(n) && seen.insert(n.clone())),
                );
            }
            found.extend(relation.map(|relation| (name, relation)));
        }
        if pointers.len() < 2 || unmoved(tables, &pointers).await? {
            let missing = found.len() < pointers.len();
            return Ok((found, missing));
        }
    }
    Err(Error::new(Code::CatalogUnavailable, "the catalog moved too often to read one state of it").retryable(true))
}

async fn unmoved(tables: &Tables, pointers: &BTreeMap<Name, Option<String>>) -> Result<bool> {
    for (name, location) in pointers {
        let now = tables.catalog().load(name).await?.map(|pointer| pointer.metadata_location);
        if now != *location {
            return Ok(false);
        }
    }
    Ok(true)
}

fn location(relation: &tables::Relation) -> Option<String> {
    match relation {
        tables::Relation::Table(table) => table.metadata_location().map(str::to_owned),
        tables::Relation::View(view) => Some(view.metadata_location().to_owned()),
    }
}

fn parsed_view(sql: &str, name: &Name) -> Result<dialect::Parsed> {
    dialect::parse(sql, Reads::Unknown).map_err(|problems| {
        let said = problems.first().map(|p| p.message.clone()).unwrap_or_default();
        Error::new(Code::InvalidQuery, format!("the view `{name}` cannot be read: {said}"))
    })
}

fn relation(session: &Session, found: &Found, absent: &BTreeMap<Name, Absent>, name: &Name, depth: usize) -> Result<Relation> {
    match &found[name] {
        tables::Relation::Table(table) => Ok(Relation::Known(provider_as_source(table.provider()?))),
        tables::Relation::View(view) => {
            if depth == VIEW_DEPTH {
                return Err(Error::new(Code::InvalidQuery, format!("views are nested deeper than {VIEW_DEPTH} at `{name}`")));
            }
            let parsed = parsed_view(view.sql(), name)?;
            let mut relations = HashMap::new();
            for inner in mentioned(&parsed.statement, &name.namespace).tables {
                if found.contains_key(&inner) {
                    relations.insert(inner.clone(), relation(session, found, absent, &inner, depth + 1)?);
                }
            }
            let inside = Snapshot { namespace: name.namespace.clone(), relations, absent: absent.clone(), ..Snapshot::default() };
            let source = Source::new(format!("view {name}"), view.sql());
            let places =
                |range: std::ops::Range<usize>, text: &str| vec![Label { source: Arc::clone(&source), range, text: text.to_owned() }];
            let (planned, diagnostics) = plan::plan_parsed(session, view.sql(), parsed, &places, &inside);
            match planned {
                Some(planned) => Ok(expanded(planned.plan)),
                None => Err(match Error::from_diagnostics(diagnostics) {
                    Some(error) => Error::new(error.code(), format!("the view `{name}` cannot be planned: {}", error.message()))
                        .with_help(error.help().to_owned()),
                    None => Error::new(Code::InvalidQuery, format!("the view `{name}` cannot be planned")),
                }),
            }
        }
    }
}
