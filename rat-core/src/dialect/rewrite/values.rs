//! `VALUES`: names of its columns, and one type for each.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Array, CaseWhen, CastKind, DataType, Expr, Ident, Query, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor, Value,
    Values,
};

use super::calls::named_call;
use super::shape::{everything_from, from, plain};

/// `VALUES` names its columns `col0`, `col1`; the engine would start at `column1`.
pub(super) fn query(query: &mut Query) {
    name_values(&mut query.body);
}

fn name_values(body: &mut Box<SetExpr>) {
    let columns = match body.as_mut() {
        // The names of a set operation are those of its leftmost side.
        SetExpr::SetOperation { left, .. } => return name_values(left),
        SetExpr::Values(values) => {
            let width = values.rows.first().map_or(0, |row| row.content.len());
            (0..width).for_each(|column| doubles(values, column));
            split_maps(values, width)
        }
        _ => return,
    };
    let names = columns.iter().flat_map(|column| column.parts()).map(|name| TableAliasColumnDef::from_name(name.value)).collect();
    let inner = plain(body.clone());
    let alias = TableAlias { explicit: true, name: Ident::new("valueslist"), columns: names, at: None };
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(inner), alias: Some(alias), sample: None };
    **body = SetExpr::Select(Box::new(match columns.iter().any(|column| column.is_map) {
        true => from(relation, columns.iter().map(Column::item).collect()),
        false => everything_from(relation),
    }));
}

/// A column of `VALUES`.
struct Column {
    name: String,
    /// It is there as two, of lists: the keys and the values.
    is_map: bool,
}

impl Column {
    fn parts(&self) -> Vec<Ident> {
        match self.is_map {
            true => ["keys", "values"].map(|part| Ident::with_quote('"', format!("{} {part}", self.name))).to_vec(),
            false => vec![Ident::new(&self.name)],
        }
    }

    fn item(&self) -> SelectItem {
        let mut parts: Vec<Expr> = self.parts().into_iter().map(Expr::Identifier).collect();
        match self.is_map {
            true => {
                let is_null = Expr::IsNull(Box::new(parts[0].clone()));
                let null = CaseWhen { condition: is_null, result: Expr::value(Value::Null) };
                let map = named_call("map", parts);
                let (case_token, end_token) = (AttachedToken::empty(), AttachedToken::empty());
                let expr = Expr::Case { case_token, end_token, operand: None, conditions: vec![null], else_result: Some(Box::new(map)) };
                SelectItem::ExprWithAlias { expr, alias: Ident::new(&self.name) }
            }
            false => SelectItem::UnnamedExpr(parts.remove(0)),
        }
    }
}

/// Maps as two lists each: the engine finds the type that lists have in common, and none for maps.
fn split_maps(values: &mut Values, width: usize) -> Vec<Column> {
    let is_null = |cell: &Expr| matches!(cell, Expr::Value(value) if value.value == Value::Null);
    let is_map = |column: usize| {
        let cells = || values.rows.iter().filter_map(|row| row.content.get(column));
        let maps = cells().filter(|cell| matches!(cell, Expr::Map(_))).count();
        maps > 1 && cells().all(|cell| is_null(cell) || matches!(cell, Expr::Map(_)))
    };
    // Rows of another width are the planner's to refuse.
    let even = values.rows.iter().all(|row| row.content.len() == width);
    let columns: Vec<Column> = (0..width).map(|i| Column { name: format!("col{i}"), is_map: even && is_map(i) }).collect();
    for row in &mut values.rows {
        let cells = std::mem::take(&mut row.content).into_iter().zip(&columns);
        row.content = cells
            .flat_map(|(cell, column)| match cell {
                Expr::Map(map) if column.is_map => {
                    let (keys, values) = map.entries.into_iter().map(|entry| (*entry.key, *entry.value)).unzip();
                    [keys, values].map(|elem| Expr::Array(Array { elem, named: false })).to_vec()
                }
                null if column.is_map => vec![null.clone(), null],
                cell => vec![cell],
            })
            .collect();
    }
    columns
}

/// Numbers below or above a DOUBLE are one: the engine would make the whole column a DECIMAL.
fn doubles(values: &mut Values, column: usize) {
    let cells = values.rows.iter().filter_map(|row| row.content.get(column));
    let floats: Vec<DataType> = cells.filter_map(float).collect();
    let Some(to) = floats.iter().find(|t| is_double(t)).or(floats.first()).cloned() else { return };
    for cell in values.rows.iter_mut().filter_map(|row| row.content.get_mut(column)) {
        if is_number(cell) {
            let (expr, data_type) = (Box::new(cell.clone()), to.clone());
            *cell = Expr::Cast { kind: CastKind::DoubleColon, expr, data_type, format: None, array: false };
        }
    }
}

fn float(cell: &Expr) -> Option<DataType> {
    match cell {
        Expr::Cast { data_type, .. } if is_double(data_type) => Some(data_type.clone()),
        Expr::Cast { data_type: data_type @ (DataType::Float(_) | DataType::Real | DataType::Float4), .. } => Some(data_type.clone()),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => float(expr),
        _ => None,
    }
}

fn is_double(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Double(_) | DataType::DoublePrecision | DataType::Float8)
}

fn is_number(cell: &Expr) -> bool {
    match cell {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_number(expr),
        _ => false,
    }
}
