//! `read_csv('landing://…')` and its kin: a table's name in the tree, and a call for the caller to answer.

use std::ops::Range;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Spanned, TableAlias, TableFactor, UnaryOperator, Value,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, Tokenizer};

use super::Rewriter;
use crate::dialect::syntax::Syntax;
use crate::dialect::{OptionValue, Problem, ReadCall, ReadFunction, Reads, byte_range};
use crate::error::Code;

pub(super) fn table_factor(rewriter: &mut Rewriter<'_>, factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args, .. } = factor else { return };
    let [ObjectNamePart::Identifier(ident)] = name.0.as_slice() else { return };
    let Some(args) = args else {
        // `FROM 'orders.csv'` names a file.
        if ident.quote_style == Some('\'') {
            let mut problem = not_a_zone(rewriter, ident.span, &ident.value);
            problem.range = file_name(rewriter.sql, &ident.value).unwrap_or(problem.range);
            rewriter.problems.push(problem);
        }
        return;
    };
    let Some(function) = read_function(&ident.value) else { return };
    let written = ident.clone();
    if rewriter.reads == Reads::Unknown {
        rewriter.problems.push(Problem {
            code: Code::UnknownFunction,
            message: format!("function `{}` does not exist in queries", ident.value),
            help: Some("read the files in a pipeline, and query its table".to_owned()),
            range: byte_range(rewriter.sql, ident.span),
        });
        return;
    }
    let mut range = byte_range(rewriter.sql, ident.span);
    let end = args.args.iter().map(|arg| byte_range(rewriter.sql, arg.span()).end).max().unwrap_or(range.end).max(range.end);
    range.end = rewriter.sql[end..].find(')').map_or(end, |closing| end + closing + 1);
    let mut zone_url = None;
    let mut options = Vec::new();
    for (i, arg) in args.args.iter().enumerate() {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) if i == 0 => match zone(value) {
                Some(url) => zone_url = Some(url),
                None => rewriter.problems.push(not_a_zone(rewriter, value.span(), &value.to_string())),
            },
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
                let start = byte_range(rewriter.sql, name.span).start;
                let place = start..byte_range(rewriter.sql, value.span()).end.max(start);
                match option_value(value) {
                    Some(value) => options.push((name.value.to_ascii_lowercase(), value, place)),
                    None => rewriter.problems.push(Problem {
                        code: Code::UnsupportedSql,
                        message: format!("the option `{}` of `{}` is not a literal", name.value, written.value),
                        help: Some("write the value itself: it is needed before any row is read".to_owned()),
                        range: place,
                    }),
                }
            }
            other => {
                let other = other.clone();
                let help = "write options as `name = value`";
                rewriter.unsupported(&other, format!("`{}` takes one landing zone and named options", written.value), help);
            }
        }
    }
    if args.args.is_empty() {
        rewriter.problems.push(not_a_zone(rewriter, written.span, ""));
    }
    let Some(zone_url) = zone_url else { return };
    let alias_table = format!("rat_read_{}", rewriter.calls.len());
    if alias.is_none() {
        let name = Ident { value: written.value.to_ascii_lowercase(), quote_style: None, span: written.span };
        *alias = Some(TableAlias { explicit: true, name, columns: vec![], at: None });
    }
    let placeholder = Ident { value: alias_table.clone(), quote_style: None, span: written.span };
    let alias = alias.take();
    *factor = TableFactor::Table {
        name: ObjectName::from(vec![placeholder]),
        alias,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    };
    rewriter.calls.push(ReadCall { function, zone_url, options, alias_table, range });
}

/// Where a text stands that is read as a table; the parser does not keep the place.
fn file_name(sql: &str, text: &str) -> Option<Range<usize>> {
    let tokens = Tokenizer::new(&Syntax::default(), sql).tokenize_with_location().ok()?;
    let tokens: Vec<_> = tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect();
    let is_it = |token: &Token| matches!(token, Token::SingleQuotedString(found) if found == text);
    let is_table = |before: &Token| matches!(before, Token::Word(word) if matches!(word.keyword, Keyword::FROM | Keyword::JOIN));
    let clause = tokens.windows(2).find(|pair| is_table(&pair[0].token) && is_it(&pair[1].token)).map(|pair| &pair[1]);
    // After a comma: any place of that text.
    let found = clause.or_else(|| tokens.iter().find(|t| is_it(&t.token)))?;
    Some(byte_range(sql, found.span))
}

fn read_function(name: &str) -> Option<ReadFunction> {
    Some(match name.to_ascii_lowercase().as_str() {
        "read_csv" | "read_csv_auto" => ReadFunction::Csv,
        "read_parquet" | "parquet_scan" => ReadFunction::Parquet,
        "read_json" | "read_json_auto" => ReadFunction::Json,
        "read_ndjson" | "read_ndjson_auto" => ReadFunction::Ndjson,
        _ => return None,
    })
}

/// The URL of a landing zone: `landing://namespace/zone`, also as the only element of a list.
fn zone(expr: &Expr) -> Option<String> {
    match option_value(expr)? {
        OptionValue::Text(url) if url.starts_with("landing://") => Some(url),
        OptionValue::List(mut urls) if urls.len() == 1 => match urls.pop() {
            Some(OptionValue::Text(url)) if url.starts_with("landing://") => Some(url),
            _ => None,
        },
        _ => None,
    }
}

fn not_a_zone(rewriter: &Rewriter<'_>, at: Span, written: &str) -> Problem {
    let what = if written.is_empty() { "nothing".to_owned() } else { format!("`{}`", written.trim_matches('\'')) };
    let (message, help) = match rewriter.reads {
        Reads::Allowed => (
            format!("expected a landing zone, found {what}"),
            "write `'{{ landing_zone('name') }}'`: files are read from landing zones only",
        ),
        Reads::Unknown => (format!("{what} is a file, and a query reads tables"), "read the file in a pipeline, and query its table"),
    };
    Problem { code: Code::NotALandingZone, message, help: Some(help.to_owned()), range: byte_range(rewriter.sql, at) }
}

fn option_value(expr: &Expr) -> Option<OptionValue> {
    Some(match expr {
        Expr::Value(value) => match &value.value {
            Value::Null => OptionValue::Null,
            Value::Boolean(b) => OptionValue::Bool(*b),
            Value::Number(digits, _) => match digits.parse() {
                Ok(whole) => OptionValue::Integer(whole),
                Err(_) => OptionValue::Number(digits.parse().ok()?),
            },
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => OptionValue::Text(text.clone()),
            Value::DollarQuotedString(text) => OptionValue::Text(text.value.clone()),
            _ => return None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match option_value(expr)? {
            OptionValue::Integer(whole) => OptionValue::Integer(-whole),
            OptionValue::Number(number) => OptionValue::Number(-number),
            _ => return None,
        },
        Expr::Nested(inner) => option_value(inner)?,
        Expr::Array(array) => OptionValue::List(array.elem.iter().map(option_value).collect::<Option<_>>()?),
        Expr::Dictionary(fields) => OptionValue::Struct(
            fields.iter().map(|field| Some((field.key.value.clone(), option_value(&field.value)?))).collect::<Option<_>>()?,
        ),
        // DuckDB takes a bare word for text: `delim = tab`, `compression = gzip`.
        Expr::Identifier(word) => OptionValue::Text(word.value.clone()),
        _ => return None,
    })
}
