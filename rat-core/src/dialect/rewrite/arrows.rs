//! `j -> 'a' ->> 'b'`: what DuckDB's grammar reads as `j -> ('a' ->> 'b')`, and DuckDB answers as `(j -> 'a') ->> 'b'`.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Value};

pub(super) fn turned(expr: &mut Expr) {
    let Expr::BinaryOp { left, op: BinaryOperator::Arrow, right } = expr else { return };
    if first_of_chain(right).is_none() {
        return;
    }
    let mut chain = std::mem::replace(right.as_mut(), gone());
    let json = std::mem::replace(left.as_mut(), gone());
    if let Some(key) = first_of_chain(&mut chain) {
        let path = std::mem::replace(key, gone());
        *key = Expr::BinaryOp { left: Box::new(json), op: BinaryOperator::Arrow, right: Box::new(path) };
    }
    *expr = chain;
}

fn gone() -> Expr {
    Expr::Value(Value::Null.into())
}

/// The leftmost side of `a ->> b ->> c`.
fn first_of_chain(expr: &mut Expr) -> Option<&mut Expr> {
    match expr {
        Expr::Nested(inner) => first_of_chain(inner),
        Expr::BinaryOp { left, op: BinaryOperator::LongArrow, .. } => {
            let is_chain = first_of_chain(left).is_some();
            if is_chain { first_of_chain(left) } else { Some(left) }
        }
        _ => None,
    }
}
