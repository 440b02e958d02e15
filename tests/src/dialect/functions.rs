//! The page of functions: it lists what is there, and what is listed can be called.

use rat_core::interop::dialect::functions_page;

use super::lake::Lake;
use crate::snapshot::{assert_file, root};

#[test]
fn the_page_lists_what_can_be_called() {
    let page = functions_page();
    assert_file(&root().join("docs/reference/functions.md"), &page);
    let mut called = 0;
    for section in page.split("\n## ").skip(1) {
        let (title, names) = section.split_once('\n').unwrap();
        for name in names.split('`').skip(1).step_by(2) {
            let sql = match title {
                "Of a window" => format!("SELECT {name}() OVER ()"),
                "Of rows, in `FROM`" => format!("SELECT * FROM {name}()"),
                _ => format!("SELECT {name}()"),
            };
            let said = match Lake::default().answer(&sql) {
                Ok(_) => String::new(),
                Err(said) => said,
            };
            let absent = said.contains("there is no") || said.contains("is not supported") && !said.contains("argument");
            assert_eq!(absent, title.contains("not there"), "{title}, `{name}`: {said}");
            called += 1;
        }
    }
    assert!(called > 700, "{called}");
}
