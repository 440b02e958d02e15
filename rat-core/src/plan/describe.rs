//! What the planner's error means to who wrote the query.

use datafusion::common::{Column, DataFusionError, SchemaError, Span};

use super::types;
use crate::error::{Code, Error, nearest};
use crate::execute::sentence;

/// An error of the planner in rat's words, without its place.
pub(super) struct Description {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// Where the planner says it is: it knows for column names, and for little else.
    pub(super) span: Option<Span>,
}

pub(super) fn describe(error: &DataFusionError) -> Description {
    let noted = error.diagnostic().and_then(|d| d.span);
    let mut description = match root(error) {
        DataFusionError::SchemaError(schema, _) => schema_error(schema),
        DataFusionError::NotImplemented(message) => plain(Code::UnsupportedSql, message),
        DataFusionError::Plan(message) | DataFusionError::Execution(message) => planning(message),
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(ours) => {
                Description { code: ours.code(), message: ours.message().to_owned(), help: Some(ours.help().to_owned()), span: None }
            }
            None => plain(Code::InvalidQuery, &inner.to_string()),
        },
        other => planning(&strip(&other.strip_backtrace())),
    };
    description.span = description.span.or(noted);
    description
}

fn root(error: &DataFusionError) -> &DataFusionError {
    match error.find_root() {
        DataFusionError::Collection(all) => all.first().map_or(error, root),
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => root(inner),
        other => other,
    }
}

fn plain(code: Code, message: &str) -> Description {
    Description { code, message: types::in_sql(&sentence(message)), help: None, span: None }
}

fn strip(message: &str) -> String {
    const PREFIXES: &[&str] =
        &["Error during planning: ", "type_coercion\ncaused by\n", "Internal error: ", "Arrow error: ", "Execution error: "];
    PREFIXES.iter().fold(message.to_owned(), |text, prefix| text.replace(prefix, ""))
}

fn schema_error(error: &SchemaError) -> Description {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => unknown_column(field, valid_fields),
        // With its table the engine names a column of the result that another one shadows, and not one that was looked for.
        SchemaError::AmbiguousReference { field } if field.relation.is_some() => duplicate(&field.name),
        SchemaError::AmbiguousReference { field } => Description {
            code: Code::AmbiguousColumn,
            message: format!("more than one table of the query has a column `{}`", field.name),
            help: Some(format!("write the table before it, as in `t.{}`", field.name)),
            span: field.spans.first(),
        },
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => duplicate(name),
    }
}

fn duplicate(name: &str) -> Description {
    Description { code: Code::DuplicateColumn, message: format!("two columns are named `{name}`"), help: None, span: None }
}

fn unknown_column(field: &Column, valid: &[Column]) -> Description {
    let span = field.spans.first();
    let code = Code::UnknownColumn;
    if let Some(relation) = &field.relation {
        let table = relation.table();
        let of_table: Vec<&Column> = valid.iter().filter(|c| c.relation.as_ref().is_some_and(|r| r.table() == table)).collect();
        if of_table.is_empty() {
            let tables: Vec<&str> = valid.iter().filter_map(|c| c.relation.as_ref().map(|r| r.table())).collect();
            let message = format!("`{table}` before `{}` is not a table of the query", field.name);
            return Description { code, message, help: near(table, tables), span };
        }
        let message = format!("`{table}` has no column `{}`", field.name);
        return Description { code, message, help: near(&field.name, of_table.iter().map(|c| c.name.as_str()).collect()), span };
    }
    let message = format!("there is no column `{}`", field.name);
    Description { code, message, help: near(&field.name, valid.iter().map(|c| c.name.as_str()).collect()), span }
}

