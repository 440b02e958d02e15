//! Regular expressions: RE2's language, which the engine's shares.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanBuilder, ListBuilder, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{Result, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use regex::{Regex, RegexBuilder};

use super::scalar::Scalar;

/// The patterns of one batch, compiled once each.
#[derive(Default)]
struct Patterns(HashMap<(String, String, bool), Regex>);

impl Patterns {
    fn get(&mut self, pattern: &str, options: &str, whole: bool) -> Result<&Regex> {
        let key = (pattern.to_owned(), options.to_owned(), whole);
        if !self.0.contains_key(&key) {
            let mut literal = false;
            let mut flags = (false, false, false);
            for option in options.chars() {
                match option {
                    'c' => flags.0 = false,
                    'i' => flags.0 = true,
                    's' => flags.1 = true,
                    'm' | 'n' | 'p' => flags.2 = true,
                    'l' => literal = true,
                    'g' => {}
                    other => return exec_err!("`{other}` is not an option of regular expressions"),
                }
            }
            let text = if literal { regex::escape(pattern) } else { of_ascii(pattern) };
            let text = if whole { format!(r"\A(?:{text})\z") } else { text };
            let built = RegexBuilder::new(&text).case_insensitive(flags.0).dot_matches_new_line(flags.1).multi_line(flags.2).build();
            let compiled = built.map_err(|e| {
                exec_datafusion_err!("`{pattern}` is not a regular expression: {}", e.to_string().lines().last().unwrap_or(""))
            })?;
            self.0.insert(key.clone(), compiled);
        }
        Ok(&self.0[&key])
    }
}

/// RE2's `\w`, `\d`, `\s` and `\b` know ASCII alone.
fn of_ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    let mut in_class = false;
    while let Some(c) = characters.next() {
        match c {
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '\\' => {
                match characters.next() {
                    Some('w') => out.push_str("[0-9A-Za-z_]"),
                    Some('W') => out.push_str("[^0-9A-Za-z_]"),
                    Some('d') => out.push_str("[0-9]"),
                    Some('D') => out.push_str("[^0-9]"),
                    Some('s') => out.push_str(r"[\t\n\f\r ]"),
                    Some('S') => out.push_str(r"[^\t\n\f\r ]"),
                    Some(c @ ('b' | 'B')) if !in_class => out.push_str(&format!(r"(?-u:\{c})")),
                    Some(c) => out.extend(['\\', c]),
                    None => out.push('\\'),
                }
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

fn texts(types: &[DataType], least: usize, most: usize) -> Result<Vec<DataType>> {
    if types.len() < least || types.len() > most {
        return plan_err!("this function takes {least} to {most} arguments, {} given", types.len());
    }
    Ok(vec![DataType::Utf8; types.len()])
}

fn options(args: &[ArrayRef], at: usize) -> Option<&StringArray> {
    args.get(at).map(|options| options.as_string::<i32>())
}

fn matched(args: &[ArrayRef], whole: bool) -> Result<ArrayRef> {
    let (values, patterns, options) = (args[0].as_string::<i32>(), args[1].as_string::<i32>(), options(args, 2));
    let mut compiled = Patterns::default();
    let mut builder = BooleanBuilder::with_capacity(values.len());
    for row in 0..values.len() {
        if values.is_null(row) || patterns.is_null(row) {
            builder.append_null();
            continue;
        }
        let options = options.map_or("", |options| options.value(row));
        builder.append_value(compiled.get(patterns.value(row), options, whole)?.is_match(values.value(row)));
    }
    Ok(Arc::new(builder.finish()))
}

/// `~`: some part of the text matches.
pub(in crate::dialect) fn matches() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(&["regexp_matches"], |types| texts(types, 2, 3), |_| Ok(DataType::Boolean), |args, _| matched(args, false)))
    });
    Arc::clone(&FUNCTION)
}

/// The whole text matches.
fn full_match() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(&["regexp_full_match"], |types| texts(types, 2, 3), |_| Ok(DataType::Boolean), |args, _| matched(args, true)))
    });
    Arc::clone(&FUNCTION)
}

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let extract = Scalar::udf(&["regexp_extract"], extracting, |_| Ok(DataType::Utf8), |args, _| extract(args));
    let extract_all = Scalar::udf(&["regexp_extract_all"], extracting, |_| Ok(list_of_text()), |args, _| extract_all(args));
    let replace = Scalar::udf(&["regexp_replace"], |types| texts(types, 3, 4), |_| Ok(DataType::Utf8), |args, _| replace(args));
    let split = Scalar::udf(
        &["regexp_split_to_array", "string_split_regex", "str_split_regex"],
        |types| texts(types, 2, 3),
        |_| Ok(list_of_text()),
        |args, _| split(args),
    );
    vec![full_match(), matches(), Arc::new(extract), Arc::new(extract_all), Arc::new(replace), Arc::new(split)]
}

