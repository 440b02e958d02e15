//! What only a disk has: links, folders, a read-only file system.

use std::collections::BTreeMap;

use bytes::Bytes;
use rat_core::error::Code;
use rat_core::interop::storage::Storage;

use crate::eventually::eventually;

fn open(path: &std::path::Path) -> Storage {
    Storage::open(path.to_str().unwrap(), &BTreeMap::new()).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn a_lake_opened_through_a_link_is_the_same_lake() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    std::fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    assert_eq!(open(&link).url(), open(&real).url());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("shop");
    let error = Storage::open(missing.to_str().unwrap(), &BTreeMap::new()).unwrap_err();
    assert_eq!(error.code(), Code::PathNotFound);
    assert!(error.message().contains("shop"), "{error}");
    Storage::create(missing.to_str().unwrap(), &BTreeMap::new()).unwrap();
    assert!(missing.is_dir());
}

#[test]
fn relative_and_absolute_and_url_are_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let url = format!("file://{}", path.display());
    assert_eq!(open(&path).url(), url);
    assert_eq!(Storage::open(&url, &BTreeMap::new()).unwrap().url(), url);
    assert_eq!(Storage::open(&format!("{}/x/..", path.display()), &BTreeMap::new()).unwrap().url(), url);
    for spelled in ["file:", "file://localhost", "FILE://LOCALHOST"] {
        assert_eq!(Storage::open(&format!("{spelled}{}", path.display()), &BTreeMap::new()).unwrap().url(), url);
    }
}

#[test]
fn a_url_is_percent_encoded_and_opens_the_folder_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("a%20b #?d é");
    let storage = Storage::create(path.to_str().unwrap(), &BTreeMap::new()).unwrap();
    let encoded = storage.encoded_url();
    assert!(encoded.ends_with("/a%2520b%20%23%3Fd%20%C3%A9"), "{encoded}");
    let again = Storage::open(&encoded, &BTreeMap::new()).unwrap();
    assert_eq!((again.url(), again.encoded_url()), (storage.url(), encoded));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no folder of another name was made");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_whose_name_cannot_be_read_is_named() {
    use std::os::unix::ffi::OsStrExt;
    for (name, told) in [(&b"caf\xe9.csv"[..], "caf%E9.csv"), (b"a\tb.csv", "a\\tb.csv")] {
        let folder = tempfile::tempdir().unwrap();
        let zone = folder.path().join("default/landing/orders");
        std::fs::create_dir_all(&zone).unwrap();
        std::fs::write(zone.join(std::ffi::OsStr::from_bytes(name)), "a\n1\n").unwrap();
        let error = open(folder.path()).list("default/landing").await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidName, "{error:?}");
        let expected = format!("`default/landing` has a file whose name cannot be read: `default/landing/orders/{told}`, percent-encoded");
        assert_eq!(error.message(), expected);
        assert!(error.help().contains("UTF-8"), "{error:?}");
    }
}

#[tokio::test]
async fn a_dropped_writer_leaves_no_hidden_file() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let mut writer = storage.writer("data/large").unwrap();
    writer.write(Bytes::from(vec![0u8; 12 * 1024 * 1024])).await.unwrap();
    drop(writer);
    // The removal runs on the blocking pool, and the directory is empty once it is done.
    let data = folder.path().join("data");
    eventually("no hidden file is left", async || std::fs::read_dir(&data).unwrap().next().is_none()).await;
}

#[tokio::test]
async fn syncing_a_file_that_is_gone_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let error = storage.sync(&["gone".to_owned()]).await.unwrap_err();
    assert_eq!(error.code(), Code::PathNotFound);
}
