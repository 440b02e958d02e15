//! Columns are found by field id, whatever the file calls them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, Float32Array, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Fields};
use iceberg::spec::{ListType, Literal, MapType, NestedField, PrimitiveType, Schema, Struct, StructType, Transform, Type};

use super::lake::{Lake, Said, batch, field, schema};

fn primitive(kind: PrimitiveType) -> Type {
    Type::Primitive(kind)
}

fn int() -> Type {
    primitive(PrimitiveType::Int)
}

fn long() -> Type {
    primitive(PrimitiveType::Long)
}

fn string() -> Type {
    primitive(PrimitiveType::String)
}

fn ints(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn longs(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[tokio::test]
async fn a_renamed_column_keeps_its_values_and_a_re_added_one_loses_them() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long()), (2, "b", string())]), &[]);
    let old = lake.data(&batch(vec![(1, "a", longs(&[1, 2])), (2, "b", texts(&["x", "y"]))]), Said::default()).await;
    lake.commit(vec![old]).await;
    // `a` becomes `id`; `b` is dropped and a new `b` of another type is made; `a` is used again for a new column.
    lake.evolve(schema(1, &[(1, "id", long()), (3, "b", long()), (4, "a", string())]));
    let new = lake.data(&batch(vec![(4, "a", texts(&["n"])), (3, "b", longs(&[30])), (1, "id", longs(&[3]))]), Said::default()).await;
    lake.commit(vec![new]).await;
    assert_eq!(lake.rows("select id, b, a from t").await, ["1|NULL|NULL", "2|NULL|NULL", "3|30|n"]);
    assert_eq!(lake.rows("select id from t where b is null").await, ["1", "2"]);
    assert_eq!(lake.rows("select id from t where a = 'n'").await, ["3"]);
    assert_eq!(lake.rows("select b from t where id >= 2").await, ["30", "NULL"]);
}

#[tokio::test]
async fn an_older_snapshot_has_the_columns_of_its_time() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long())]), &[]);
    let old = lake.data(&batch(vec![(1, "a", longs(&[1]))]), Said::default()).await;
    lake.commit(vec![old]).await;
    lake.evolve(schema(1, &[(1, "id", long()), (2, "b", long())]));
    let table = lake.table().await;
    assert_eq!(lake.rows("select id, b from t").await, ["1|NULL"], "a schema that is younger than the snapshot counts");
    let then = table.at_snapshot(1).unwrap();
    let names: Vec<String> = then.provider().unwrap().schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["a"]);
}

#[tokio::test]
async fn types_widen() {
    let decimal = |precision| primitive(PrimitiveType::Decimal { precision, scale: 2 });
    let mut lake = Lake::new(schema(0, &[(1, "i", int()), (2, "f", primitive(PrimitiveType::Float)), (3, "d", decimal(6))]), &[]);
    let cents: ArrayRef = Arc::new(Decimal128Array::from(vec![125, -125]).with_precision_and_scale(6, 2).unwrap());
    let floats: ArrayRef = Arc::new(Float32Array::from(vec![0.5, -2.0]));
    let old = lake.data(&batch(vec![(1, "i", ints(&[i32::MAX, -1])), (2, "f", floats), (3, "d", cents)]), Said::default()).await;
    lake.commit(vec![old]).await;
    lake.evolve(schema(1, &[(1, "i", long()), (2, "f", primitive(PrimitiveType::Double)), (3, "d", decimal(20))]));
    assert_eq!(lake.rows("select i + 1, f, d from t").await, ["0|-2.0|-1.25", "2147483648|0.5|1.25"]);
    assert_eq!(lake.rows("select d from t where i > 2147483646").await, ["1.25"]);
    assert_eq!(lake.rows("select i from t where i < 9000000000 and d < 0").await, ["-1"]);
}

