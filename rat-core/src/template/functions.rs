//! What every template has: `ref`, `this`, `landing_zone`, `var`, the watermark, and the questions about the strategy.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{FunctionArgs, Kwargs, Object, Value};
use minijinja::{Error, ErrorKind, State};
use parking_lot::Mutex;

use super::Facts;
use super::trace::{Step, Trace};
use crate::config::MergeStrategy;
use crate::error::{Code, nearest};
use crate::name::{Name, is_valid_name};

/// The names every template has from rat. Those of the engine (`range`, `namespace`, `dict`) are not among them.
pub const NAMES: [&str; 11] = [
    "ref",
    "this",
    "landing_zone",
    "run_started_at",
    WATERMARK,
    "var",
    "is_incremental",
    "is_append_only",
    "is_delete_insert",
    "is_scd2",
    "is_snapshot",
];

/// How far the table is.
pub(super) const WATERMARK: &str = "watermark_value";

/// How an empty watermark is printed where nothing guards it, as Python prints it.
pub(super) const NONE: &str = "None";

/// The rows a run adds, as quality tests name them: in templates, and as a table in SQL.
pub const NEW_ROWS: &str = "new_rows";

/// What a text is: quality tests have names that pipelines do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Pipeline,
    QualityTest,
}

/// A call that rat refuses, carried through the engine.
#[derive(Debug)]
pub(super) struct Refusal {
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

fn refuse(code: Code, message: impl Into<String>, help: Option<String>) -> Error {
    let message = message.into();
    Error::new(ErrorKind::InvalidOperation, message.clone()).with_source(Refusal { code, message, help })
}

/// The outermost scope of one rendering: it answers names, and writes down what was called.
#[derive(Debug)]
pub(super) struct Scope {
    pub facts: Arc<Facts>,
    pub text_kind: TextKind,
    pub record: Mutex<Record>,
    /// What an instrumented rendering is in the middle of.
    pub trace: Option<Mutex<Trace>>,
    /// What stands for the missing watermark, in the rendering that finds out where it is printed.
    pub empty_watermark: Option<Value>,
}

/// What a rendering called, in order.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub refs: Vec<Call<Name>>,
    pub zones: Vec<Call<(String, bool)>>,
    pub vars: std::collections::BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Call<T> {
    pub what: T,
    /// The text given by the template.
    pub text: String,
    /// In an instrumented rendering, the open parts, outermost first.
    pub stack: Vec<usize>,
}

impl Scope {
    pub fn new(facts: &Arc<Facts>, text_kind: TextKind) -> Self {
        Self { facts: Arc::clone(facts), text_kind, record: Mutex::default(), trace: None, empty_watermark: None }
    }

    fn function(self: &Arc<Self>, kind: Function) -> Value {
        Value::from_object(Callable { kind, scope: Arc::clone(self) })
    }