/// ``Function `md5` requires String, but received BIGINT (DataType: BIGINT)``, once for each way to call it, as a sentence of its own.
fn wrong_argument(message: &str) -> Option<String> {
    let word = |text: &str| {
        let word: String = text.chars().take_while(|c| !c.is_whitespace() && !",.".contains(*c)).collect();
        match word.as_str() {
            "String" => "VARCHAR".to_owned(),
            "Binary" => "BLOB".to_owned(),
            "Numeric" => "numbers".to_owned(),
            _ => word.to_uppercase(),
        }
    };
    let function = message.split_once("unction `")?.1.split_once('`')?.0;
    let given = word(message.split_once("but received ")?.1);
    let mut taken: Vec<String> = ["requires ", "expects "].iter().flat_map(|verb| message.split(verb).skip(1)).map(word).collect();
    let mut seen = std::collections::HashSet::new();
    taken.retain(|one| seen.insert(one.clone()));
    (!taken.is_empty()).then(|| format!("`{function}` takes {}, {given} given", taken.join(" or ")))
}

fn near(name: &str, mut names: Vec<&str>) -> Option<String> {
    if let Some(near) = nearest(name, names.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    const LISTED: usize = 8;
    let mut seen = std::collections::HashSet::new();
    names.retain(|n| seen.insert(*n));
    match names.len() {
        0 => None,
        1..=LISTED => Some(format!("name one of {}", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))),
        _ => None,
    }
}

fn planning(message: &str) -> Description {
    // How the planner phrases what the types of an expression do not allow.
    const TYPES: &[&str] = &[
        "annot coerce",
        "annot infer common",
        "annot get result type",
        "ailed to coerce",
        "not coercible",
        "not comparable",
        "could not coerce",
        "common type",
        "compatible types",
        "Incompatible inputs",
        "does not support type",
        "only supports",
        "can only be applied",
        "No function matches",
        "must be boolean",
        "expects String but",
        "expects Numeric but",
        "requires ",
        "cast",
        "predicate type",
        "non-boolean",
        "annot automatically convert",
    ];
    let first = strip(message);
    let first = first.lines().next().unwrap_or_default();
    if let Some(named) = first.strip_prefix("Projections require unique expression names") {
        let name = named.split('"').nth(1).map(|n| format!(" `{n}`")).unwrap_or_default();
        return Description { code: Code::DuplicateColumn, message: format!("two columns have one name{name}"), help: None, span: None };
    }
    if first.contains("must be in GROUP BY or an aggregate")
        || first.contains("must appear in the GROUP BY")
        || first.contains("must appear in GROUP BY")
    {
        let help = "add it to GROUP BY, or wrap it in an aggregate such as `any_value`".to_owned();
        let message = "a column is neither grouped nor aggregated".to_owned();
        return Description { code: Code::InvalidQuery, message, help: Some(help), span: None };
    }
    if first.contains("subquery can only be used in") {
        let help = "compute it in a query of `FROM` or `WITH`, and use its column here".to_owned();
        let message = "a subquery at this place is not supported".to_owned();
        return Description { code: Code::UnsupportedSql, message, help: Some(help), span: None };
    }
    let one_type = |message: String| {
        let help = "cast them to one type".to_owned();
        Description { code: Code::TypeMismatch, message, help: Some(help), span: None }
    };
    if first.contains("Failed to unify argument types of make_array") {
        return one_type("the values of a list have no type in common".to_owned());
    }
    if let Some(place) = first.strip_prefix("Inconsistent data type across values list at row ") {
        let mut numbers = place.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<usize>().ok());
        let (row, column) = (numbers.next().unwrap_or_default() + 1, numbers.next().unwrap_or_default() + 1);
        return one_type(format!("row {row} of `VALUES` has no type in common with those before it in column {column}"));
    }
    if let Some(message) = wrong_argument(&types::in_sql(&sentence(first))) {
        let help = "give it the arguments that it takes".to_owned();
        return Description { code: Code::TypeMismatch, message, help: Some(help), span: None };
    }
    let code = if TYPES.iter().any(|phrase| first.contains(phrase)) { Code::TypeMismatch } else { Code::InvalidQuery };
    let mut description = plain(code, first);
    // The rest of the planner's sentence is advice about its own options.
    if let Some(end) = description.message.find(". ") {
        description.message.truncate(end);
    }
    if let Some((_, said)) = description.message.rsplit_once("user-defined coercion failed with: ") {
        description.message = sentence(&strip(said));
    }
    if description.message.contains("zero arguments") || description.message.ends_with(" given") {
        description.code = Code::TypeMismatch;
        description.help = Some("give it the arguments that it takes".to_owned());
    }
    description
}
