//! From paths to pipelines: what is read, what is left alone.

use proptest::prelude::*;
use rat_core::interop::project::{Files, Language, discover, is_project_file};

fn discovered(paths: &[&str]) -> (Vec<String>, Vec<String>) {
    let files: Files = paths.iter().map(|path| (*path, "select 1")).collect();
    let (project, diagnostics) = discover(&files);
    (project.pipelines.keys().map(ToString::to_string).collect(), diagnostics.iter().map(|d| d.code.to_string()).collect())
}

#[test]
fn only_the_project_s_own_files_are_read() {
    for path in ["rat.toml", "macros/money.sql", "default/pipelines/silver/orders/pipeline.sql", "a/pipelines/gold/b/tests/unit/x.yaml"] {
        assert!(is_project_file(path), "{path}");
    }
    for path in [
        "default/landing/orders/2024.csv",
        "default/landing/pipelines/silver/x/pipeline.sql",
        "default/silver/orders/data/1.parquet",
        "default/pipelines/silver/orders/notes.md",
        ".rat/catalog.db",
        ".git/pipelines/silver/orders/pipeline.sql",
        "sub/rat.toml",
        "README.md",
        "macros/README.md",
    ] {
        assert!(!is_project_file(path), "{path}");
    }
}

#[test]
fn nothing_is_a_project_too() {
    let (project, diagnostics) = discover(&Files::default());
    assert_eq!(diagnostics, []);
    assert!(project.pipelines.is_empty());
    assert!(project.namespaces.contains("default"));
}

#[test]
fn a_folder_is_a_pipeline_in_every_namespace() {
    let (names, codes) = discovered(&[
        "default/pipelines/silver/orders/pipeline.sql",
        "default/pipelines/gold/segments/pipeline.py",
        "shop-2/pipelines/bronze/orders/pipeline.sql",
        "shop-2/pipelines/bronze/orders/notes.sql",
        ".hidden/pipelines/bronze/orders/pipeline.sql",
    ]);
    assert_eq!(names, ["default.silver.orders", "default.gold.segments", "shop-2.bronze.orders"]);
    assert_eq!(codes, [] as [&str; 0]);
}

#[test]
fn what_belongs_to_a_pipeline_is_found_in_order() {
    let folder = "default/pipelines/silver/orders";
    let paths =
        ["pipeline.py", "config.yaml", "tests/quality/b.sql", "tests/quality/a.sql", "tests/unit/x.yaml", "tests/quality/old/c.sql"];
    let files: Files = paths.iter().map(|path| (format!("{folder}/{path}"), "")).collect();
    let (project, diagnostics) = discover(&files);
    let pipeline = project.pipelines.values().next().unwrap();
    assert_eq!((pipeline.language, pipeline.folder()), (Language::Python, folder));
    let names = |sources: &[std::sync::Arc<rat_core::error::Source>]| {
        sources.iter().map(|source| source.path.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&pipeline.quality_tests), ["a.sql", "b.sql"]);
    assert_eq!(names(&pipeline.unit_tests), ["x.yaml"]);
    assert!(pipeline.config.is_some());
    assert_eq!(diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["MISPLACED_FILE"]);
}

#[test]
fn a_bad_folder_is_told_once_and_hides_nothing_else() {
    let (names, codes) = discovered(&[
        "default/pipelines/sliver/a/pipeline.sql",
        "default/pipelines/sliver/b/pipeline.sql",
        "default/pipelines/silver/Orders/config.yaml",
        "default/pipelines/silver/items/pipeline.sql",
    ]);
    assert_eq!(names, ["default.silver.items"]);
    assert_eq!(codes, ["INVALID_NAME", "UNKNOWN_LAYER"]);
}

#[test]
fn a_file_that_is_not_text_is_the_fault_of_what_needs_it() {
    let mut files = Files::default();
    files.insert("default/pipelines/silver/a/pipeline.sql", b"select 1".to_vec());
    files.insert("default/pipelines/silver/a/config.yaml", vec![0xff]);
    files.insert("default/pipelines/silver/b/pipeline.sql", b"select 1".to_vec());
    files.insert("default/pipelines/silver/b/tests/quality/t.sql", vec![0xff]);
    files.insert("default/pipelines/silver/c/pipeline.sql", b"select 1".to_vec());
    files.insert("default/pipelines/silver/c/notes.sql", vec![0xff]);
    let (project, diagnostics) = discover(&files);
    let faults = project.pipelines.iter().map(|(name, p)| (name.short(), p.faults.iter().map(|d| d.code.as_str()).collect::<Vec<_>>()));
    let named = |(name, codes): (&str, Vec<&'static str>)| (name.to_owned(), codes);
    let expected = [("silver.a", vec!["NOT_UTF8"]), ("silver.b", vec!["NOT_UTF8"]), ("silver.c", vec![])].map(named);
    assert_eq!(faults.collect::<Vec<_>>(), expected);
    assert_eq!(diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["NOT_UTF8"], "the one that no pipeline reads");
}

fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "default",
        "shop",
        "Shop",
        ".git",
        "pipelines",
        "macros",
        "landing",
        "bronze",
        "silver",
        "sliver",
        "orders",
        "2",
        "",
        "tests",
        "quality",
        "unit",
        "pipeline.sql",
        "pipeline.py",
        "config.yaml",
        "config.yml",
        "x.sql",
        "x.yaml",
        "rat.toml",
        "größe",
        ".sql",
    ]);
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn whatever_lies_around_every_pipeline_has_its_own_folder(paths in prop::collection::vec(path(), 0..20), bytes in prop::collection::vec(any::<bool>(), 20)) {
        let mut files = Files::default();
        for (path, text) in paths.iter().zip(bytes) {
            files.insert(path, if text { b"select 1".to_vec() } else { vec![0xff] });
        }
        let (project, _) = discover(&files);
        for (name, pipeline) in &project.pipelines {
            prop_assert_eq!(pipeline.folder(), format!("{}/pipelines/{}/{}", name.namespace, name.layer, name.name));
            prop_assert!(project.namespaces.contains(&name.namespace));
            prop_assert!(is_project_file(&pipeline.source.path));
        }
    }
}
