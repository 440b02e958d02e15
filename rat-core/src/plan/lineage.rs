//! Which columns of which tables the values of each output column come from.
//!
//! Values only: what a filter, a join condition or a sort looks at decides which rows there are, not what is in them. Views are expanded,
//! so the answer names the tables behind them.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, TableReference};
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, TableScan};

/// Where one output column comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ColumnLineage {
    /// The output column.
    pub column: String,
    /// The columns its values are made of, sorted; none for a constant.
    pub from: Vec<Origin>,
}

/// A column of a table, or of the files of a landing zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Origin {
    /// The full name, `default.silver.orders`, or the zone's URL, `landing://default/orders`.
    pub table: String,
    /// The column, as the table spells it.
    pub column: String,
}

/// Tables and columns by number: most columns of most plans come from one place, and texts are made once, at the end.
type Set = Rc<BTreeSet<(u32, u32)>>;

#[derive(Default)]
struct Walk<'a> {
    scans: Vec<&'a TableScan>,
    numbers: HashMap<&'a TableReference, u32>,
    /// The schemas around a correlated subquery, outermost first.
    scopes: Vec<(DFSchemaRef, Vec<Set>)>,
    /// What a recursive query's name stands for inside it.
    recursive: HashMap<String, Vec<Set>>,
}

/// The lineage of each output column. `rename` gives a scan its public name, for those that have another inside the plan.
pub(super) fn lineage(plan: &LogicalPlan, rename: &HashMap<String, String>) -> Vec<ColumnLineage> {
    let mut walk = Walk::default();
    let sets = walk.plan(plan);
    let origin = |(table, column): &(u32, u32)| {
        let scan = walk.scans[*table as usize];
        let name = scan.table_name.to_string();
        Origin { table: rename.get(&name).cloned().unwrap_or(name), column: scan.source.schema().field(*column as usize).name().clone() }
    };
    let lineage = plan.schema().fields().iter().zip(sets).map(|(field, set)| {
        let mut from: Vec<Origin> = set.iter().map(origin).collect();
        from.sort();
        ColumnLineage { column: field.name().clone(), from }
    });
    lineage.collect()
}

