//! What a URL may be, and what of it may be shown.

use std::collections::BTreeMap;

use rat_core::error::Code;
use rat_core::interop::storage::{Storage, redact};

#[test]
fn credentials_are_never_shown() {
    let cases = [
        ("s3://key:secret@bucket/prefix", "s3://***@bucket/prefix"),
        ("https://host/path?X-Amz-Signature=abc&x=1", "https://host/path"),
        ("https://user@host:80/p#frag", "https://***@host:80/p"),
        ("https://host?sig=secret", "https://host"),
        ("file:///data/a@b", "file:///data/a@b"),
        ("plain/path", "plain/path"),
    ];
    for (url, shown) in cases {
        assert_eq!(redact(url), shown, "{url}");
    }
}

#[test]
fn errors_about_a_url_hide_its_credentials() {
    let error = Storage::open("s3://key:hunter2@bucket/shop?token=hunter2", &BTreeMap::new()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidUrl);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert!(error.message().contains("`s3`"), "{error}");
}

#[test]
fn urls_that_cannot_be_used() {
    for (url, help) in [
        ("", None),
        ("memry://x", Some("did you mean `memory://`?")),
        ("fil:///x", Some("did you mean `file://`?")),
        ("s3://bucket/shop", Some("write a folder, `file://`, or `memory://`")),
        ("file://host/x", Some("write `file:///` and the folder")),
        ("file://user:secret@host/x", Some("write `file:///` and the folder")),
        ("file:shop", Some("write `file:///` and the whole path, or a path without `file:`")),
        ("file://", Some("write `file:///` and the whole path, or a path without `file:`")),
        ("file:///a?b", Some("write `%3F` for `?` and `%23` for `#`")),
        ("file:///a#b", Some("write `%3F` for `?` and `%23` for `#`")),
        ("file:///100%", Some("write `%25` for `%`, or a path without `file:`")),
        ("file:///a%+1", Some("write `%25` for `%`, or a path without `file:`")),
        ("file:///a%2fb", Some("write the folder's own name")),
        ("file:///a%00b", Some("write the folder's own name")),
        ("file:///sh%FF", Some("give the lake's folder a name in UTF-8")),
    ] {
        let error = Storage::open(url, &BTreeMap::new()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidUrl, "{url}");
        if let Some(help) = help {
            assert_eq!(error.help(), help, "{url}");
        }
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn an_option_that_does_not_exist_is_refused() {
    let options = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
    let error = Storage::open("memory://", &options).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("`region`"), "{error}");
}
