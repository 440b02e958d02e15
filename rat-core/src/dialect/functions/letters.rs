//! Upper and lower case letter by letter, and edit distance byte by byte, as DuckDB has them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::scalar::{Scalar, exactly};

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let cased = |names: &[&'static str], compute| {
        Arc::new(Scalar::udf(names, |types| exactly("this function", types, &[DataType::Utf8]), |_| Ok(DataType::Utf8), compute))
    };
    let levenshtein = Scalar::udf(
        &["levenshtein", "editdist3"],
        |types| exactly("levenshtein", types, &[DataType::Utf8, DataType::Utf8]),
        |_| Ok(DataType::Int64),
        |args, _| {
            let rows = args[0].as_string::<i32>().iter().zip(args[1].as_string::<i32>());
            Ok(Arc::new(rows.map(|(a, b)| Some(distance(a?.as_bytes(), b?.as_bytes()))).collect::<Int64Array>()))
        },
    );
    vec![
        cased(&["upper", "ucase"], |args, _| Ok(each(&args[0], str::to_ascii_uppercase, upper))),
        cased(&["lower", "lcase"], |args, _| Ok(each(&args[0], str::to_ascii_lowercase, lower))),
        Arc::new(levenshtein),
    ]
}

fn each(values: &ArrayRef, ascii: fn(&str) -> String, letter: fn(char) -> char) -> ArrayRef {
    let cased = |text: &str| if text.is_ascii() { ascii(text) } else { text.chars().map(letter).collect() };
    Arc::new(values.as_string::<i32>().iter().map(|text| text.map(cased)).collect::<StringArray>())
}

/// One letter for one: where Unicode's full mapping has several, its simple mapping counts.
fn upper(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => match letter {
            'ß' => 'ẞ',
            // Greek letters with an iota below have a capital of their own.
            'ᾀ'..='ᾇ' | 'ᾐ'..='ᾗ' | 'ᾠ'..='ᾧ' => char::from_u32(letter as u32 + 8).unwrap_or(letter),
            'ᾳ' => 'ᾼ',
            'ῃ' => 'ῌ',
            'ῳ' => 'ῼ',
            other => other,
        },
    }
}

fn lower(letter: char) -> char {
    // Of the capital I with a dot, the full mapping would be an i and a dot.
    letter.to_lowercase().next().unwrap_or(letter)
}

fn distance(a: &[u8], b: &[u8]) -> i64 {
    let mut row: Vec<i64> = (0..=b.len() as i64).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i as i64 + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + i64::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