fn list_of_text() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

fn extracting(types: &[DataType]) -> Result<Vec<DataType>> {
    let mut coerced = texts(types, 2, 4)?;
    if let Some(group) = coerced.get_mut(2) {
        *group = DataType::Int64;
    }
    Ok(coerced)
}

fn group(args: &[ArrayRef], row: usize) -> Result<usize> {
    let Some(groups) = args.get(2) else { return Ok(0) };
    let group = groups.as_primitive::<Int64Type>().value(row);
    usize::try_from(group).map_err(|_| exec_datafusion_err!("the group of a regular expression cannot be {group}"))
}

/// No match is an empty text, not NULL.
fn extract(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, patterns, options) = (args[0].as_string::<i32>(), args[1].as_string::<i32>(), options(args, 3));
    let mut compiled = Patterns::default();
    let mut builder = StringBuilder::new();
    for row in 0..values.len() {
        if values.is_null(row) || patterns.is_null(row) {
            builder.append_null();
            continue;
        }
        let regex = compiled.get(patterns.value(row), options.map_or("", |o| o.value(row)), false)?;
        let group = group(args, row)?;
        if group >= regex.captures_len() {
            return exec_err!("the regular expression has no group {group}");
        }
        let found = regex.captures(values.value(row)).and_then(|captures| captures.get(group));
        builder.append_value(found.map_or("", |found| found.as_str()));
    }
    Ok(Arc::new(builder.finish()))
}

fn extract_all(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, patterns, options) = (args[0].as_string::<i32>(), args[1].as_string::<i32>(), options(args, 3));
    let mut compiled = Patterns::default();
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in 0..values.len() {
        if values.is_null(row) || patterns.is_null(row) {
            builder.append_null();
            continue;
        }
        let regex = compiled.get(patterns.value(row), options.map_or("", |o| o.value(row)), false)?;
        let group = group(args, row)?;
        if group >= regex.captures_len() {
            return exec_err!("the regular expression has no group {group}");
        }
        for captures in regex.captures_iter(values.value(row)) {
            builder.values().append_option(captures.get(group).map(|found| found.as_str()));
        }
        builder.append(true);
    }
    Ok(Arc::new(builder.finish()))
}

/// The first match, or with `g` every one; `\1` in the replacement is the first group.
fn replace(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, patterns, replacements) = (args[0].as_string::<i32>(), args[1].as_string::<i32>(), args[2].as_string::<i32>());
    let options = options(args, 3);
    let mut compiled = Patterns::default();
    let mut builder = StringBuilder::new();
    for row in 0..values.len() {
        if values.is_null(row) || patterns.is_null(row) || replacements.is_null(row) {
            builder.append_null();
            continue;
        }
        let options = options.map_or("", |options| options.value(row));
        let regex = compiled.get(patterns.value(row), options, false)?;
        let limit = usize::from(!options.contains('g'));
        let replacement = replacements.value(row);
        let replaced = regex.replacen(values.value(row), limit, |captures: &regex::Captures<'_>| {
            let mut out = String::new();
            let mut chars = replacement.chars();
            while let Some(c) = chars.next() {
                match (c, if c == '\\' { chars.next() } else { None }) {
                    ('\\', Some(digit)) if digit.is_ascii_digit() => {
                        let group = digit as usize - '0' as usize;
                        out.push_str(captures.get(group).map_or("", |found| found.as_str()));
                    }
                    ('\\', Some(other)) => out.push(other),
                    (c, _) => out.push(c),
                }
            }
            out
        });
        builder.append_value(replaced);
    }
    Ok(Arc::new(builder.finish()))
}

fn split(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, patterns, options) = (args[0].as_string::<i32>(), args[1].as_string::<i32>(), options(args, 2));
    let mut compiled = Patterns::default();
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in 0..values.len() {
        if values.is_null(row) || patterns.is_null(row) {
            builder.append_null();
            continue;
        }
        let regex = compiled.get(patterns.value(row), options.map_or("", |o| o.value(row)), false)?;
        for part in regex.split(values.value(row)) {
            builder.values().append_value(part);
        }
        builder.append(true);
    }
    Ok(Arc::new(builder.finish()))
}
