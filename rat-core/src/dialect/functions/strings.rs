//! Text functions that the engine lacks or answers otherwise.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListBuilder, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use sha2::{Digest, Sha256};

use super::scalar::{Scalar, exactly};

fn two_texts(types: &[DataType]) -> Result<Vec<DataType>> {
    exactly("this function", types, &[DataType::Utf8, DataType::Utf8])
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// The characters `from` to `to`, counted from 1, both included; from the end when negative.
pub(super) fn slice(text: &str, from: i64, to: i64) -> String {
    let length = text.chars().count() as i64;
    let place = |at: i64| if at < 0 { length + at + 1 } else { at };
    let (from, to) = (place(from).max(1), place(to).min(length));
    if from > to {
        return String::new();
    }
    text.chars().skip((from - 1) as usize).take((to - from + 1) as usize).collect()
}

/// `substring('abc', from, count)`: a negative `from` counts from the end, a negative `count` goes back from there.
fn substring(text: &str, from: i64, count: Option<i64>) -> String {
    let length = text.chars().count() as i64;
    let start = if from < 0 { (length + from).max(0) } else { from.saturating_sub(1) };
    let (first, past) = match count {
        None => (start, length),
        Some(count) if count < 0 => (start.saturating_add(count), start),
        Some(count) => (start, start.saturating_add(count)),
    };
    let (first, past) = (first.clamp(0, length), past.clamp(0, length));
    text.chars().skip(first as usize).take((past - first).max(0) as usize).collect()
}

fn pairs(args: &[ArrayRef], test: fn(&str, &str) -> bool) -> ArrayRef {
    let rows = args[0].as_string::<i32>().iter().zip(args[1].as_string::<i32>());
    Arc::new(rows.map(|(a, b)| Some(test(a?, b?))).collect::<BooleanArray>())
}

fn split(args: &[ArrayRef]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for (text, separator) in args[0].as_string::<i32>().iter().zip(args[1].as_string::<i32>()) {
        let Some(text) = text else {
            builder.append_null();
            continue;
        };
        match separator {
            None => builder.values().append_value(text),
            Some("") if text.is_empty() => builder.values().append_value(""),
            Some("") => text.chars().for_each(|c| builder.values().append_value(c.to_string())),
            Some(separator) => text.split(separator).for_each(|part| builder.values().append_value(part)),
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// The first or last characters; a negative count leaves that many away at the other end.
fn end(args: &[ArrayRef], from_left: bool) -> ArrayRef {
    let rows = args[0].as_string::<i32>().iter().zip(args[1].as_primitive::<Int64Type>());
    let cut = |text: &str, count: i64| {
        let length = text.chars().count() as i64;
        let kept = if count < 0 { (length + count).max(0) } else { count.min(length) };
        if from_left { text.chars().take(kept as usize).collect::<String>() } else { text.chars().skip((length - kept) as usize).collect() }
    };
    Arc::new(rows.map(|(text, count)| Some(cut(text?, count?))).collect::<StringArray>())
}

fn pad(args: &[ArrayRef], left: bool) -> Result<ArrayRef> {
    let (texts, lengths, pads) = (args[0].as_string::<i32>(), args[1].as_primitive::<Int64Type>(), args[2].as_string::<i32>());
    let mut builder = StringBuilder::new();
    for row in 0..texts.len() {
        if args.iter().any(|arg| arg.is_null(row)) {
            builder.append_null();
            continue;
        }
        let (text, length, pad) = (texts.value(row), lengths.value(row).max(0), pads.value(row));
        if length > 10_000_000 {
            return exec_err!("a text of {length} characters is too long to pad to");
        }
        let (length, have) = (length as usize, text.chars().count());
        if have >= length {
            builder.append_value(text.chars().take(length).collect::<String>());
            continue;
        }
        if pad.is_empty() {
            return exec_err!("a text cannot be padded with nothing");
        }
        let filling: String = pad.chars().cycle().take(length - have).collect();
        builder.append_value(if left { filling + text } else { text.to_owned() + &filling });
    }
    Ok(Arc::new(builder.finish()))
}

/// One of the functions below, for the rewrites that call it.
pub(in crate::dialect) fn named(name: &str) -> Option<Arc<ScalarUDF>> {
    static ALL: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(all);
    ALL.iter().find(|function| function.name() == name).cloned()
}

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let text_and_count = |types: &[DataType]| exactly("this function", types, &[DataType::Utf8, DataType::Int64]);
    let padding = |types: &[DataType]| exactly("`lpad` or `rpad`", types, &[DataType::Utf8, DataType::Int64, DataType::Utf8]);
    let all = [
        Scalar::udf(&["suffix", "ends_with"], two_texts, |_| Ok(DataType::Boolean), |args, _| Ok(pairs(args, |a, b| a.ends_with(b)))),
        Scalar::udf(&["prefix", "starts_with"], two_texts, |_| Ok(DataType::Boolean), |args, _| Ok(pairs(args, |a, b| a.starts_with(b)))),
        Scalar::udf(
            &["string_split", "str_split", "string_to_array", "split"],
            two_texts,
            |_| Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))),
            |args, _| Ok(split(args)),
        ),
        Scalar::udf(&["left"], text_and_count, |_| Ok(DataType::Utf8), |args, _| Ok(end(args, true))),
        Scalar::udf(&["right"], text_and_count, |_| Ok(DataType::Utf8), |args, _| Ok(end(args, false))),
        Scalar::udf(&["lpad"], padding, |_| Ok(DataType::Utf8), |args, _| pad(args, true)),
        Scalar::udf(&["rpad"], padding, |_| Ok(DataType::Utf8), |args, _| pad(args, false)),
        Scalar::udf(
            &["substring", "substr"],
            |types| match types.len() {
                2 => Ok(vec![DataType::Utf8, DataType::Int64]),
                3 => Ok(vec![DataType::Utf8, DataType::Int64, DataType::Int64]),
                n => plan_err!("`substring` takes a text, a start and a count; {n} arguments given"),
            },
            |_| Ok(DataType::Utf8),
            |args, _| {
                let (texts, from) = (args[0].as_string::<i32>(), args[1].as_primitive::<Int64Type>());
                let counts = args.get(2).map(|counts| counts.as_primitive::<Int64Type>());
                let one = |row: usize| {
                    (!args.iter().any(|arg| arg.is_null(row)))
                        .then(|| substring(texts.value(row), from.value(row), counts.map(|c| c.value(row))))
                };
                Ok(Arc::new((0..texts.len()).map(one).collect::<StringArray>()) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["text_slice"],
            |types| exactly("text_slice", types, &[DataType::Utf8, DataType::Int64, DataType::Int64]),
            |_| Ok(DataType::Utf8),
            |args, _| {
                let (texts, from, to) =
                    (args[0].as_string::<i32>(), args[1].as_primitive::<Int64Type>(), args[2].as_primitive::<Int64Type>());
                let one = |row: usize| {
                    (!args.iter().any(|arg| arg.is_null(row))).then(|| slice(texts.value(row), from.value(row), to.value(row)))
                };
                Ok(Arc::new((0..texts.len()).map(one).collect::<StringArray>()) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["replace"],
            |types| exactly("replace", types, &[DataType::Utf8, DataType::Utf8, DataType::Utf8]),
            |_| Ok(DataType::Utf8),
            |args, _| {
                let column = |i: usize| args[i].as_string::<i32>().iter();
                let one = |text: &str, from: &str, to: &str| if from.is_empty() { text.to_owned() } else { text.replace(from, to) };
                let rows = column(0).zip(column(1)).zip(column(2));
                Ok(Arc::new(rows.map(|((text, from), to)| Some(one(text?, from?, to?))).collect::<StringArray>()) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["sha256"],
            |types| exactly("sha256", types, &[DataType::Utf8]),
            |_| Ok(DataType::Utf8),
            |args, _| {
                let hex = |text: &str| Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                Ok(Arc::new(args[0].as_string::<i32>().iter().map(|text| Some(hex(text?))).collect::<StringArray>()) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["len", "length"],
            |types| match types {
                [value] if is_list(value) => Ok(types.to_vec()),
                _ => exactly("`len`", types, &[DataType::Utf8]),
            },
            |_| Ok(DataType::Int64),
            |args, _| {
                let values = &args[0];
                let lengths: datafusion::arrow::array::Int64Array = match values.data_type() {
                    DataType::Utf8 => values.as_string::<i32>().iter().map(|text| Some(text?.chars().count() as i64)).collect(),
                    DataType::List(_) => values.as_list::<i32>().iter().map(|list| Some(list?.len() as i64)).collect(),
                    DataType::LargeList(_) => values.as_list::<i64>().iter().map(|list| Some(list?.len() as i64)).collect(),
                    _ => values.as_fixed_size_list().iter().map(|list| Some(list?.len() as i64)).collect(),
                };
                Ok(Arc::new(lengths) as ArrayRef)
            },
        ),
    ];
    all.into_iter().map(Arc::new).collect()
}
