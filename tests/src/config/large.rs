//! 5,000 pipelines are discovered and resolved. How fast is for the benches to say; here, that nothing is lost or told.

use rat_core::interop::config::{Defaults, MergeStrategy, Overrides, resolve};
use rat_core::interop::project::{Files, discover};

fn project(pipelines: usize) -> Files {
    let files = (0..pipelines).flat_map(|n| {
        let layer = ["bronze", "silver", "gold"][n % 3];
        let folder = format!("default/pipelines/{layer}/p{n}");
        let sql = format!("-- @merge_strategy: incremental\n-- @tags: t{}\nselect * from {{{{ ref('bronze.p0') }}}}\n", n % 10);
        [(format!("{folder}/pipeline.sql"), sql), (format!("{folder}/config.yaml"), "unique_key: [id]\nowner: me\n".to_owned())]
    });
    files.collect()
}

#[test]
fn a_large_project_is_resolved_whole() {
    let (project, diagnostics) = discover(&project(5000));
    assert_eq!((project.pipelines.len(), diagnostics.len()), (5000, 0));
    let defaults = Defaults::default();
    for pipeline in project.pipelines.values() {
        let (config, diagnostics) = resolve(&defaults, pipeline, &Overrides::default());
        assert_eq!(diagnostics, []);
        assert_eq!(config.merge_strategy.value, MergeStrategy::Incremental);
    }
}