impl<'a> Walk<'a> {
    fn plan(&mut self, plan: &'a LogicalPlan) -> Vec<Set> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Projection(node) => self.exprs(&node.expr, &node.input),
            LogicalPlan::Aggregate(node) => {
                let mut sets = self.exprs(&node.group_expr, &node.input);
                sets.resize(plan.schema().fields().len().saturating_sub(node.aggr_expr.len()), Set::default());
                sets.extend(self.exprs(&node.aggr_expr, &node.input));
                sets
            }
            LogicalPlan::Window(node) => {
                let mut sets = self.plan(&node.input);
                sets.extend(self.exprs_over(&node.window_expr, &node.input, sets.clone()));
                sets
            }
            LogicalPlan::Distinct(Distinct::On(node)) => self.exprs(&node.select_expr, &node.input),
            LogicalPlan::Union(node) => {
                let mut inputs = node.inputs.iter();
                let first = inputs.next().map(|input| self.plan(input)).unwrap_or_default();
                inputs.fold(first, |sets, input| merge(sets, self.plan(input)))
            }
            LogicalPlan::Join(node) => {
                let left = self.plan(&node.left);
                self.scopes.push((node.left.schema().clone(), left.clone()));
                let right = self.plan(&node.right);
                self.scopes.pop();
                let fields = plan.schema().fields().len();
                let sides = [left, right];
                // Semi joins keep one side; a mark join adds a column that comes from neither.
                let mut sets: Vec<Set> = match node.join_type {
                    datafusion::common::JoinType::RightSemi | datafusion::common::JoinType::RightAnti => sides[1].clone(),
                    _ => sides.concat(),
                };
                sets.resize(fields, Set::default());
                sets
            }
            LogicalPlan::RecursiveQuery(node) => {
                let mut sets = self.plan(&node.static_term);
                let shadowed = self.recursive.remove(&node.name);
                // The recursive term may carry a column over from another one: repeat until nothing is added.
                for _ in 0..=sets.len() {
                    self.recursive.insert(node.name.clone(), sets.clone());
                    let next = merge(sets.clone(), self.plan(&node.recursive_term));
                    if next == sets {
                        break;
                    }
                    sets = next;
                }
                self.recursive.remove(&node.name);
                self.recursive.extend(shadowed.map(|sets| (node.name.clone(), sets)));
                sets
            }
            LogicalPlan::Unnest(node) => {
                let input = self.plan(&node.input);
                node.dependency_indices.iter().map(|i| input.get(*i).cloned().unwrap_or_default()).collect()
            }
            LogicalPlan::Subquery(node) => self.plan(&node.subquery),
            LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Distinct(Distinct::All(_)) => plan.inputs().first().map(|input| self.plan(input)).unwrap_or_default(),
            LogicalPlan::Values(node) => self.values(node),
            other => self.opaque(other),
        }
    }

    fn scan(&mut self, scan: &'a TableScan) -> Vec<Set> {
        if let TableReference::Bare { table } = &scan.table_name
            && let Some(sets) = self.recursive.get(table.as_ref())
        {
            return sets.clone();
        }
        let next = u32::try_from(self.scans.len()).unwrap_or(u32::MAX);
        let table = *self.numbers.entry(&scan.table_name).or_insert_with(|| {
            self.scans.push(scan);
            next
        });
        let one = |column: usize| Rc::new(BTreeSet::from([(table, u32::try_from(column).unwrap_or(u32::MAX))]));
        match &scan.projection {
            Some(columns) => columns.iter().map(|c| one(*c)).collect(),
            None => (0..scan.source.schema().fields().len()).map(one).collect(),
        }
    }

    fn values(&mut self, node: &'a datafusion::logical_expr::Values) -> Vec<Set> {
        vec![Set::default(); node.schema.fields().len()]
    }

    /// A node that does not say which output column is made of what: any may be made of all.
    fn opaque(&mut self, plan: &'a LogicalPlan) -> Vec<Set> {
        let all: BTreeSet<(u32, u32)> =
            plan.inputs().into_iter().flat_map(|input| self.plan(input)).flat_map(|set| set.as_ref().clone()).collect();
        let all = Rc::new(all);
        plan.schema().fields().iter().map(|_| Rc::clone(&all)).collect()
    }

    fn exprs(&mut self, exprs: &'a [Expr], input: &'a LogicalPlan) -> Vec<Set> {
        let sets = self.plan(input);
        self.exprs_over(exprs, input, sets)
    }

    fn exprs_over(&mut self, exprs: &'a [Expr], input: &'a LogicalPlan, sets: Vec<Set>) -> Vec<Set> {
        self.scopes.push((input.schema().clone(), sets));
        let result = exprs.iter().map(|expr| self.expr(expr)).collect();
        self.scopes.pop();
        result
    }

    fn expr(&mut self, expr: &'a Expr) -> Set {
        match expr {
            Expr::Column(column) => return self.column(column),
            Expr::Alias(alias) => return self.expr(&alias.expr),
            _ => {}
        }
        let mut set = BTreeSet::new();
        let _ = expr.apply(|part| {
            match part {
                Expr::Column(column) => set.extend(self.column(column).iter().copied()),
                Expr::OuterReferenceColumn(_, column) => set.extend(self.outer(column).iter().copied()),
                Expr::ScalarSubquery(subquery) => {
                    set.extend(self.plan(&subquery.subquery).into_iter().take(1).flat_map(|s| s.as_ref().clone()))
                }
                Expr::InSubquery(node) => {
                    set.extend(self.plan(&node.subquery.subquery).into_iter().take(1).flat_map(|s| s.as_ref().clone()))
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        Rc::new(set)
    }

    fn column(&self, column: &Column) -> Set {
        self.scopes.last().and_then(|(schema, sets)| find(schema, sets, column)).unwrap_or_default()
    }

    fn outer(&self, column: &Column) -> Set {
        self.scopes.iter().rev().skip(1).find_map(|(schema, sets)| find(schema, sets, column)).unwrap_or_default()
    }
}

fn find(schema: &DFSchemaRef, sets: &[Set], column: &Column) -> Option<Set> {
    schema.maybe_index_of_column(column).and_then(|i| sets.get(i).cloned())
}

fn merge(left: Vec<Set>, right: Vec<Set>) -> Vec<Set> {
    left.into_iter()
        .zip(right)
        .map(|(l, r)| match (l.is_empty(), r.is_empty()) {
            (_, true) => l,
            (true, _) => r,
            _ if l == r => l,
            _ => Rc::new(l.union(&r).copied().collect()),
        })
        .collect()
}
