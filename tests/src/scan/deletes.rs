//! Deletes of every kind, as the format says they apply.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray};
use iceberg::spec::{Datum, Literal, PrimitiveType, Struct, Transform, Type};
use proptest::prelude::*;

use super::lake::{Lake, Said, batch, schema};

fn long() -> Type {
    Type::Primitive(PrimitiveType::Long)
}

fn longs(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn one_column(values: impl IntoIterator<Item = i64>) -> arrow::array::RecordBatch {
    batch(vec![(1, "a", longs(values))])
}

fn numbers() -> Lake {
    Lake::new(schema(0, &[(1, "a", long())]), &[])
}

#[tokio::test]
async fn position_deletes_are_row_selections_over_row_groups() {
    let mut lake = numbers();
    lake.rows_per_group = 100;
    let data = lake.data(&one_column(0..350), Said::default()).await;
    let gone: Vec<i64> = (0..350).filter(|p| p % 7 == 0 || (100..200).contains(p) || *p == 349).collect();
    let path = data.path.clone();
    lake.commit(vec![data]).await;
    let rows: Vec<(&str, i64)> = gone.iter().map(|p| (path.as_str(), *p)).collect();
    let deletes = lake.position_deletes(&rows, Said::default()).await;
    lake.commit(vec![deletes]).await;
    let left: Vec<i64> = (0..350).filter(|p| !gone.contains(p)).collect();
    let sorted = |values: Vec<i64>| {
        let mut lines: Vec<String> = values.iter().map(ToString::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(lake.rows("select a from t").await, sorted(left.clone()));
    assert_eq!(lake.rows("select count(*) from t").await, [left.len().to_string()]);
    assert_eq!(lake.rows("select min(a), max(a) from t").await, ["1|348"]);
    assert_eq!(
        lake.rows("select a from t where a >= 290 and a < 310").await,
        sorted(left.iter().copied().filter(|a| (290..310).contains(a)).collect())
    );
    assert_eq!(lake.rows("select a from t order by a limit 3").await, ["1", "2", "3"]);
    assert_eq!(lake.rows("select a from t order by a desc limit 3").await, ["346", "347", "348"]);
    // All rows of the middle row groups pass the filter: the limit must not bring the deleted ones back.
    for limit in [1, 40, 100, 200] {
        let found = lake.rows(&format!("select a from t where a >= 0 limit {limit}")).await;
        assert_eq!(found.len(), limit.min(left.len()));
        assert!(found.iter().all(|a| left.contains(&a.parse().unwrap())), "limit {limit}: {found:?}");
    }
}

#[tokio::test]
async fn a_position_delete_reaches_files_of_its_sequence_number_and_older() {
    let mut lake = numbers();
    let first = lake.data(&one_column([1, 2]), Said::default()).await;
    let path = first.path.clone();
    let same_commit = lake.position_deletes(&[(&path, 0)], Said::default()).await;
    lake.commit(vec![first, same_commit]).await;
    assert_eq!(lake.rows("select a from t").await, ["2"]);

    // A file that is younger than a delete of the same path is not touched by it.
    let mut lake = numbers();
    let data = lake.data(&one_column([1, 2]), Said::default()).await;
    let early = lake.position_deletes(&[(&data.path, 0)], Said::default()).await;
    lake.commit(vec![early]).await;
    lake.commit(vec![data]).await;
    assert_eq!(lake.rows("select a from t").await, ["1", "2"]);
    assert_eq!(lake.rows("select count(*) from t").await, ["2"]);
}

#[tokio::test]
async fn position_deletes_stay_in_their_partition_unless_they_name_the_file() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long())]), &[(1, "a", Transform::Identity)]);
    let spec = lake.spec_id();
    let part = |v: i64| Said { partition: Some(Struct::from_iter([Some(Literal::long(v))])), spec, ..Said::default() };
    let one = lake.data(&one_column([1, 1]), part(1)).await;
    let two = lake.data(&one_column([2, 2]), part(2)).await;
    let (path_one, path_two) = (one.path.clone(), two.path.clone());
    lake.commit(vec![one, two]).await;
    // Two paths, so the bounds do not name one; the partition is that of the first.
    let scoped = lake.position_deletes(&[(&path_one, 0), (&path_two, 0)], part(1)).await;
    lake.commit(vec![scoped]).await;
    assert_eq!(lake.rows("select a, count(*) from t group by a").await, ["1|1", "2|2"]);
    let mut named = part(1);
    named.lower.insert(2147483546, Datum::string(&path_two));
    named.upper.insert(2147483546, Datum::string(&path_two));
    let named = lake.position_deletes(&[(&path_two, 1)], named).await;
    lake.commit(vec![named]).await;
    assert_eq!(lake.rows("select a, count(*) from t group by a").await, ["1|1", "2|1"]);
}

