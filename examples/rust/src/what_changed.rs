//! Which days' sales did this morning's corrections change? A table is asked as it is, and as it was under a tag.
#![allow(clippy::print_stdout, reason = "a program that shows what it does")]

use std::collections::BTreeMap;
use std::error::Error;

use arrow::util::display::array_value_to_string;
use rat_core::{BuildOptions, InitOptions, Lake, QueryOptions};

const CORRECTION: &str = "order_id,customer,ordered_at,amount\n2,Grace,2024-03-01 10:30:00,18.00\n";
const SALES: &str = "select day, amount from gold.daily_sales order by day";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let lake = Lake::init(&folder.path().join("shop").to_string_lossy(), &InitOptions::default()).await?;
    lake.build(&BuildOptions::default()).await?.into_result()?;
    lake.tables().tag("gold.daily_sales", "yesterday", None).await?;
    lake.landing().put("orders", "2024-03-03.csv", CORRECTION).await?;
    lake.build(&BuildOptions::default()).await?.into_result()?;
    let before = sales(&lake, Some("yesterday")).await?;
    for (day, amount) in sales(&lake, None).await? {
        let was = before.get(&day).map_or("nothing", String::as_str);
        if amount != was {
            println!("{day}: {was} became {amount}");
        }
    }
    Ok(())
}

/// The amount of each day.
async fn sales(lake: &Lake, as_of: Option<&str>) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let result = lake.query(SALES, &QueryOptions { as_of: as_of.map(str::to_owned), ..QueryOptions::default() }).await?;
    let mut amounts = BTreeMap::new();
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            amounts.insert(array_value_to_string(batch.column(0), row)?, array_value_to_string(batch.column(1), row)?);
        }
    }
    Ok(amounts)
}
