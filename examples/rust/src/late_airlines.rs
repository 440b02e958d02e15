//! Which airlines arrive late most often? A query with a parameter over a month of real flights.
#![allow(clippy::print_stdout, reason = "a program that shows what it does")]

use std::error::Error;

use arrow::util::display::array_value_to_string;
use rat_core::{BuildOptions, InitOptions, Lake, Param, Params, QueryOptions};

const LATE: &str = "
select airline, count(*) as flights, round(100.0 * count(*) filter (where arrival_delay > $minutes) / count(*), 1) as late
from silver.flights
where arrival_delay is not null
group by airline
order by late desc
limit 5";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let minutes = std::env::args().nth(1).map_or(Ok(30), |minutes| minutes.parse())?;
    let folder = tempfile::tempdir()?;
    let flights = InitOptions { example: Some("flights".to_owned()) };
    let lake = Lake::init(&folder.path().join("flights").to_string_lossy(), &flights).await?;
    lake.build(&BuildOptions { select: Some(vec!["+silver.flights".to_owned()]), ..BuildOptions::default() }).await?.into_result()?;
    println!("arrived more than {minutes} minutes late, January 2013");
    let params = Params::named([("minutes".to_owned(), Param::Integer(minutes))]);
    let result = lake.query(LATE, &QueryOptions { params, ..QueryOptions::default() }).await?;
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let cell = |column: usize| array_value_to_string(batch.column(column), row);
            println!("{:<28}{:>7}{:>7.1} %", cell(0)?, cell(1)?, cell(2)?.parse::<f64>()?);
        }
    }
    Ok(())
}
