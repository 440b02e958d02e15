//! What Iceberg's crate writes of Avro that other readers refuse, and the other way round. A type that has a name may be defined once. The crate
//! defines it wherever it stands, as in a manifest of a table that is partitioned by two columns of one DECIMAL type, which Spark refuses; others
//! name it where it stands again, which neither the crate nor PyIceberg reads.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

const MAGIC: &[u8] = b"Obj\x01";
const SCHEMA: &[u8] = b"avro.schema";

/// The file with each of its types under a name of its own, as every reader takes it. What is no Avro file, or has no two of one name, is as it
/// was: the rows are encoded alike.
pub(super) fn named_apart(file: Bytes) -> Bytes {
    with_schema(&file, |schema| name_apart(schema, &mut BTreeSet::new())).map_or(file, Bytes::from)
}

/// The file with every type defined wherever it stands, as the crate reads it.
pub(super) fn defined_everywhere(file: &[u8]) -> Cow<'_, [u8]> {
    with_schema(file, |schema| define_again(schema, &mut BTreeMap::new())).map_or(Cow::Borrowed(file), Cow::Owned)
}

/// The file with another schema; `None` when the change changes nothing, or it is no Avro file.
fn with_schema(file: &[u8], change: impl FnOnce(&mut Value) -> bool) -> Option<Vec<u8>> {
    let (entries, rest) = header(file.strip_prefix(MAGIC)?)?;
    let (_, schema) = entries.iter().find(|(key, _)| *key == SCHEMA)?;
    let mut schema: Value = serde_json::from_slice(schema).ok()?;
    if !change(&mut schema) {
        return None;
    }
    let schema = serde_json::to_vec(&schema).ok()?;
    let mut out = MAGIC.to_vec();
    put(&mut out, entries.len() as i64);
    for (key, value) in entries {
        let value = if key == SCHEMA { &schema } else { value };
        for part in [key, value] {
            put(&mut out, part.len() as i64);
            out.extend_from_slice(part);
        }
    }
    put(&mut out, 0);
    out.extend_from_slice(rest);
    Some(out)
}

/// Puts definitions where a type is named; says whether there was one.
fn define_again(schema: &mut Value, known: &mut BTreeMap<String, Value>) -> bool {
    match schema {
        Value::String(name) => match known.get(name) {
            Some(definition) => {
                *schema = definition.clone();
                true
            }
            None => false,
        },
        Value::Array(parts) => parts.iter_mut().fold(false, |changed, part| define_again(part, known) | changed),
        Value::Object(parts) => {
            if let (Some("fixed"), Some(name)) = (parts.get("type").and_then(Value::as_str), parts.get("name").and_then(Value::as_str)) {
                known.insert(name.to_owned(), Value::Object(parts.clone()));
                return false;
            }
            let holds_types = |key: &str| matches!(key, "type" | "fields" | "items" | "values");
            let types = parts.iter_mut().filter(|(key, _)| holds_types(key));
            types.fold(false, |changed, (_, part)| define_again(part, known) | changed)
        }
        _ => false,
    }
}

/// Gives another name to a type that is defined under one that is taken; says whether there was one.
fn name_apart(schema: &mut Value, taken: &mut BTreeSet<String>) -> bool {
    match schema {
        Value::Array(parts) => parts.iter_mut().fold(false, |changed, part| name_apart(part, taken) | changed),
        Value::Object(parts) => {
            let is_fixed = parts.get("type").is_some_and(|kind| kind == "fixed");
            let Some(Value::String(name)) = parts.get_mut("name").filter(|_| is_fixed) else {
                return parts.values_mut().fold(false, |changed, part| name_apart(part, taken) | changed);
            };
            let defined = name.clone();
            let mut others = (2..).map(|n: u64| format!("{defined}_{n}"));
            while !taken.insert(name.clone()) {
                name.clone_from(&others.next().unwrap_or_default());
            }
            *name != defined
        }
        _ => false,
    }
}

type Entry<'a> = (&'a [u8], &'a [u8]);

/// The entries of a file's header, and what comes after it.
fn header(mut bytes: &[u8]) -> Option<(Vec<Entry<'_>>, &[u8])> {
    let mut entries = Vec::new();
    loop {
        let mut count = long(&mut bytes)?;
        if count == 0 {
            return Some((entries, bytes));
        }
        if count < 0 {
            count = count.checked_neg()?;
            long(&mut bytes)?;
        }
        for _ in 0..count {
            entries.push((text(&mut bytes)?, text(&mut bytes)?));
        }
    }
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(long(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(text)
}

/// A number of as many bytes as it needs, its sign last.
fn long(bytes: &mut &[u8]) -> Option<i64> {
    let mut number: u64 = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return i64::try_from(number >> 1).ok().map(|half| half ^ -i64::from(number & 1 == 1));
        }
    }
    None
}

fn put(out: &mut Vec<u8>, number: i64) {
    let mut left = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while left > 0x7f {
        out.push(u8::try_from(left & 0x7f).unwrap_or_default() | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap_or_default());
}
