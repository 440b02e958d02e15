//! `rat.toml`.

use rat_core::error::{Code, Source};
use rat_core::interop::config::{BuiltinTest, Defaults, Origin, Overrides, resolve, settings, settings_with};
use rat_core::settings::{ByteSize, CatalogKind, Settings};
use serde_json::json;

use super::values::pipeline;

fn no_env(_: &str) -> Option<String> {
    None
}

#[test]
fn without_a_file_every_default_holds() {
    assert_eq!(settings(None, &no_env), (Settings::default(), vec![]));
    let empty = Source::new("rat.toml", "");
    assert_eq!(settings(Some(&empty), &no_env), (Settings::default(), vec![]));
}

#[test]
fn variables_are_expanded_in_values_and_cannot_change_the_file() {
    let source = Source::new("rat.toml", "[storage]\na = \"x-${EVIL}-${EVIL}\"\nb = \"$$HOME $5\"\n[vars]\nlist = [\"${EVIL}\"]\n");
    let env = |name: &str| (name == "EVIL").then(|| "\"\n[engine]\nqueries = 1\n${EVIL}".to_owned());
    let (settings, diagnostics) = settings(Some(&source), &env);
    assert_eq!(diagnostics, []);
    assert_eq!(settings.storage.options["a"], format!("x-{0}-{0}", env("EVIL").unwrap()));
    assert_eq!(settings.storage.options["b"], "$HOME $5");
    assert_eq!(settings.vars["list"], json!([env("EVIL").unwrap()]));
    assert_eq!(settings.engine.queries, 32);
}

#[test]
fn no_credential_is_ever_shown() {
    let source = Source::new("rat.toml", "[storage]\nsecret_access_key = \"${KEY}\"\nbroken = [1]\n");
    let (settings, diagnostics) = settings(Some(&source), &|_| Some("hunter2".to_owned()));
    let shown = format!("{settings:?} {} {diagnostics:?}", serde_json::to_string(&settings).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(settings.storage.options["secret_access_key"], "hunter2");
}

#[test]
fn a_caller_wins_key_by_key_and_hears_of_slips() {
    let source = Source::new("rat.toml", "[engine]\nmemory = \"1GiB\"\nqueries = 4\n");
    let (written, _) = settings(Some(&source), &no_env);
    let both = settings_with(written.clone(), &json!({"engine": {"queries": 8}, "catalog": {"kind": "memory"}, "vars": {"a": 1}})).unwrap();
    assert_eq!((both.engine.memory, both.engine.queries), (Some(ByteSize(1 << 30)), 8));
    assert_eq!((both.catalog.kind, &both.vars["a"]), (Some(CatalogKind::Memory), &json!(1)));
    assert_eq!(settings_with(written.clone(), &json!({"engine": {"querys": 8}})).unwrap_err().code(), Code::UnknownKey);
    assert_eq!(settings_with(written, &json!([])).unwrap_err().code(), Code::WrongType);
}

#[test]
fn defaults_of_the_project_keep_their_place() {
    let source = Source::new("rat.toml", "[defaults]\nowner = \"us\"\nmax_retries = 3\ntags = [1]\n");
    let (settings, diagnostics) = settings(Some(&source), &no_env);
    assert_eq!(diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::WrongType]);
    let defaults = Defaults::new(&settings);
    let (config, diagnostics) = resolve(&defaults, &pipeline("-- @owner: me\nselect 1", None), &Overrides::default());
    assert_eq!(diagnostics, []);
    assert_eq!((config.owner.as_deref(), config.max_retries.value), (Some("me"), 3));
    let Origin::Written(label) = &config.max_retries.origin else { panic!("{:?}", config.max_retries.origin) };
    assert_eq!((label.source.path.as_str(), &label.source.text[label.range.clone()]), ("rat.toml", "3"));
    assert_eq!(config.tags.origin, Origin::Default);
}

#[test]
fn tests_of_the_whole_project_have_its_place_and_name_their_namespace() {
    let read = |to: &str| {
        let text = format!("[defaults]\ntests = [{{ relationships = {{ column = \"c\", to = \"{to}\", field = \"id\" }} }}]\n");
        settings(Some(&Source::new("rat.toml", text)), &no_env)
    };
    let (settings, diagnostics) = read("shop.silver.customers");
    assert_eq!(diagnostics, []);
    let (config, _) = resolve(&Defaults::new(&settings), &pipeline("select 1", None), &Overrides::default());
    let BuiltinTest::Relationships { to, .. } = &config.tests[0].value else { panic!("{:?}", config.tests) };
    assert_eq!(to.to_string(), "shop.silver.customers");
    assert_eq!(config.tests[0].origin.label().map(|label| label.source.path.as_str()), Some("rat.toml"));
    assert_eq!(read("silver.customers").1.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::InvalidValue]);
}

#[test]
fn defaults_given_by_a_caller_are_the_caller_s() {
    let settings = settings_with(Settings::default(), &json!({"defaults": {"owner": "us"}})).unwrap();
    let (config, _) = resolve(&Defaults::new(&settings), &pipeline("select 1", None), &Overrides::default());
    assert_eq!((config.owner.as_deref(), &config.owner.origin), (Some("us"), &Origin::Call));
}
