//! `OVER w`: the window that `WINDOW w AS (...)` defines, written out.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, NamedWindowDefinition, NamedWindowExpr, Query, Select, SetExpr, Value, WindowFrameBound, WindowSpec, WindowType,
};

use super::{Rewriter, own_exprs};
use crate::dialect::{Problem, byte_range};
use crate::error::{Code, nearest};

/// The engine knows them among the columns alone, neither in `QUALIFY` nor in `ORDER BY`.
pub(super) fn query(rewriter: &mut Rewriter<'_>, query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    // A definition's problem is told where its SELECT is looked at.
    let Ok(windows) = definitions(rewriter.sql, select.named_window.clone()) else { return };
    own_exprs(&mut query.order_by, &mut |expr| over(rewriter, expr, &windows));
}

pub(super) fn select(rewriter: &mut Rewriter<'_>, select: &mut Select) {
    match definitions(rewriter.sql, std::mem::take(&mut select.named_window)) {
        Ok(windows) => {
            let mut resolve = |expr: &mut Expr| over(rewriter, expr, &windows);
            own_exprs(&mut select.distinct, &mut resolve);
            own_exprs(&mut select.projection, &mut resolve);
            own_exprs(&mut select.qualify, &mut resolve);
        }
        Err(problem) => rewriter.problems.push(problem),
    }
}

type Windows = Vec<(Ident, WindowSpec)>;

/// Each may build on those before it.
fn definitions(sql: &str, written: Vec<NamedWindowDefinition>) -> Result<Windows, Problem> {
    let mut windows = Windows::new();
    for NamedWindowDefinition(name, definition) in written {
        if let Some((known, _)) = find(&windows, &name) {
            let message = format!("two windows are named `{}`", known.value);
            return Err(problem(sql, &name, message, "give each its own name".to_owned()));
        }
        let window = match definition {
            NamedWindowExpr::NamedWindow(base) => known(sql, &windows, &base)?,
            NamedWindowExpr::WindowSpec(spec) => extended(sql, &windows, spec)?,
        };
        windows.push((name, window));
    }
    Ok(windows)
}

fn over(rewriter: &mut Rewriter<'_>, expr: &mut Expr, windows: &Windows) {
    let Expr::Function(function) = expr else { return };
    let Some(window) = function.over.take() else { return };
    let resolved = match window {
        WindowType::NamedWindow(name) => known(rewriter.sql, windows, &name),
        WindowType::WindowSpec(spec) => extended(rewriter.sql, windows, spec),
    };
    match resolved {
        Ok(mut spec) => {
            if let Some(frame) = &mut spec.window_frame {
                [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten().for_each(quoted);
            }
            function.over = Some(WindowType::WindowSpec(spec));
        }
        Err(problem) => rewriter.problems.push(problem),
    }
}

/// In a frame the engine reads `INTERVAL '3' DAY` alone, not `INTERVAL 3 DAY`.
fn quoted(bound: &mut WindowFrameBound) {
    if let WindowFrameBound::Preceding(Some(distance)) | WindowFrameBound::Following(Some(distance)) = bound
        && let Expr::Interval(interval) = distance.as_mut()
        && let Expr::Value(value) = interval.value.as_mut()
        && let Value::Number(digits, _) = &value.value
    {
        value.value = Value::SingleQuotedString(digits.clone());
    }
}

/// `(w ORDER BY x)` is `w` with an order.
fn extended(sql: &str, windows: &Windows, spec: WindowSpec) -> Result<WindowSpec, Problem> {
    let Some(name) = &spec.window_name else { return Ok(spec) };
    let base = known(sql, windows, name)?;
    let twice = |what: &str| {
        let message = format!("the window `{}` has {what} already", name.value);
        problem(sql, name, message, "write this window out, without the other's name".to_owned())
    };
    if base.window_frame.is_some() {
        return Err(twice("a frame"));
    }
    if !spec.partition_by.is_empty() && !base.partition_by.is_empty() {
        return Err(twice("PARTITION BY"));
    }
    if !spec.order_by.is_empty() && !base.order_by.is_empty() {
        return Err(twice("ORDER BY"));
    }
    Ok(WindowSpec {
        window_name: None,
        partition_by: [base.partition_by, spec.partition_by].concat(),
        order_by: [base.order_by, spec.order_by].concat(),
        window_frame: spec.window_frame,
    })
}

fn known(sql: &str, windows: &Windows, name: &Ident) -> Result<WindowSpec, Problem> {
    if let Some((_, spec)) = find(windows, name) {
        return Ok(spec.clone());
    }
    let help = match nearest(&name.value, windows.iter().map(|(known, _)| known.value.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("define it before it is used: `WINDOW {} AS (...)`", name.value),
    };
    Err(problem(sql, name, format!("there is no window `{}`", name.value), help))
}

fn find<'a>(windows: &'a Windows, name: &Ident) -> Option<&'a (Ident, WindowSpec)> {
    windows.iter().find(|(known, _)| known.value.eq_ignore_ascii_case(&name.value))
}

fn problem(sql: &str, at: &Ident, message: String, help: String) -> Problem {
    Problem { code: Code::InvalidQuery, message, help: Some(help), range: byte_range(sql, at.span) }
}
