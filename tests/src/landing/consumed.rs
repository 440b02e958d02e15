//! The set of consumed files: immutable, cheap to read, never guessed.

use bytes::Bytes;
use rat_core::error::Code;
use rat_core::interop::files::LandedFile;
use rat_core::interop::landing::Consumed;

use super::Lake;

fn file(i: usize) -> LandedFile {
    LandedFile { path: format!("default/landing/orders/{i}.csv"), size: i as u64, etag: format!("e{i}") }
}

#[tokio::test]
async fn however_many_runs_there_were_the_set_has_few_pieces() {
    let lake = Lake::memory();
    let mut head: Option<String> = None;
    let mut bytes = 0;
    for i in 0..200 {
        let set = Consumed::load(&lake.storage, head.as_deref()).await.unwrap();
        assert_eq!(set.len(), i);
        assert!(set.paths().count() <= 9, "{} pieces after {i} runs", set.paths().count());
        let before = head.clone();
        head = set.with(&lake.storage, &lake.table, &format!("run-{i}"), &[file(i)]).await.unwrap();
        bytes += lake.storage.stat(head.as_deref().unwrap()).await.unwrap().unwrap().size;
        let old = Consumed::load(&lake.storage, before.as_deref()).await.unwrap();
        assert_eq!(old.len(), i, "the set of the published snapshot stays as it is");
    }
    let set = Consumed::load(&lake.storage, head.as_deref()).await.unwrap();
    for i in 0..200 {
        assert_eq!(set.run_of(&file(i)), Some(format!("run-{i}").as_str()));
    }
    assert!(bytes < 400_000, "{bytes} bytes written for 200 files");
    assert!(head.unwrap().starts_with("default/bronze/orders/metadata/landing-"));
}

#[tokio::test]
async fn a_file_is_its_path_size_and_etag() {
    let lake = Lake::memory();
    let head = Consumed::default().with(&lake.storage, &lake.table, "run", &[file(7)]).await.unwrap();
    let set = Consumed::load(&lake.storage, head.as_deref()).await.unwrap();
    assert_eq!(set.run_of(&file(7)), Some("run"));
    for other in
        [LandedFile { size: 8, ..file(7) }, LandedFile { etag: "other".into(), ..file(7) }, LandedFile { path: "x".into(), ..file(7) }]
    {
        assert_eq!(set.run_of(&other), None);
    }
    let again = set.with(&lake.storage, &lake.table, "later", &[file(7)]).await.unwrap();
    assert_eq!(again, head, "nothing new is nothing to write");
    assert_eq!(Consumed::default().with(&lake.storage, &lake.table, "run", &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_set_that_cannot_be_read_is_an_error_and_not_an_empty_set() {
    let lake = Lake::memory();
    let head = Consumed::default().with(&lake.storage, &lake.table, "run", &[file(1), file(2)]).await.unwrap().unwrap();
    for (bytes, code) in [
        (Some(&b"{\"version\":1,\"files\":[{\"pa"[..]), Code::CorruptTable),
        (Some(&b"{\"version\":1}"[..]), Code::CorruptTable),
        (Some(&b"{\"version\":2,\"shape\":\"unknown\"}"[..]), Code::LakeNewer),
        (None, Code::CorruptTable),
    ] {
        match bytes {
            Some(bytes) => lake.storage.write(&head, Bytes::from_static(bytes)).await.unwrap(),
            None => lake.storage.delete(&head).await.unwrap(),
        }
        let error = Consumed::load(&lake.storage, Some(&head)).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}
