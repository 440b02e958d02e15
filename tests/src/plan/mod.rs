//! Planning: names, types, places of errors, lineage.

mod errors;
mod lineage;
mod names;

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use rat_core::clock::ManualClock;
use rat_core::error::{Diagnostic, Label, Source};
use rat_core::interop::dialect::{Problem, ReadCall, Reads};
use rat_core::interop::plan::{Planned, Relation, Relations, empty_table, plan};
use rat_core::interop::session::{Options, Session};
use rat_core::name::Name;

pub(crate) static SESSION: LazyLock<Session> =
    LazyLock::new(|| Session::open(Arc::new(ManualClock::default()), &Options::default()).unwrap());

/// A small lake that exists only as columns.
struct Lake(Vec<(Name, SchemaRef)>);

impl Relations for Lake {
    fn relation(&self, name: &Name) -> Option<Relation> {
        if name.name == "broken" {
            return Some(Relation::Unknown);
        }
        self.0.iter().find(|(n, _)| n == name).map(|(_, schema)| empty_table(Arc::clone(schema)))
    }

    fn read(&self, call: &ReadCall) -> Result<Relation, Vec<Problem>> {
        let _ = call;
        Ok(empty_table(Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("name", DataType::Utf8, true)]))))
    }

    fn names(&self) -> Vec<Name> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    fn namespace(&self) -> &str {
        "default"
    }
}

fn lake() -> Lake {
    let table = |name: &str, columns: &[(&str, DataType)]| {
        let fields: Vec<Field> = columns.iter().map(|(n, t)| Field::new(*n, t.clone(), true)).collect();
        (Name::parse(name, "default").unwrap(), Arc::new(Schema::new(fields)))
    };
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    Lake(vec![
        table(
            "silver.orders",
            &[
                ("id", DataType::Int64),
                ("customer_id", DataType::Int64),
                ("status", DataType::Utf8),
                ("amount", DataType::Float64),
                ("ordered_at", timestamp),
            ],
        ),
        table("silver.customers", &[("id", DataType::Int64), ("name", DataType::Utf8), ("country", DataType::Utf8)]),
        table("bronze.mixed", &[("CustomerId", DataType::Int64), ("Total", DataType::Float64)]),
        table("bronze.other", &[("customerid", DataType::Int64), ("note", DataType::Utf8)]),
        table("shop.gold.sales", &[("day", DataType::Date32), ("amount", DataType::Float64)]),
    ])
}

fn planned(sql: &str) -> (Option<Planned>, Vec<Diagnostic>) {
    let source = Source::new("query.sql", sql);
    let places = move |range: Range<usize>, text: &str| vec![Label { source: Arc::clone(&source), range, text: text.to_owned() }];
    plan(&SESSION, sql, &places, &lake(), Reads::Allowed)
}

fn good(sql: &str) -> Planned {
    let (planned, diagnostics) = planned(sql);
    assert!(diagnostics.is_empty(), "{sql}: {diagnostics:#?}");
    planned.expect(sql)
}

/// The columns as `name TYPE, …`.
fn columns(sql: &str) -> Vec<String> {
    good(sql).schema.fields().iter().map(|f| f.name().clone()).collect()
}

/// Each diagnostic as `CODE text-under-the-caret | message | help`.
fn problems(sql: &str) -> Vec<String> {
    let (planned, diagnostics) = planned(sql);
    assert!(planned.is_none(), "planned: {sql}");
    diagnostics
        .iter()
        .map(|d| {
            let place = d.labels.first().map(|l| &l.source.text[l.range.clone()]).unwrap_or_default();
            format!("{} `{place}` | {} | {}", d.code, d.message, d.help.as_deref().unwrap_or("-"))
        })
        .collect()
}