#[tokio::test]
async fn nested_fields_are_found_by_id_at_every_depth() {
    let inner = |fields: Vec<(i32, &str, Type)>| {
        let fields = fields.into_iter().map(|(id, name, kind)| Arc::new(NestedField::optional(id, name, kind)));
        Type::Struct(StructType::new(fields.collect()))
    };
    let of = |s: Type, element: Type, value: Type| {
        vec![
            Arc::new(NestedField::optional(1, "s", s)),
            Arc::new(NestedField::optional(2, "l", Type::List(ListType::new(NestedField::list_element(10, element, false).into())))),
            Arc::new(NestedField::optional(
                3,
                "m",
                Type::Map(MapType::new(
                    NestedField::map_key_element(20, string()).into(),
                    NestedField::map_value_element(21, value, false).into(),
                )),
            )),
        ]
    };
    let before = of(inner(vec![(4, "x", int()), (5, "y", string())]), inner(vec![(11, "e", int())]), inner(vec![(22, "v", int())]));
    let mut lake = Lake::new(Schema::builder().with_fields(before).build().unwrap(), &[]);

    let s = StructArray::from(vec![
        (Arc::new(field(4, "x", DataType::Int32)), ints(&[1, 2])),
        (Arc::new(field(5, "y", DataType::Utf8)), texts(&["p", "q"])),
    ]);
    let element = StructArray::from(vec![(Arc::new(field(11, "e", DataType::Int32)), ints(&[7, 8, 9]))]);
    let l = ListArray::new(
        Arc::new(field(10, "item", element.data_type().clone())),
        OffsetBuffer::from_lengths([2, 1]),
        Arc::new(element),
        None,
    );
    let value = StructArray::from(vec![(Arc::new(field(22, "v", DataType::Int32)), ints(&[100, 200]))]);
    let key = Arc::new(field(20, "keys", DataType::Utf8).with_nullable(false));
    let entries = StructArray::new(
        Fields::from(vec![key, Arc::new(field(21, "values", value.data_type().clone()))]),
        vec![texts(&["k1", "k2"]), Arc::new(value)],
        None,
    );
    let entry = Arc::new(arrow::datatypes::Field::new("entries", entries.data_type().clone(), false));
    let m = MapArray::new(entry, OffsetBuffer::from_lengths([1, 1]), entries, None, false);
    let old = lake.data(&batch(vec![(1, "s", Arc::new(s)), (2, "l", Arc::new(l)), (3, "m", Arc::new(m))]), Said::default()).await;
    lake.commit(vec![old]).await;
    assert_eq!(lake.rows("select s['x'], s['y'], l[1]['e'], m['k1']['v'] from t").await, ["1|p|7|100", "2|q|9|NULL"]);

    // Inside: renamed, widened, dropped, added, reordered.
    let after = of(
        inner(vec![(6, "z", long()), (5, "why", string()), (4, "x", long())]),
        inner(vec![(12, "new", string()), (11, "elem", long())]),
        inner(vec![(22, "v", long()), (23, "w", string())]),
    );
    lake.evolve(Schema::builder().with_schema_id(1).with_fields(after).build().unwrap());
    assert_eq!(
        lake.rows("select s['x'], s['why'], s['z'], l[1]['elem'], l[1]['new'], m['k1']['v'] from t").await,
        ["1|p|NULL|7|NULL|100", "2|q|NULL|9|NULL|NULL"]
    );
    assert_eq!(lake.rows("select s['why'] from t where s['x'] = 2").await, ["q"]);
    assert_eq!(
        lake.rows("select s, l, m from t where s['x'] = 1").await,
        ["{z: NULL, why: p, x: 1}|[{new: NULL, elem: 7}, {new: NULL, elem: 8}]|{k1: {v: 100, w: NULL}}"]
    );
}

