//! Columns that come, go, widen and change their names; files stay as they are.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use rat_core::error::Code;
use rat_core::interop::tables::{Change, ColumnChange, Evolution, NewTable, ReplaceColumns, Table, Tables};

use super::support::{append, batch, memory, orders};

fn field(name: &str, data_type: DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type, true))
}

/// Names, ids and whether NULL is allowed.
fn columns(table: &Table) -> Vec<(String, i32, bool)> {
    table.metadata().current_schema().as_struct().fields().iter().map(|field| (field.name.clone(), field.id, !field.required)).collect()
}

async fn evolve(tables: &Tables, evolution: Evolution) -> Result<Table, rat_core::error::Error> {
    let target = tables.evolve(&tables.get(&orders()).await.unwrap(), evolution)?;
    let staged = tables.stage(Change::new(target)).await?;
    Ok(tables.publish(vec![staged]).await.map_err(|e| e.into_error())?.remove(0))
}

fn changes(columns: Vec<ColumnChange>) -> Evolution {
    Evolution { columns, ..Evolution::default() }
}

#[tokio::test]
async fn columns_keep_their_ids_whatever_they_are_called() {
    let tables = memory();
    append(&tables, &orders(), batch(0..2)).await;
    let table = evolve(
        &tables,
        changes(vec![
            ColumnChange::Rename { from: "NAME".to_owned(), to: "label".to_owned() },
            ColumnChange::Add(field("name", DataType::Utf8)),
            ColumnChange::Add(field("address", DataType::Struct(vec![field("city", DataType::Utf8)].into()))),
        ]),
    )
    .await
    .unwrap();
    let column = |name: &str, id| (name.to_owned(), id, true);
    assert_eq!(columns(&table), [column("id", 1), column("label", 2), column("name", 3), column("address", 4)]);
    let table = evolve(&tables, changes(vec![ColumnChange::Drop("name".to_owned())])).await.unwrap();
    let again = evolve(&tables, changes(vec![ColumnChange::Add(field("name", DataType::Utf8))])).await.unwrap();
    assert_eq!(columns(&table).len(), 3);
    assert_eq!(columns(&again)[3], column("name", 6), "an id is never given twice");
    let first = again.at_snapshot(again.metadata().history()[0].snapshot_id).unwrap();
    assert_eq!(first.schema().unwrap().field(1).name(), "name", "the past has the columns of the past");
}

#[tokio::test]
async fn types_widen_and_never_narrow() {
    let tables = memory();
    let narrow = Arc::new(Schema::new(vec![
        field("i", DataType::Int32),
        field("f", DataType::Float32),
        field("d", DataType::Decimal128(9, 2)),
        field("l", DataType::List(field("item", DataType::Int32))),
    ]));
    let new = NewTable { not_null: vec!["i".to_owned()], ..NewTable::new(narrow) };
    let target = tables.create(&orders(), &new).unwrap();
    assert!(!target.schema().field(0).is_nullable());
    tables.publish(vec![tables.stage(Change::new(target)).await.unwrap()]).await.unwrap();
    let wide = [
        field("I", DataType::Int64),
        field("f", DataType::Float64),
        field("d", DataType::Decimal128(12, 2)),
        field("l", DataType::List(field("item", DataType::Int64))),
    ];
    let mut all: Vec<ColumnChange> = wide.into_iter().map(ColumnChange::Retype).collect();
    all.push(ColumnChange::MakeOptional("i".to_owned()));
    let table = evolve(&tables, changes(all)).await.unwrap();
    let schema = table.schema().unwrap();
    let types: Vec<String> = schema.fields().iter().take(3).map(|field| field.data_type().to_string()).collect();
    assert_eq!(types, ["Int64", "Float64", "Decimal128(12, 2)"]);
    assert!(schema.field(0).is_nullable());
    for (name, data_type) in [("i", DataType::Utf8), ("d", DataType::Decimal128(12, 3)), ("f", DataType::Boolean)] {
        let error = evolve(&tables, changes(vec![ColumnChange::Retype(field(name, data_type))])).await.unwrap_err();
        assert_eq!(error.code(), Code::SchemaChanged, "{name}");
        assert!(error.message().contains(&format!("`{name}`")), "{error}");
    }
    // Asking for less than there is changes nothing.
    let same = evolve(&tables, changes(vec![ColumnChange::Retype(field("i", DataType::Int32))])).await.unwrap();
    assert_eq!(same.schema().unwrap(), schema);
}

#[tokio::test]
async fn a_replacement_keeps_the_ids_of_columns_that_remain() {
    let tables = memory();
    append(&tables, &orders(), batch(0..2)).await;
    let schema = Arc::new(Schema::new(vec![field("extra", DataType::Date32), field("Name", DataType::Utf8), field("id", DataType::Utf8)]));
    let replace = Some(ReplaceColumns { schema, not_null: vec!["name".to_owned()] });
    let table = evolve(&tables, Evolution { replace, ..Evolution::default() }).await.unwrap();
    let ids: Vec<i32> = columns(&table).iter().map(|(_, id, _)| *id).collect();
    assert_eq!(ids, [3, 2, 4], "a new column, the same one, and one whose type became another");
    assert!(!columns(&table)[1].2, "not_null is what it says");
}

#[tokio::test]
async fn changes_that_make_no_sense_are_refused() {
    let tables = memory();
    append(&tables, &orders(), batch(0..2)).await;
    let cases = [
        (ColumnChange::Add(field("ID", DataType::Int64)), Code::SchemaChanged),
        (ColumnChange::Drop("nme".to_owned()), Code::UnknownColumn),
        (ColumnChange::Rename { from: "id".to_owned(), to: "Name".to_owned() }, Code::SchemaChanged),
        (ColumnChange::Add(field("n", DataType::Null)), Code::UnsupportedType),
    ];
    for (change, code) in cases {
        let error = evolve(&tables, changes(vec![change.clone()])).await.unwrap_err();
        assert_eq!(error.code(), code, "{change:?}");
    }
    let error = evolve(&tables, changes(vec![ColumnChange::Drop("nme".to_owned())])).await.unwrap_err();
    assert_eq!(error.help(), "did you mean `name`?");
}
