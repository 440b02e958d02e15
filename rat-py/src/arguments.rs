//! Python's arguments as the core's options. What does not fit is a `TypeError` that names the parameter, what it must be and what it is.

use std::ops::Deref;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyInt, PyMemoryView, PyString};
use rat_core::Refresh;
use rat_core::error::{Code, Error};

use crate::error::to_python;
use crate::params::is_list;

/// How much of a wrong argument an error shows, in characters.
const SHOWN: usize = 40;

/// Kinds of arguments, each read by a function that gives `None` for what is no such thing. pyo3 names the parameter before the message;
/// an exception that is no `TypeError`, which a conversion of its own could raise, would stay without a name.
macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident($held:ty) = $expected:literal, $read:expr;)*) => {$(
        $(#[$doc])*
        pub struct $name(pub $held);

        impl<'a, 'py> FromPyObject<'a, 'py> for $name {
            type Error = PyErr;

            fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let read: fn(&Bound<'py, PyAny>) -> Option<$held> = $read;
                read(&given).map(Self).ok_or_else(|| PyTypeError::new_err(format!("must be {}, and is {}", $expected, shown(&given))))
            }
        }
    )*};
}

arguments! {
    /// Text.
    Text(String) = "a str", text;
    /// Some texts; a `str` is one.
    Texts(Vec<String>) = "a str or a list of str", texts;
    /// How many.
    Count(usize) = "a whole number, not negative", |given| whole(given)?.extract().ok();
    /// The number of a snapshot.
    SnapshotId(i64) = "the number of a snapshot", |given| whole(given)?.extract().ok();
    /// How long.
    Seconds(Duration) = "a number of seconds, not negative", seconds;
    /// A moment of a table, as text: a date or datetime is its ISO form, a snapshot its number.
    Moment(String) = "a datetime, a snapshot id, or the name of a tag", moment;
    /// A point in time.
    Instant(chrono::DateTime<chrono::Utc>) = "a datetime or ISO 8601 text, with its zone", instant;
    /// What is called with each event.
    Callback(Py<PyAny>) = "callable", |given| given.is_callable().then(|| given.clone().unbind());
    /// Bytes.
    Bytes(Vec<u8>) = "bytes", bytes;
    /// Values by name.
    Fields(Py<PyDict>) = "a dict", |given| given.cast::<PyDict>().ok().map(|fields| fields.clone().unbind());
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The texts, none when there are none.
pub fn selection(given: Option<Texts>) -> Vec<String> {
    given.map(|texts| texts.0).unwrap_or_default()
}

/// An argument in the words of an error message: itself when that is short, else what it is.
pub fn shown(given: &Bound<'_, PyAny>) -> String {
    let itself = given.repr().ok().map(|text| text.to_string()).filter(|text| text.chars().count() <= SHOWN);
    let type_name = || given.get_type().name().map_or_else(|_| "something else".to_owned(), |name| format!("of type {name}"));
    itself.unwrap_or_else(type_name)
}

/// A lone surrogate is no text.
pub fn text(given: &Bound<'_, PyAny>) -> Option<String> {
    given.cast::<PyString>().ok()?.to_str().ok().map(str::to_owned)
}

fn texts(given: &Bound<'_, PyAny>) -> Option<Vec<String>> {
    if let Some(one) = text(given) {
        return Some(vec![one]);
    }
    given.try_iter().ok().filter(|_| is_list(given))?.map(|item| text(&item.ok()?)).collect()
}

/// A bool is a number to Python, and never meant as one.
fn whole<'a, 'py>(given: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyAny>> {
    (!given.is_instance_of::<PyBool>()).then_some(given)
}

fn seconds(given: &Bound<'_, PyAny>) -> Option<Duration> {
    let number = match given.call_method0("total_seconds") {
        Ok(number) => number.extract(),
        Err(_not_a_timedelta) => whole(given)?.extract(),
    };
    Duration::try_from_secs_f64(number.ok()?).ok()
}

fn moment(given: &Bound<'_, PyAny>) -> Option<String> {
    if given.is_instance_of::<PyString>() {
        return text(given);
    }
    let written =
        if given.is_instance_of::<PyInt>() { whole(given)?.str().ok()?.into_any() } else { given.call_method0("isoformat").ok()? };
    text(&written)
}

pub fn instant(given: &Bound<'_, PyAny>) -> Option<chrono::DateTime<chrono::Utc>> {
    let written = text(given).or_else(|| in_utc(given).ok()?)?;
    Some(chrono::DateTime::parse_from_rfc3339(&written).ok()?.to_utc())
}

/// The text of a datetime; of one without zone, without zone. ISO 8601 has no seconds in an offset, and zones of long ago do.
fn in_utc(given: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if given.getattr("tzinfo")?.is_none() {
        return Ok(None);
    }
    let utc = given.py().import("datetime")?.getattr("timezone")?.getattr("utc")?;
    Ok(text(&given.call_method1("astimezone", (utc,))?.call_method0("isoformat")?))
}

/// Bytes, and nothing that could be made into some: an array of numbers has bytes too.
pub fn bytes(given: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    if given.is_instance_of::<PyMemoryView>() {
        return given.call_method0("tobytes").ok()?.extract().ok();
    }
    (given.is_instance_of::<PyBytes>() || given.is_instance_of::<PyByteArray>()).then(|| given.extract().ok())?
}

/// A path or URL as the core reads it: text, or anything with `__fspath__`.
pub fn path(given: &Bound<'_, PyAny>) -> PyResult<String> {
    let wrong = || PyTypeError::new_err(format!("must be a str or os.PathLike, and is {}", shown(given)));
    let written = match given.getattr_opt("__fspath__")? {
        _ if given.is_instance_of::<PyString>() => given.clone(),
        Some(written) => written.call0()?,
        None => return Err(wrong()),
    };
    let written = written.cast::<PyString>().map_err(|_| wrong())?;
    written.to_str().map(str::to_owned).map_err(|_| not_utf8(given.py()))
}

fn not_utf8(py: Python<'_>) -> PyErr {
    to_python(py, &Error::new(Code::InvalidArgument, "`path` is not UTF-8").with_help("give the lake's folder a name in UTF-8"))
}

/// Whether. Not a type of its own: Python is told what it is when nothing is given.
pub fn flag(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    let flag = given.cast::<PyBool>().map_err(|_| PyTypeError::new_err(format!("must be a bool, and is {}", shown(given))))?;
    Ok(flag.is_true())
}

/// What a rebuild may lose.
pub fn refresh(full_refresh: bool, allow_data_loss: bool) -> Refresh {
    match (full_refresh, allow_data_loss) {
        (false, _) => Refresh::No,
        (true, false) => Refresh::Full,
        (true, true) => Refresh::FullWithLoss,
    }
}
