//! The column of an outer join's `USING` is the one of the side that has a row, and every `USING` makes one column of two, in `WHERE` too.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectNamePart, Query, ReplaceSelectElement, ReplaceSelectItem, Select, SelectItem,
    SetExpr, WildcardAdditionalOptions,
};

use super::calls::named_call;
use super::{Rewriter, own_exprs};
use crate::dialect::relations::called;

/// The engine takes the left side's, which is NULL where a row is on the right alone.
pub(super) fn select(rewriter: &mut Rewriter<'_>, select: &mut Select) {
    let kept = kept(select);
    own_exprs(&mut select.selection, &mut |expr| of_either(expr, &kept));
    let mut merged = merged(rewriter, select);
    merged.extend(kept.into_iter().filter(Merged::is_chained));
    if merged.is_empty() {
        return;
    }
    for item in &mut select.projection {
        match item {
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
                if let Some(column) = find(&merged, name) {
                    *item = SelectItem::ExprWithAlias { alias: name.clone(), expr: column.value() };
                }
            }
            SelectItem::Wildcard(options) => {
                merged.iter().filter(|column| !column.is_chained()).for_each(|column| replace(options, column));
            }
            _ => {}
        }
    }
    let mut of_either = |expr: &mut Expr| of_either(expr, &merged);
    own_exprs(&mut select.distinct, &mut of_either);
    own_exprs(&mut select.projection, &mut of_either);
    own_exprs(&mut select.selection, &mut of_either);
    own_exprs(&mut select.group_by, &mut of_either);
    own_exprs(&mut select.having, &mut of_either);
    own_exprs(&mut select.qualify, &mut of_either);
    for from in &mut select.from {
        from.joins.iter_mut().skip(1).for_each(|join| own_exprs(join, &mut of_either));
    }
}

/// An order by a column of the result stays.
pub(super) fn query(rewriter: &mut Rewriter<'_>, query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let problems = rewriter.problems.len();
    let mut merged = merged(rewriter, select);
    // They are told where the SELECT is looked at.
    rewriter.problems.truncate(problems);
    merged.extend(kept(select).into_iter().filter(Merged::is_chained));
    let gives = |item: &SelectItem, name: &Ident| match item {
        SelectItem::UnnamedExpr(Expr::Identifier(given)) | SelectItem::ExprWithAlias { alias: given, .. } => is(given, name),
        SelectItem::Wildcard(_) => true,
        _ => false,
    };
    merged.retain(|column| !select.projection.iter().any(|item| gives(item, &column.name)));
    own_exprs(&mut query.order_by, &mut |expr| of_either(expr, &merged));
}

struct Merged {
    name: Ident,
    /// What it can be taken from: the first that is not NULL.
    sides: Vec<Vec<Ident>>,
    /// How many joins are by it.
    joins: usize,
}

impl Merged {
    /// The engine makes one column of two, and not of three.
    fn is_chained(&self) -> bool {
        self.joins > 1
    }

    fn value(&self) -> Expr {
        let side = |side: &Vec<Ident>| Expr::CompoundIdentifier(side.iter().chain([&self.name]).cloned().collect());
        match self.sides.as_slice() {
            [one] => side(one),
            sides => named_call("coalesce", sides.iter().map(side).collect()),
        }
    }
}

/// The columns of joins of which one side has a value in every row: the left one of the first join, the right one of a later inner join. In
/// `WHERE` the engine finds both sides' columns, and of a chain of joins by one column everywhere.
fn kept(select: &Select) -> Vec<Merged> {
    let mut kept: Vec<Merged> = Vec::new();
    for from in &select.from {
        for (i, join) in from.joins.iter().enumerate() {
            let (columns, is_inner) = match &join.join_operator {
                JoinOperator::Join(JoinConstraint::Using(columns)) | JoinOperator::Inner(JoinConstraint::Using(columns)) => (columns, true),
                JoinOperator::Left(JoinConstraint::Using(columns)) | JoinOperator::LeftOuter(JoinConstraint::Using(columns)) => {
                    (columns, false)
                }
                _ => continue,
            };
            let side = match i {
                0 => called(&from.relation),
                _ => called(&join.relation).filter(|_| is_inner),
            };
            for column in columns {
                let Some(ObjectNamePart::Identifier(name)) = column.0.last() else { continue };
                match (kept.iter_mut().find(|column| is(&column.name, name)), &side) {
                    (Some(known), _) => known.joins += 1,
                    (None, Some(side)) => kept.push(Merged { name: name.clone(), sides: vec![side.clone()], joins: 1 }),
                    (None, None) => {}
                }
            }
        }
    }
    kept
}

fn merged(rewriter: &mut Rewriter<'_>, select: &Select) -> Vec<Merged> {
    let mut merged = Vec::new();
    for from in &select.from {
        for (i, join) in from.joins.iter().enumerate() {
            let (JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) | JoinOperator::FullOuter(constraint)) =
                &join.join_operator
            else {
                continue;
            };
            let columns = match constraint {
                JoinConstraint::Using(columns) => columns,
                JoinConstraint::Natural => {
                    rewriter.unsupported(
                        &join.relation,
                        "a NATURAL RIGHT or FULL JOIN is not supported",
                        "name the columns: `USING (...)`",
                    );
                    continue;
                }
                _ => continue,
            };
            let names = [called(&from.relation), called(&join.relation)];
            let (false, [Some(left), Some(right)]) = (i > 0 || from.joins.iter().filter(|join| is_by_name(join)).count() > 1, names) else {
                rewriter.unsupported(
                    &join.relation,
                    "a RIGHT or FULL JOIN with USING is supported as the first join, of relations with names, and the only one with USING",
                    "write `ON a.id = b.id`, and `coalesce(a.id, b.id)` for the column",
                );
                continue;
            };
            for column in columns {
                if let Some(ObjectNamePart::Identifier(column)) = column.0.last() {
                    merged.push(Merged { name: column.clone(), sides: vec![left.clone(), right.clone()], joins: 1 });
                }
            }
        }
    }
    merged
}

fn is_by_name(join: &Join) -> bool {
    match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint) => matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural),
        _ => false,
    }
}

fn of_either(expr: &mut Expr, merged: &[Merged]) {
    if let Expr::Identifier(name) = expr
        && let Some(column) = find(merged, name)
    {
        *expr = column.value();
    }
}

fn replace(options: &mut WildcardAdditionalOptions, column: &Merged) {
    let items = &mut options.opt_replace.get_or_insert_with(|| ReplaceSelectItem { items: Vec::new() }).items;
    if !items.iter().any(|item| is(&item.column_name, &column.name)) {
        items.push(Box::new(ReplaceSelectElement { expr: column.value(), column_name: column.name.clone(), as_keyword: true }));
    }
}

fn find<'a>(merged: &'a [Merged], name: &Ident) -> Option<&'a Merged> {
    merged.iter().find(|column| is(&column.name, name))
}

fn is(one: &Ident, other: &Ident) -> bool {
    one.value.eq_ignore_ascii_case(&other.value)
}
