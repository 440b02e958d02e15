//! Zones and files as they are listed and put.

use bytes::Bytes;
use rat_core::error::Code;
use rat_core::interop::files::zone::parse_url;

use super::Lake;

#[tokio::test]
async fn only_files_that_are_there_to_be_ingested_are_listed() {
    for lake in [Lake::memory(), Lake::local()] {
        for name in [
            "b.csv",
            "a.csv",
            "2024/c.csv",
            "_odd.csv",
            "_samples/s.csv",
            "_samples/.hidden",
            "_processed/run/p.csv",
            ".hidden.csv",
            "x/.git/y.csv",
            "half.csv.tmp",
            "half.part",
            "half.crdownload",
            "saved~",
        ] {
            lake.storage.write(&format!("default/landing/orders/{name}"), Bytes::from_static(b"a\n1\n")).await.unwrap();
        }
        let names: Vec<String> = lake.landing.files("default", "orders").await.unwrap().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["2024/c.csv", "_odd.csv", "a.csv", "b.csv"]);
        let samples: Vec<String> = lake.landing.samples("default", "orders").await.unwrap().into_iter().map(|f| f.name).collect();
        assert_eq!(samples, ["_samples/s.csv"]);
        let zones = lake.landing.zones("default").await.unwrap();
        assert_eq!((zones.len(), zones[0].name.as_str(), zones[0].files, zones[0].bytes), (1, "orders", 4, 16));
        assert!(lake.landing.zones("other").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_empty_zone_is_told_from_one_that_is_not_there() {
    let lake = Lake::local();
    lake.storage.make_folder("default/landing/orders").unwrap();
    assert!(lake.landing.files("default", "orders").await.unwrap().is_empty());
    assert_eq!(lake.landing.zones("default").await.unwrap().len(), 1);
    let error = lake.landing.files("default", "ordres").await.unwrap_err();
    assert_eq!((error.code(), error.help()), (Code::UnknownZone, "did you mean `orders`?"));
    let error = lake.landing.files("default", "weather").await.unwrap_err();
    assert_eq!(error.help(), "create the folder `default/landing/weather`");
}

#[tokio::test]
async fn a_file_is_put_whole_under_a_name_that_is_ingested() {
    let lake = Lake::local();
    lake.landing.put("default", "orders", "2024/a.csv", Bytes::from_static(b"a\n1\n")).await.unwrap();
    let file = &lake.landing.files("default", "orders").await.unwrap()[0];
    assert_eq!((file.name.as_str(), file.size), ("2024/a.csv", 4));
    let mut writer = lake.landing.writer("default", "orders", "big.csv").unwrap();
    writer.write(Bytes::from_static(b"a\n")).await.unwrap();
    assert_eq!(lake.landing.files("default", "orders").await.unwrap().len(), 1, "it is not there before it is whole");
    writer.close().await.unwrap();
    assert_eq!(lake.landing.files("default", "orders").await.unwrap().len(), 2);
    let mut dropped = lake.landing.writer("default", "orders", "dropped.csv").unwrap();
    dropped.write(Bytes::from_static(b"a\n")).await.unwrap();
    drop(dropped);
    assert_eq!(lake.landing.files("default", "orders").await.unwrap().len(), 2);
    for name in ["", "../x.csv", "a/../b.csv", "/x.csv", ".hidden", "x.tmp", "_processed/x.csv", "a//b.csv", "_samples/", "_samples/../x"] {
        let error = lake.landing.put("default", "orders", name, Bytes::new()).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{name}");
    }
    let error = lake.landing.put("default", "Orders", "a.csv", Bytes::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidName);
    lake.landing.remove("default", "orders", "big.csv").await.unwrap();
    assert_eq!(lake.landing.files("default", "orders").await.unwrap().len(), 1);
}

#[test]
fn only_landing_urls_of_valid_names_are_zones() {
    assert_eq!(parse_url("landing://default/orders"), Some(("default", "orders")));
    for url in [
        "",
        "orders",
        "s3://bucket/orders",
        "landing://default",
        "landing://default/../x",
        "landing://default/orders/x",
        "landing:///orders",
    ] {
        assert_eq!(parse_url(url), None, "{url}");
    }
}
