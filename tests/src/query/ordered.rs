//! Rows come in the order that was asked for, however many they are and of whatever types.

use futures::TryStreamExt;
use rat_core::interop::query::{QueryOptions, stream};

use super::Lake;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn texts_of_many_batches_keep_their_order() {
    let lake = Lake::new();
    let rows = "(select i, 'row ' || i as s, ['t' || i] as l from range(200000) t(i)) x";
    for (sql, limit) in [
        (format!("select i, s from {rows} order by i"), None),
        (format!("select i, s, l from {rows} order by i limit 150000"), None),
        (format!("select i, s from {rows} order by i"), Some(150_000)),
        (format!("select i, s || '!' as s from {rows} where i % 2 >= 0 order by s, i"), None),
    ] {
        let options = QueryOptions { limit, ..QueryOptions::default() };
        let result = stream(&lake.context(), &sql, &options).await.unwrap();
        let batches: Vec<_> = result.try_collect().await.unwrap();
        assert!(batches.len() > 1);
        let mut before: Option<(String, i64)> = None;
        let by_text = sql.contains("by s");
        for batch in &batches {
            let (numbers, texts) = (arrow::array::as_primitive_array::<arrow::datatypes::Int64Type>(batch.column(0)), batch.column(1));
            let texts = arrow::array::AsArray::as_string::<i32>(texts);
            for row in 0..batch.num_rows() {
                let own = (if by_text { texts.value(row).to_owned() } else { String::new() }, numbers.value(row));
                assert!(before.as_ref().is_none_or(|before| *before < own), "{sql}: {before:?} before {own:?}");
                before = Some(own);
            }
        }
    }
}
