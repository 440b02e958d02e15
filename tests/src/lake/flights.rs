//! The example project, week by week: what DuckDB answers over the same files is what gold holds.

use std::fs;
use std::path::{Path, PathBuf};

use rat_core::error::Code;
use rat_core::{BuildOptions, CheckOptions, Lake, QueryOptions, RunStatus};

use crate::scan::interop::{ask, python};

pub(super) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples")
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() { copy(&entry.path(), &target) } else { fs::copy(entry.path(), target).map(drop).unwrap() }
    }
}

fn land(project: &Path, zone: &str, file: &str) {
    let folder = project.join("default/landing").join(zone);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(examples().join("data/nycflights13").join(file), folder.join(file)).unwrap();
}

async fn rows(lake: &Lake, sql: &str) -> Vec<Vec<String>> {
    let result = lake.query(sql, &QueryOptions::default()).await.unwrap();
    let mut rows = Vec::new();
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|c| arrow::util::display::array_value_to_string(c, row).unwrap()).collect());
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn five_weeks_a_refused_file_and_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path();
    copy(&examples().join("projects/flights"), project);
    for zone in ["airlines", "airports", "planes"] {
        land(project, zone, &format!("{zone}.csv"));
    }
    land(project, "weather", "weather_2013-01.csv");
    land(project, "flights", "flights_2013-01_week1.csv");
    let lake = Lake::open(&project.to_string_lossy()).await.unwrap();

    let report = lake.check(&CheckOptions::default()).await.unwrap();
    assert!(report.ok, "{}", report.diagnostics.iter().map(|d| format!("{d:#}\n")).collect::<String>());
    let delays = &report.pipelines[&rat_core::name::Name::parse("gold.carrier_delays", "default").unwrap()];
    let columns: Vec<_> = delays.schema.as_ref().unwrap().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(columns[..3], ["carrier", "airline", "flights"]);

    for week in 1..=5 {
        land(project, "flights", &format!("flights_2013-01_week{week}.csv"));
        lake.build(&BuildOptions::default()).await.unwrap().into_result().unwrap();
        if week == 3 {
            let before = rows(&lake, "select * from gold.carrier_delays order by carrier").await;
            let bad = project.join("default/landing/flights/bad.csv");
            let text = fs::read_to_string(examples().join("data/nycflights13/flights_2013-01_week5.csv")).unwrap();
            fs::write(&bad, text.lines().take(20).map(|l| l.replace(",EWR,", ",XXX,") + "\n").collect::<String>()).unwrap();
            let refused = lake.build(&BuildOptions::default()).await.unwrap();
            assert_eq!(refused.status, RunStatus::Failed);
            assert_eq!(refused.into_result().unwrap_err().code(), Code::QualityFailed);
            assert_eq!(rows(&lake, "select * from gold.carrier_delays order by carrier").await, before);
            assert!(bad.exists(), "a file that was not published stays where it landed");
            fs::remove_file(bad).unwrap();
        }
    }

    assert_eq!(rows(&lake, "select count(*) from silver.flights").await, [["27004"]]);
    assert_eq!(rows(&lake, "select count(*) from bronze.flights").await, [["27004"]]);
    let answer =
        rows(&lake, "select carrier, flights, average_departure_delay, average_arrival_delay from gold.carrier_delays order by 4 desc, 1")
            .await;
    assert_eq!((answer.len(), answer[0][0].as_str(), answer[15][0].as_str()), (16, "OO", "VX"), "the worst and the best");
    if let Some(python) = python() {
        let data = examples().join("data/nycflights13");
        let duckdb = ask(&python, "flights.py", &[&data.to_string_lossy()]).into_values().next().unwrap();
        assert_eq!(answer.iter().map(|row| row.join("|")).collect::<Vec<_>>(), duckdb);
    }
    let worst: Vec<_> = rows(&lake, "select carrier from gold.worst_carriers").await.concat();
    assert_eq!(worst, ["OO", "HA", "EV", "F9", "YV"]);
    // Landed weeks were moved away, each into the folder of the run that took it.
    let left: Vec<_> = fs::read_dir(project.join("default/landing/flights")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["_processed"]);

    // Nothing has landed since: there is nothing to do, from the landing zones on.
    let idle = lake.build(&BuildOptions::default()).await.unwrap();
    let worked: Vec<_> = idle.runs.iter().filter(|run| run.skipped_reason.is_none()).map(|run| run.pipeline.short()).collect();
    assert_eq!(worked, Vec::<String>::new());

    // A week that is sent again is a new file; its flights are not doubled in silver.
    land(project, "flights", "flights_2013-01_week2.csv");
    let again = lake.build(&BuildOptions::default()).await.unwrap().into_result().unwrap();
    let silver = again.runs.iter().find(|run| run.pipeline.short() == "silver.flights").unwrap();
    assert_eq!((silver.rows_written, silver.rows_inserted, silver.rows_updated), (6109, 0, 6109));
    assert_eq!(rows(&lake, "select count(*) from silver.flights").await, [["27004"]]);
}
