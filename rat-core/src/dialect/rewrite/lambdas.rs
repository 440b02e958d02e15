//! Lambdas: `list_transform(l, lambda x: x + 1)`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LambdaFunction,
    OneOrManyWithParens, Query, VisitorMut,
};

use super::Rewriter;
use super::calls::named_call;

/// A call, under the engine's name of the function.
pub(super) fn call(rewriter: &mut Rewriter<'_>, name: &str, function: &mut Function) {
    if !matches!(name, "array_transform" | "array_filter") {
        return;
    }
    let FunctionArguments::List(list) = &mut function.args else { return };
    match list.args.get_mut(1) {
        // What is not a condition yet is read as one.
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Lambda(lambda)))) if name == "array_filter" => {
            let expr = Box::new(Expr::Nested(lambda.body.clone()));
            *lambda.body = Expr::Cast { kind: CastKind::DoubleColon, expr, data_type: DataType::Boolean, format: None, array: false };
        }
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::BinaryOp { op: BinaryOperator::Arrow, .. }))) => {
            let help = "write `lambda x: x + 1`, as DuckDB does since it gave up the arrow";
            rewriter.unsupported(&function.name, "a lambda with an arrow is not supported", help);
        }
        _ => {}
    }
}

/// The engine forgets the parameters in `[x, y]` and in subqueries, and takes `x.a` for a column of a table.
pub(super) fn lambda(rewriter: &mut Rewriter<'_>, lambda: &mut LambdaFunction) {
    if let OneOrManyWithParens::Many(params) = &lambda.params
        && let Some(place) = params.get(1)
    {
        let help = "put `unnest(l)` and `unnest(range(1, len(l) + 1))` beside each other in a subquery, and collect them with `list`";
        rewriter.unsupported(&Expr::Identifier(place.name.clone()), "a lambda that takes the place in the list is not supported", help);
    }
    let params = match &lambda.params {
        OneOrManyWithParens::One(param) => vec![param.name.value.to_lowercase()],
        OneOrManyWithParens::Many(params) => params.iter().map(|param| param.name.value.to_lowercase()).collect(),
    };
    let mut body = Body { params, has_query: false };
    super::super::walk_mut(lambda.body.as_mut(), &mut body);
    if body.has_query {
        let help = "join what the subquery reads";
        rewriter.unsupported(lambda.body.as_ref(), "subqueries in lambdas are not supported", help);
    }
}

struct Body {
    params: Vec<String>,
    has_query: bool,
}

impl VisitorMut for Body {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.has_query = true;
        ControlFlow::Break(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Array(array) => *expr = named_call("make_array", std::mem::take(&mut array.elem)),
            Expr::CompoundIdentifier(path) if self.params.contains(&path[0].value.to_lowercase()) => {
                let mut path = std::mem::take(path).into_iter();
                let Some(param) = path.next() else { return ControlFlow::Continue(()) };
                let access_chain = path.map(|field| AccessExpr::Dot(Expr::Identifier(field))).collect();
                *expr = Expr::CompoundFieldAccess { root: Box::new(Expr::Identifier(param)), access_chain };
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
