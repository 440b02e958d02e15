//! The door: opening a lake, a run over ten rows, a small build, a large full refresh.

use std::fs;
use std::path::Path;

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::context::SessionContext;
use rat_core::{BuildOptions, Freshness, Lake, QueryOptions, RunOptions};
use tokio::runtime::Runtime;

use crate::measure::{Bench, PAIRS, peak_memory_mb, reset_peak_memory};

fn write(root: &Path, layer: &str, name: &str, sql: &str) {
    let folder = root.join("default/pipelines").join(layer).join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pipeline.sql"), sql).unwrap();
}

pub fn run(bench: &mut Bench) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    write(folder.path(), "silver", "ten", "select i, i * 2 as twice, 'x' || i as text from range(0, 10) t(i)");
    let open = || runtime.block_on(Lake::open(&path)).unwrap();
    let lake = open();

    bench.alone("open a lake", "15 ms", 51, || drop(open()));
    let ten = || {
        runtime.block_on(lake.run("silver.ten", &RunOptions::default())).unwrap().into_result().unwrap();
    };
    bench.alone("run over ten rows, full_refresh", "30 ms", 51, ten);
    bench.alone("open a lake and ask count(*)", "", 51, || {
        let lake = open();
        runtime.block_on(lake.query("select count(*) from silver.ten", &QueryOptions::default())).unwrap();
    });

    let twenty = tempfile::tempdir().unwrap();
    for n in 0..20 {
        let from = if n < 4 { "range(0, 1000) t(i)".to_owned() } else { format!("{{{{ ref('silver.p{}') }}}}", n - 4) };
        write(twenty.path(), "silver", &format!("p{n}"), &format!("select i, i % 7 as k from {from}"));
    }
    let lake20 = runtime.block_on(Lake::open(&twenty.path().to_string_lossy())).unwrap();
    let all = BuildOptions { freshness: Freshness::RunAll, ..BuildOptions::default() };
    bench.alone("build of 20 pipelines over 1,000 rows", "0.5 s", 9, || {
        runtime.block_on(lake20.build(&all)).unwrap().into_result().unwrap();
    });
    bench.alone("the same with nothing to do", "", 9, || {
        runtime.block_on(lake20.build(&BuildOptions::default())).unwrap().into_result().unwrap();
    });
    refresh(bench, &runtime);
}

/// Ten million rows of four columns, written by rat as a table and by DataFusion as bare Parquet.
fn refresh(bench: &mut Bench, runtime: &Runtime) {
    const COLUMNS: &str = "i as id, i % 1000 as k, i * 0.5 as v, concat('name', i % 50000) as s";
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "silver", "big", &format!("select {COLUMNS} from range(0, 10000000) t(i)"));
    let lake = runtime.block_on(Lake::open(&folder.path().to_string_lossy())).unwrap();
    let bare = tempfile::tempdir().unwrap();
    let target = bare.path().join("bare");
    reset_peak_memory();
    bench.pair(
        "full_refresh of 10M rows x 4 columns",
        "1.3",
        "DataFusion writing the same Parquet (zstd)",
        PAIRS,
        || {
            runtime.block_on(lake.run("silver.big", &RunOptions::default())).unwrap().into_result().unwrap();
        },
        || {
            let _ = fs::remove_dir_all(&target);
            #[expect(clippy::disallowed_methods, reason = "the reference is the engine as it comes")]
            let context = SessionContext::new();
            let sql = format!("select {} from range(0, 10000000)", COLUMNS.replace("i ", "value ").replace("i)", "value)"));
            let mut options = datafusion::config::TableParquetOptions::default();
            options.global.compression = Some("zstd(1)".to_owned());
            let written = runtime.block_on(async {
                context.sql(&sql).await?.write_parquet(&target.to_string_lossy(), DataFrameWriteOptions::new(), Some(options)).await
            });
            written.unwrap();
        },
    );
    bench.note(format!("peak memory of the process {} MB", peak_memory_mb()));
}
