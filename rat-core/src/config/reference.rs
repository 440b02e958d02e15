//! The reference page of all keys, from the tables that read them.

use super::{KEYS, Key, SETTING_KEYS, TEST_KEYS};

/// `docs/reference/config.md`, whole.
pub fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n<!-- Written from the tables in the code by `RAT_UPDATE=1 cargo test -p tests -- reference`. -->\n\n\
         ## A pipeline's config\n\n\
         Each key is looked for in five places, and the last one that says something wins: rat's default, `[defaults]` in `rat.toml`,\n\
         `config.yaml` beside the pipeline, annotations at its head (`-- @key: value`, in Python `# @key: value`), and the options of the\n\
         call. It goes key by key: a list replaces a list. A key with nothing after it says nothing. Annotations hold text; a value that\n\
         begins with `[` or `{` is read as YAML.\n\n\
         | key | takes | default | meaning |\n|---|---|---|---|\n",
    );
    for key in KEYS {
        page.push_str(&row(key));
    }
    page.push_str(
        "\nDurations are written `\"250ms\"`, `\"5s\"`, `\"1h30m\"`, `\"3d\"`, `\"2w\"`; sizes `\"512KiB\"`, `\"128MiB\"`, `\"1GB\"`.\n\n\
         ## A quality test's head\n\nAnnotations, anywhere in the file.\n\n| key | takes | default | meaning |\n|---|---|---|---|\n",
    );
    for key in TEST_KEYS {
        page.push_str(&row(key));
    }
    page.push_str(
        "\n## rat.toml\n\n\
         Every section and every key may be absent. `${NAME}` in a text is the environment variable of that name, which must be set; `$$` is a\n\
         `$`. `[storage]` holds the options of the store, `[defaults]` the keys above for every pipeline, `[vars]` what `var('name')` gives in\n\
         templates.\n",
    );
    let mut section = "";
    for key in SETTING_KEYS {
        if key.section != section {
            section = key.section;
            page.push_str(&format!("\n### [{section}]\n\n| key | takes | default | meaning |\n|---|---|---|---|\n"));
        }
        page.push_str(&format!("| `{}` | {} | {} | {} |\n", key.name, key.takes, shown(key.default), key.meaning));
    }
    page
}

fn row(key: &Key) -> String {
    format!("| `{}` | {} | {} | {} |\n", key.name, key.takes, shown(key.default), cell(key.meaning))
}

/// A default that is a value is code; one that is said in words is not.
fn shown(default: &str) -> String {
    if default == "none" || default.contains(' ') { default.to_owned() } else { format!("`{default}`") }
}

fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}
