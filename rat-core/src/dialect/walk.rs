//! The walk over a syntax tree, compiled once.
//!
//! sqlparser's is compiled anew, for every kind of node, for each type of visitor it is given, and is most of what a crate that has many of
//! them is made of. Here it gets one type, and that calls whoever looks at the nodes.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, Query, Select, Statement, TableFactor, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};

/// Shows a visitor the nodes under one, until it breaks off.
pub fn walk<T: Visit>(node: &T, visitor: &mut dyn Visitor<Break = ()>) {
    let _ = node.visit(&mut Seen(visitor));
}

/// Gives a visitor the nodes under one to change, until it breaks off.
pub fn walk_mut<T: VisitMut>(node: &mut T, visitor: &mut dyn VisitorMut<Break = ()>) {
    let _ = node.visit(&mut Changed(visitor));
}

struct Seen<'a>(&'a mut dyn Visitor<Break = ()>);

struct Changed<'a>(&'a mut dyn VisitorMut<Break = ()>);

macro_rules! passed_on {
    ($($method:ident: $node:ty;)*) => {
        impl Visitor for Seen<'_> {
            type Break = ();
            $(fn $method(&mut self, node: &$node) -> ControlFlow<()> {
                self.0.$method(node)
            })*
        }

        impl VisitorMut for Changed<'_> {
            type Break = ();
            $(fn $method(&mut self, node: &mut $node) -> ControlFlow<()> {
                self.0.$method(node)
            })*
        }
    };
}

passed_on! {
    pre_visit_query: Query;
    post_visit_query: Query;
    pre_visit_select: Select;
    post_visit_select: Select;
    pre_visit_relation: ObjectName;
    post_visit_relation: ObjectName;
    pre_visit_table_factor: TableFactor;
    post_visit_table_factor: TableFactor;
    pre_visit_expr: Expr;
    post_visit_expr: Expr;
    pre_visit_statement: Statement;
    post_visit_statement: Statement;
    pre_visit_value: ValueWithSpan;
    post_visit_value: ValueWithSpan;
}