#[tokio::test]
async fn rows_older_than_a_column_have_its_initial_default() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long())]), &[]);
    let old = lake.data(&batch(vec![(1, "a", longs(&[1, 2]))]), Said::default()).await;
    lake.commit(vec![old]).await;
    let with_default = Schema::builder().with_schema_id(1).with_fields(vec![
        Arc::new(NestedField::optional(1, "a", long())),
        Arc::new(NestedField::optional(2, "b", long()).with_initial_default(Literal::long(7))),
        Arc::new(NestedField::optional(3, "c", string()).with_initial_default(Literal::string("none"))),
    ]);
    lake.evolve(with_default.build().unwrap());
    let new =
        lake.data(&batch(vec![(1, "a", longs(&[3])), (2, "b", Arc::new(Int64Array::from(vec![None::<i64>])))]), Said::default()).await;
    lake.commit(vec![new]).await;
    assert_eq!(lake.rows("select a, b, c from t").await, ["1|7|none", "2|7|none", "3|NULL|none"]);
    assert_eq!(lake.rows("select a from t where b = 7 and c = 'none'").await, ["1", "2"]);
}

const MAPPING: &str = r#"[{"field-id":1,"names":["a","old_a"]},{"field-id":2,"names":["s"],"fields":[{"field-id":3,"names":["x"]}]},
    {"field-id":4,"names":["l"],"fields":[{"field-id":5,"names":["element"]}]}]"#;

#[tokio::test]
async fn files_without_ids_are_read_by_the_name_mapping_and_refused_without_one() {
    let table = Schema::builder().with_fields(vec![
        Arc::new(NestedField::optional(1, "id", long())),
        Arc::new(NestedField::optional(2, "s", Type::Struct(StructType::new(vec![NestedField::optional(3, "renamed", long()).into()])))),
        Arc::new(NestedField::optional(4, "l", Type::List(ListType::new(NestedField::list_element(5, int(), false).into())))),
    ]);
    let mut lake = Lake::new(table.build().unwrap(), &[]);
    lake.with_ids = false;
    let plain = |name: &str, kind| arrow::datatypes::Field::new(name, kind, true);
    let s = StructArray::from(vec![(Arc::new(plain("x", DataType::Int64)), longs(&[5, 6]))]);
    let l = ListArray::new(Arc::new(plain("item", DataType::Int32)), OffsetBuffer::from_lengths([1, 2]), ints(&[1, 2, 3]), None);
    let foreign = batch(vec![(0, "old_a", longs(&[1, 2])), (0, "s", Arc::new(s)), (0, "l", Arc::new(l)), (0, "unknown", longs(&[9, 9]))]);
    let file = lake.data(&foreign, Said::default()).await;
    lake.commit(vec![file]).await;

    let refused = lake.try_rows("select id from t").await.unwrap_err().to_string();
    assert!(refused.contains("00001.parquet") && refused.contains("no field ids"), "{refused}");

    lake.property("schema.name-mapping.default", MAPPING);
    assert_eq!(lake.rows("select id, s['renamed'], l[1] from t").await, ["1|5|1", "2|6|2"]);
    assert_eq!(lake.rows("select l, id from t where id = 2").await, ["[2, 3]|2"], "nested columns that only lack ids");
}

#[tokio::test]
async fn an_identity_partition_column_that_no_file_holds_comes_from_the_partition() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long()), (2, "day", string())]), &[(2, "day", Transform::Identity)]);
    let spec = lake.spec_id();
    for (value, day) in [(1, Some("mon")), (2, Some("tue")), (3, None)] {
        let partition = Some(Struct::from_iter([day.map(Literal::string)]));
        let file = lake.data(&batch(vec![(1, "a", longs(&[value]))]), Said { partition, spec, ..Said::default() }).await;
        lake.commit(vec![file]).await;
    }
    assert_eq!(lake.rows("select a, day from t").await, ["1|mon", "2|tue", "3|NULL"]);
    assert_eq!(lake.rows("select a from t where day = 'tue'").await, ["2"]);
    assert_eq!(lake.rows("select a from t where day is null").await, ["3"]);
    assert_eq!(lake.rows("select day, count(*) from t group by day").await, ["NULL|1", "mon|1", "tue|1"]);
}
