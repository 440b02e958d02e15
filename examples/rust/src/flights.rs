//! New York's flights of January 2013, week by week: landed files to bronze, silver and gold; what each run did; a file that is refused
//! without harm; and the answer.
#![allow(clippy::print_stdout, reason = "a program that shows what it does")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::util::pretty::pretty_format_batches;
use rat_core::{BuildOptions, BuildReport, Lake, QueryOptions, RunStatus};

const ANSWER: &str = "
select carrier, airline, flights, average_departure_delay, average_arrival_delay
from gold.carrier_delays
order by average_arrival_delay desc";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the examples folder")?.to_path_buf();
    let folder = std::env::temp_dir().join(format!("rat-flights-{}", std::process::id()));
    let shown = show(&examples, &folder).await;
    fs::remove_dir_all(&folder)?;
    shown
}

async fn show(examples: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    copy(&examples.join("projects/flights"), folder)?;
    let landed = Landed { data: examples.join("data/nycflights13"), zones: folder.join("default/landing") };
    for (zone, file) in [("airlines", "airlines.csv"), ("airports", "airports.csv"), ("planes", "planes.csv")] {
        landed.land(zone, file)?;
    }
    landed.land("weather", "weather_2013-01.csv")?;

    let lake = Lake::open(&folder.to_string_lossy()).await?;
    for week in 1..=5 {
        println!("week {week} lands");
        landed.land("flights", &format!("flights_2013-01_week{week}.csv"))?;
        tell(&lake.build(&BuildOptions::default()).await?);
        if week == 3 {
            refuse(&lake, &landed).await?;
        }
    }

    println!("where gold.carrier_delays comes from");
    let graph = lake.graph(&rat_core::GraphOptions::default()).await?;
    let delays = rat_core::name::Name::parse("gold.carrier_delays", lake.namespace())?;
    println!("  {}", graph.upstream(&delays).iter().map(|name| name.short()).collect::<Vec<_>>().join(" → "));

    println!("the answer");
    println!("{}", ask(&lake, "select count(*) as flights from silver.flights").await?);
    println!("{}", ask(&lake, ANSWER).await?);
    Ok(())
}

/// A file with an airport that is not New York's: its quality test fails, nothing is published, and what readers see stays as it was.
async fn refuse(lake: &Lake, landed: &Landed) -> Result<(), Box<dyn Error>> {
    println!("a bad file lands");
    let before = ask(lake, ANSWER).await?;
    let text = fs::read_to_string(landed.data.join("flights_2013-01_week5.csv"))?;
    let bad: Vec<String> = text.lines().take(20).map(|line| line.replace(",EWR,", ",XXX,")).collect();
    let file = landed.zones.join("flights/flights_2013-01_bad.csv");
    fs::write(&file, bad.join("\n"))?;
    tell(&lake.build(&BuildOptions::default()).await?);
    println!("  readers see the same as before: {}", before == ask(lake, ANSWER).await?);
    fs::remove_file(file)?;
    Ok(())
}

fn tell(report: &BuildReport) {
    for run in &report.runs {
        let name = run.pipeline.short();
        match (&run.skipped_reason, run.status) {
            (Some(reason), _) => println!("  {name:<24} skipped: {reason}"),
            (None, RunStatus::Success) => println!(
                "  {name:<24} {:>6} rows in, {:>6} updated, {:>6} in the table, {:>4} ms, {} tests",
                run.rows_written,
                run.rows_updated,
                run.rows_total.map_or_else(|| "-".to_owned(), |rows| rows.to_string()),
                run.duration_ms,
                run.tests.len()
            ),
            (None, status) => println!("  {name:<24} {}", status.as_str()),
        }
        if let Some(error) = &run.error {
            println!("{error:#}");
        }
    }
}

async fn ask(lake: &Lake, sql: &str) -> Result<String, Box<dyn Error>> {
    let result = lake.query(sql, &QueryOptions::default()).await?;
    Ok(pretty_format_batches(&result.batches)?.to_string())
}

struct Landed {
    data: PathBuf,
    zones: PathBuf,
}

impl Landed {
    /// What another system does: puts a file where the pipeline looks for it.
    fn land(&self, zone: &str, file: &str) -> std::io::Result<()> {
        fs::create_dir_all(self.zones.join(zone))?;
        fs::copy(self.data.join(file), self.zones.join(zone).join(file))?;
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &target)? } else { fs::copy(entry.path(), target).map(drop)? }
    }
    Ok(())
}