#[tokio::test]
async fn equality_deletes_treat_null_as_null_and_reach_only_older_files() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long()), (2, "b", Type::Primitive(PrimitiveType::String))]), &[]);
    let rows = |a: Vec<Option<i64>>, b: Vec<Option<&str>>| {
        batch(vec![(1, "a", Arc::new(Int64Array::from(a))), (2, "b", Arc::new(StringArray::from(b)))])
    };
    let old = lake.data(&rows(vec![Some(1), None, Some(3), None], vec![Some("x"), Some("y"), None, None]), Said::default()).await;
    lake.commit(vec![old]).await;
    let keys = rows(vec![None, Some(3)], vec![Some("y"), None]);
    let deletes = lake.equality_deletes(&keys, &[1, 2], Said::default()).await;
    // The new row has the key of a deleted one, in the same commit: an upsert.
    let new = lake.data(&rows(vec![Some(3)], vec![None]), Said::default()).await;
    lake.commit(vec![deletes, new]).await;
    assert_eq!(lake.rows("select a, b from t").await, ["1|x", "3|NULL", "NULL|NULL"]);
    assert_eq!(lake.rows("select count(*) from t").await, ["3"]);
    assert_eq!(lake.rows("select b from t where a is null").await, ["NULL"]);
    assert_eq!(lake.rows("select a from t limit 2").await.len(), 2, "no limit below the anti-join");
    assert_eq!(lake.rows("select 1 from t").await, ["1", "1", "1"], "key columns are read though nobody asks for them");
}

#[tokio::test]
async fn equality_deletes_of_several_kinds_commits_and_ages_add_up() {
    let mut lake = Lake::new(schema(0, &[(1, "a", long()), (2, "b", long())]), &[]);
    let rows = |from: i64, to: i64| batch(vec![(1, "a", longs(from..to)), (2, "b", longs((from..to).map(|v| v % 10)))]);
    let first = lake.data(&rows(0, 50), Said::default()).await;
    lake.commit(vec![first]).await;
    let by_a = lake.equality_deletes(&one_column([3, 4, 60]), &[1], Said::default()).await;
    lake.commit(vec![by_a]).await;
    let second = lake.data(&rows(50, 100), Said::default()).await;
    let path = second.path.clone();
    lake.commit(vec![second]).await;
    let by_b = lake.equality_deletes(&batch(vec![(2, "b", longs([7]))]), &[2], Said::default()).await;
    let position = lake.position_deletes(&[(&path, 0)], Said::default()).await;
    lake.commit(vec![by_b, position]).await;
    let wanted: Vec<i64> = (0..100).filter(|v| v % 10 != 7 && ![3, 4, 50].contains(v)).collect();
    assert_eq!(lake.rows("select count(*), sum(a) from t").await, [format!("{}|{}", wanted.len(), wanted.iter().sum::<i64>())]);
    assert_eq!(lake.rows("select a from t order by a limit 4").await, ["0", "1", "2", "5"]);
}

