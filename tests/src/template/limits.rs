//! Templates that do not end, or try to: each is refused soon, and nothing hangs, fills memory or runs out of stack.

use rat_core::error::{Code, Source};
use rat_core::interop::template::Templates;

use super::{later, render, render_with};

fn refused(text: &str) -> Code {
    render(text).expect_err(text)[0].code
}

#[test]
fn loops_and_ranges() {
    assert_eq!(refused("{% for i in range(10**9) %}{{ i }}{% endfor %}"), Code::TemplateLimit);
    assert_eq!(refused("{{ range(10**9) | list }}"), Code::TemplateLimit);
    let deep = "{% for a in range(1000) %}".repeat(6) + "x" + &"{% endfor %}".repeat(6);
    assert_eq!(refused(&deep), Code::TemplateLimit);
}

#[test]
fn recursion() {
    assert_eq!(refused("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}"), Code::TemplateLimit);
    assert_eq!(refused("{% macro f(n) %}{% call f(n) %}x{% endcall %}{{ caller() }}{% endmacro %}{{ f(1) }}"), Code::TemplateLimit);
    assert_eq!(refused("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}"), Code::TemplateLimit);
    let macros = [("macros/a.sql", "{% macro a() %}{{ b() }}{% endmacro %}"), ("macros/b.sql", "{% macro b() %}{{ a() }}{% endmacro %}")];
    let diagnostics = render_with(&macros, "{{ a() }}", &later()).unwrap_err();
    assert_eq!(diagnostics[0].code, Code::TemplateLimit, "{diagnostics:#?}");
    assert!(diagnostics[0].labels.len() > 1, "{diagnostics:#?}");
}

#[test]
fn output_bombs() {
    assert_eq!(refused("{{ 'x' * 10**9 }}"), Code::TemplateLimit);
    assert_eq!(
        refused("{% set n = namespace(s='xxxxxxxxxx') %}{% for i in range(100) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}"),
        Code::TemplateLimit
    );
    assert_eq!(refused("{{ '%10000000000d' | format(1) }}"), Code::TemplateLimit);
    assert_eq!(refused("{% set s = 'x' * 1000000 %}{% for i in range(40) %}{{ s }}{% endfor %}"), Code::TemplateLimit);
}

#[test]
fn nesting() {
    let wrong = [Code::TemplateLimit, Code::TemplateSyntax];
    for depth in [200, 20_000] {
        assert!(wrong.contains(&refused(&format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth)))));
        assert!(wrong.contains(&refused(&format!("{{{{ {}1{} }}}}", "[".repeat(depth), "]".repeat(depth)))));
        assert!(wrong.contains(&refused(&("{% if true %}".repeat(depth) + &"{% endif %}".repeat(depth)))));
    }
    // Prefixes nest as well, and 200 of them are nothing special.
    for prefix in ["not ", "-"] {
        assert!(render(&format!("{{{{ {}1 }}}}", prefix.repeat(200))).is_ok());
        if let Err(diagnostics) = render(&format!("{{{{ {}1 }}}}", prefix.repeat(20_000))) {
            assert!(wrong.contains(&diagnostics[0].code), "{diagnostics:?}");
        }
    }
}

#[test]
fn long_chains() {
    // Chains are read by a loop into a tree as deep as they are long: legal, up to a limit, and never more than the stack holds.
    for link in ["| upper", "+ 'x'", "~ 'x'", ".upper()", "[0]", "if true else 'y'", "and 'x'", "| replace('a', 'b' ~ 'c')"] {
        let chain = |links| render(&format!("{{{{ 'a' {} }}}}", link.repeat(links)));
        assert!(chain(100).is_ok(), "{link}");
        for links in [3_000, 11_000, 100_000] {
            if let Err(diagnostics) = chain(links) {
                assert!([Code::TemplateLimit, Code::TemplateSyntax].contains(&diagnostics[0].code), "{link}: {:?}", diagnostics[0].message);
            }
        }
        assert_eq!(chain(100_000).expect_err(link)[0].code, Code::TemplateLimit);
    }
    let branches = |count| render(&format!("{{% if false %}}{}{{% else %}}y{{% endif %}}", "{% elif false %}x".repeat(count)));
    assert_eq!(branches(5_000).unwrap().sql, "y");
    assert_eq!(branches(20_000).unwrap_err()[0].code, Code::TemplateLimit);
    let macros = Source::new("macros/m.sql", format!("{{% macro m() %}}{{{{ 'a' {} }}}}{{% endmacro %}}", "~ 'x'".repeat(20_000)));
    assert_eq!(Templates::new(&[macros]).1[0].code, Code::TemplateLimit);
}

#[test]
fn a_long_list_is_no_chain() {
    let list: String = (0..20_000).map(|i| format!("-{i}, ('a' ~ {i}), ")).collect();
    assert_eq!(render(&format!("{{% set l = [{list}] %}}{{{{ l | length }}}}")).unwrap().sql, "40000");
}

const ENDS: [&str; 7] = [
    "",
    "{{ n.v }}",
    "{{ n.v | tojson }}",
    "{{ n.v == n.v }}",
    "{{ [n.v] < [[n.v]] }}",
    "{{ {n.v: 1} }}",
    "{{ [n.v, n.v] | unique | list }}",
];

#[test]
fn values_nested_without_end() {
    let nest = |list: &str, turns: usize| {
        format!("{{% set n = namespace(v=[]) %}}{{% for i in range({turns}) %}}{{% set n.v = {list} %}}{{% endfor %}}")
    };
    // As deep as it gets before the steps run out, and deeper.
    let texts = [
        nest(&format!("{}n.v{}", "[".repeat(100), "]".repeat(100)), 1000),
        nest("[n.v]", 20_000),
        nest("{'k': n.v}", 20_000),
        nest("[n.v]", 100_000),
    ];
    for (text, end) in texts.iter().flat_map(|text| ENDS.map(|end| (text, end))) {
        if let Err(diagnostics) = render(&format!("{text}{end}")) {
            assert!([Code::TemplateLimit, Code::TemplateCall].contains(&diagnostics[0].code), "{end}: {:?}", diagnostics[0]);
        }
    }
}

#[test]
fn an_ordinary_generator_fits() {
    let text = "SELECT {% for i in range(10000) %}{% if i %}, {% endif %}c{{ i }} AS d{{ i }}{% endfor %}";
    assert!(render(text).unwrap().sql.ends_with("c9999 AS d9999"));
}