    fn stack(&self) -> Vec<usize> {
        self.trace.as_ref().map(|trace| trace.lock().stack()).unwrap_or_default()
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let facts = &self.facts;
        let is = |strategy| Some(self.function(Function::Is(strategy)));
        match key.as_str()? {
            "ref" => Some(self.function(Function::Ref)),
            "landing_zone" => Some(self.function(Function::LandingZone)),
            "var" => Some(self.function(Function::Var)),
            "is_incremental" => is(MergeStrategy::Incremental),
            "is_append_only" => is(MergeStrategy::AppendOnly),
            "is_delete_insert" => is(MergeStrategy::DeleteInsert),
            "is_scd2" => is(MergeStrategy::Scd2),
            "is_snapshot" => is(MergeStrategy::Snapshot),
            "this" => Some(Value::from(facts.this.to_sql())),
            "run_started_at" => Some(Value::from(facts.run_started_at.as_str())),
            WATERMARK => Some(self.watermark()),
            NEW_ROWS => self.text_kind.eq(&TextKind::QualityTest).then(|| Value::from(NEW_ROWS)),
            name => self.trace.as_ref().and(Step::named(name)).map(|step| self.function(Function::Trace(step))),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Function {
    Ref,
    LandingZone,
    Var,
    Is(MergeStrategy),
    Trace(Step),
}

#[derive(Debug)]
struct Callable {
    kind: Function,
    scope: Arc<Scope>,
}

impl Object for Callable {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        if let Some(first) = args.first().filter(|first| first.is_undefined()) {
            // The engine's own refusal: it remembers which name is undefined.
            <(String,)>::from_values(Some(state), std::slice::from_ref(first))?;
        }
        match self.kind {
            Function::Ref => self.scope.reference(args),
            Function::LandingZone => self.scope.landing_zone(args),
            Function::Var => self.scope.var(args),
            Function::Is(strategy) if args.is_empty() => Ok(Value::from(self.scope.facts.strategy == Some(strategy))),
            Function::Is(strategy) => Err(refuse(Code::TemplateCall, format!("`is_{}` takes no arguments", strategy.as_str()), None)),
            Function::Trace(step) => Ok(self.scope.step(step, args)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {:?}>", self.kind)
    }
}

impl Scope {
    fn reference(&self, args: &[Value]) -> Result<Value, Error> {
        let usage = "`ref` takes one text, such as `ref('silver.orders')`";
        let [name] = args else { return Err(refuse(Code::TemplateCall, usage, None)) };
        let text = text_argument(name, usage)?;
        let name = parse_name(text, &self.facts.this.namespace)?;
        let sql = name.to_sql();
        self.record.lock().refs.push(Call { what: name, text: text.to_owned(), stack: self.stack() });
        Ok(Value::from(sql))
    }

    fn landing_zone(&self, args: &[Value]) -> Result<Value, Error> {
        let usage = "`landing_zone` takes one text, and `new=true` or nothing";
        let (args, named) = split(args)?;
        let [zone] = args else { return Err(refuse(Code::TemplateCall, usage, None)) };
        let zone = text_argument(zone, usage)?;
        if !is_valid_name(zone) {
            let help = "write the name of a folder under `landing/`: lower-case letters, digits, `_` and `-`";
            return Err(refuse(Code::InvalidName, format!("`{zone}` cannot be the name of a landing zone"), Some(help.to_owned())));
        }
        let new_only = match &named {
            Some(named) => {
                let new = named.get::<Option<bool>>("new").map_err(|_| refuse(Code::TemplateCall, "`new` is true or false", None))?;
                named.assert_all_used().map_err(|_| refuse(Code::TemplateCall, usage, None))?;
                new.unwrap_or(false)
            }
            None => false,
        };
        let url = format!("landing://{}/{zone}", self.facts.this.namespace);
        self.record.lock().zones.push(Call { what: (zone.to_owned(), new_only), text: zone.to_owned(), stack: self.stack() });
        Ok(Value::from(url))
    }

    fn var(&self, args: &[Value]) -> Result<Value, Error> {
        let usage = "`var` takes a name, and a default or nothing";
        let (args, named) = split(args)?;
        let (name, default) = match (args, &named) {
            ([name], None) => (name, None),
            ([name, default], None) => (name, Some(default.clone())),
            ([name], Some(named)) => {
                let default = named.get::<Value>("default").map_err(|_| refuse(Code::TemplateCall, usage, None))?;
                named.assert_all_used().map_err(|_| refuse(Code::TemplateCall, usage, None))?;
                (name, Some(default))
            }
            _ => return Err(refuse(Code::TemplateCall, usage, None)),
        };
        let name = text_argument(name, usage)?;
        self.record.lock().vars.insert(name.to_owned());
        if let Some(value) = self.facts.vars.get(name) {
            return Ok(value_of(value));
        }
        default.ok_or_else(|| {
            let help = nearest(name, self.facts.vars.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            refuse(Code::UnknownVar, format!("variable `{name}` is not set, and has no default"), help)
        })
    }

    fn watermark(&self) -> Value {
        match &self.facts.watermark_value {
            Some(value) => Value::from(value.as_str()),
            None => self.empty_watermark.clone().unwrap_or_else(|| Value::from(())),
        }
    }

    fn step(&self, step: Step, args: &[Value]) -> Value {
        let id = args.first().and_then(|id| usize::try_from(id.clone()).ok());
        let printed = self.trace.as_ref().map(|trace| trace.lock().take(step, id)).unwrap_or_default();
        if step == Step::Compare { self.watermark() } else { Value::from(printed) }
    }
}

/// Positional arguments, and named ones if there are any.
fn split(args: &[Value]) -> Result<(&[Value], Option<Kwargs>), Error> {
    match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => Ok((rest, Some(Kwargs::try_from(last.clone())?))),
        _ => Ok((args, None)),
    }
}

fn text_argument<'a>(value: &'a Value, usage: &str) -> Result<&'a str, Error> {
    value.as_str().ok_or_else(|| refuse(Code::TemplateCall, usage, None))
}

fn parse_name(text: &str, namespace: &str) -> Result<Name, Error> {
    Name::parse(text, namespace).map_err(|error| {
        let help = match error.code() {
            Code::InvalidRef | Code::InvalidName => None,
            _ => Some(error.help().to_owned()),
        };
        refuse(Code::InvalidRef, format!("`{text}` is not the name of a table: {}", reason(&error)), help)
    })
}

/// Why a text is no table name, said after the text itself.
fn reason(error: &crate::error::Error) -> String {
    match error.code() {
        Code::InvalidRef => "it does not have two or three parts".to_owned(),
        _ => error.message().to_owned(),
    }
}

/// A variable as the engine's value.
fn value_of(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Value::from(value),
            (None, Some(value), _) => Value::from(value),
            (None, None, value) => Value::from(value.unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(value) => Value::from(value.as_str()),
        serde_json::Value::Array(values) => values.iter().map(value_of).collect(),
        serde_json::Value::Object(entries) => entries.iter().map(|(key, value)| (key.as_str(), value_of(value))).collect(),
    }
}