#[tokio::test]
async fn equality_deletes_of_a_partition_stay_in_it_and_survive_a_dropped_column() {
    let mut lake = Lake::new(
        schema(0, &[(1, "a", long()), (2, "p", long()), (3, "k", Type::Primitive(PrimitiveType::Int))]),
        &[(2, "p", Transform::Identity)],
    );
    let spec = lake.spec_id();
    let part = |v: i64| Said { partition: Some(Struct::from_iter([Some(Literal::long(v))])), spec, ..Said::default() };
    let rows =
        |a: i64, p: i64, k: i32| batch(vec![(1, "a", longs([a])), (2, "p", longs([p])), (3, "k", Arc::new(Int32Array::from(vec![k])))]);
    let one = lake.data(&rows(1, 1, 9), part(1)).await;
    let two = lake.data(&rows(2, 2, 9), part(2)).await;
    lake.commit(vec![one, two]).await;
    let deletes = lake.equality_deletes(&batch(vec![(3, "k", Arc::new(Int32Array::from(vec![9])))]), &[3], part(2)).await;
    lake.commit(vec![deletes]).await;
    assert_eq!(lake.rows("select a, p from t").await, ["1|1"]);
    lake.evolve(schema(1, &[(1, "a", long()), (2, "p", long())]));
    assert_eq!(lake.rows("select a, p from t").await, ["1|1"]);
    assert_eq!(lake.rows("select * from t").await, ["1|1"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    // Random rows, row groups and deletes of both kinds over several commits, against a list of rows that are crossed out.
    #[test]
    fn deletes_are_those_of_a_plain_model(
        group in 1_usize..40,
        commits in prop::collection::vec((1_i64..80, prop::collection::vec(0_i64..80, 0..12), prop::collection::vec(0_i64..30, 0..3)), 1..5),
        low in 0_i64..30,
        limit in 1_usize..60,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut lake = numbers();
            lake.rows_per_group = group;
            let mut model: Vec<(String, Vec<Option<i64>>)> = Vec::new();
            for (count, positions, keys) in commits {
                let values: Vec<i64> = (0..count).map(|i| i * 17 % 30).collect();
                let data = lake.data(&one_column(values.clone()), Said::default()).await;
                let mut added = Vec::new();
                if !keys.is_empty() {
                    added.push(lake.equality_deletes(&one_column(keys.clone()), &[1], Said::default()).await);
                    for value in model.iter_mut().flat_map(|(_, rows)| rows) {
                        value.take_if(|v| keys.contains(v));
                    }
                }
                model.push((data.path.clone(), values.into_iter().map(Some).collect()));
                added.push(data);
                let mut named: Vec<(String, i64)> = Vec::new();
                for position in positions {
                    let file = usize::try_from(position).unwrap() % model.len();
                    let (path, rows) = &mut model[file];
                    let position = position % i64::try_from(rows.len()).unwrap();
                    rows[usize::try_from(position).unwrap()] = None;
                    named.push((path.clone(), position));
                }
                named.sort();
                if !named.is_empty() {
                    let named: Vec<(&str, i64)> = named.iter().map(|(path, position)| (path.as_str(), *position)).collect();
                    added.push(lake.position_deletes(&named, Said::default()).await);
                }
                lake.commit(added).await;
            }
            let live: Vec<i64> = model.iter().flat_map(|(_, rows)| rows.iter().flatten().copied()).collect();
            let text = |values: &mut dyn Iterator<Item = &i64>| { let mut lines: Vec<String> = values.map(ToString::to_string).collect(); lines.sort(); lines };
            prop_assert_eq!(lake.rows("select a from t").await, text(&mut live.iter()));
            prop_assert_eq!(lake.rows("select count(*) from t").await, [live.len().to_string()]);
            prop_assert_eq!(lake.rows(&format!("select a from t where a >= {low}")).await, text(&mut live.iter().filter(|v| **v >= low)));
            let some = lake.rows(&format!("select a from t where a >= {low} limit {limit}")).await;
            prop_assert_eq!(some.len(), live.iter().filter(|v| **v >= low).count().min(limit));
            let mut last = live.clone();
            last.sort_unstable_by(|a, b| b.cmp(a));
            last.truncate(limit);
            prop_assert_eq!(lake.rows(&format!("select a from t order by a desc limit {limit}")).await, text(&mut last.iter()));
            Ok::<(), TestCaseError>(())
        })?;
    }
}
