//! A JavaScript value as data, on its way in or out: bigint for 64-bit integers, Date for dates and times.

#![expect(unsafe_code, reason = "the conversion traits are unsafe by signature; every handle is of the env it is used with")]

use std::ptr;

use chrono::{DateTime, SecondsFormat, Utc};
use napi::bindgen_prelude::{Array, BigInt, Buffer, FromNapiValue, Null, Object, ToNapiValue, Uint8Array, Utf16String};
use napi::{Env, JsValue, Result, ValueType, check_status, sys, type_of};

/// How deep what a caller hands over may be nested; a circle is deeper than that.
const DEEPEST: usize = 64;
/// What `JSON.stringify` asks an object for.
pub const TO_JSON: &str = "toJSON";
/// As `object.name = value` makes a property.
const OPEN: sys::napi_property_attributes =
    sys::PropertyAttributes::writable | sys::PropertyAttributes::enumerable | sys::PropertyAttributes::configurable;
/// What a string with a surrogate alone is.
const NOT_UNICODE: &str = "text that is not Unicode";

/// A value that JavaScript gave or gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Signed(i64),
    Unsigned(u64),
    Text(String),
    /// Milliseconds since 1970.
    Date(f64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
    /// An object of a report that has a bigint, which `JSON.stringify` writes as decimal text. Only ever made, never given.
    Identified(Vec<(String, Value)>),
    /// What is not data: a function, a symbol, an instance of a class. Only ever given, never made.
    Other(String),
}

impl Value {
    /// What it is, in the words of an error message.
    pub fn describe(&self) -> String {
        match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) if value.is_infinite() => if *value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
            Self::Number(value) if value.abs() >= 1e21 => format!("{value:e}"),
            Self::Number(value) => value.to_string(),
            Self::Signed(value) => format!("{value}n"),
            Self::Unsigned(value) => format!("{value}n"),
            Self::Text(value) if value.chars().count() <= 40 => format!("{value:?}"),
            Self::Text(_) => "a string".to_owned(),
            Self::Date(millis) if !millis.is_finite() => "an invalid Date".to_owned(),
            Self::Date(_) => self.instant().map_or_else(
                || "a Date that is too far from now".to_owned(),
                |instant| instant.to_rfc3339_opts(SecondsFormat::Millis, true),
            ),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::List(_) => "an array".to_owned(),
            Self::Object(_) | Self::Identified(_) => "an object".to_owned(),
            Self::Other(what) => what.clone(),
        }
    }

    /// The instant of a Date; `None` for anything else, and beyond what the core counts to.
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Date(millis) if millis.is_finite() => DateTime::from_timestamp_millis(*millis as i64),
            _ => None,
        }
    }

    unsafe fn read(env: sys::napi_env, value: sys::napi_value, depth: usize) -> Result<Self> {
        unsafe {
            Ok(match type_of!(env, value)? {
                ValueType::Undefined => Self::Undefined,
                ValueType::Null => Self::Null,
                ValueType::Boolean => Self::Bool(bool::from_napi_value(env, value)?),
                ValueType::Number => Self::Number(f64::from_napi_value(env, value)?),
                ValueType::String => read_text(env, value)?.map_or_else(|| Self::Other(NOT_UNICODE.to_owned()), Self::Text),
                ValueType::BigInt => match BigInt::from_napi_value(env, value)?.get_i64() {
                    (number, true) => Self::Signed(number),
                    _ => Self::Other(far(&written(env, value)?)),
                },
                ValueType::Object => Self::read_object(env, value, depth)?,
                other => Self::Other(format!("a {}", other.to_string().to_lowercase())),
            })
        }
    }

    unsafe fn read_object(env: sys::napi_env, value: sys::napi_value, depth: usize) -> Result<Self> {
        if depth == DEEPEST {
            return Ok(Self::Other(format!("something nested deeper than {DEEPEST}")));
        }
        unsafe {
            let object = Object::from_napi_value(env, value)?;
            if object.is_array()? || is_array_behind_proxy(env, value)? {
                let mut length = ptr::null_mut();
                check_status!(sys::napi_get_named_property(env, value, c"length".as_ptr(), &raw mut length))?;
                let items = (0..u32::from_napi_value(env, length)?).map(|i| {
                    let mut item = ptr::null_mut();
                    check_status!(sys::napi_get_element(env, value, i, &raw mut item))?;
                    Self::read(env, item, depth + 1)
                });
                return items.collect::<Result<_>>().map(Self::List);
            }
            if object.is_date()? {
                let mut millis = 0.0;
                check_status!(sys::napi_get_date_value(env, value, &raw mut millis))?;
                return Ok(Self::Date(millis));
            }
            if object.is_typedarray()? {
                return Ok(match Uint8Array::from_napi_value(env, value) {
                    Ok(bytes) => Self::Bytes(bytes.to_vec()),
                    Err(_) => Self::Other("a typed array that is not of bytes".to_owned()),
                });
            }
            if !is_plain(env, value)? {
                return Ok(Self::Other(class_of(env, value)));
            }
            let mut fields = Vec::new();
            for key in own_names(env, value)? {
                let mut field = ptr::null_mut();
                check_status!(sys::napi_get_property(env, value, key, &raw mut field))?;
                let Some(name) = read_text(env, key)? else {
                    return Ok(Self::Other(format!("an object with a name that is {NOT_UNICODE}")));
                };
                fields.push((name, Self::read(env, field, depth + 1)?));
            }
            Ok(Self::Object(fields))
        }
    }
}

/// A string; `None` where it has a surrogate alone, which napi's own reading would replace.
unsafe fn read_text(env: sys::napi_env, value: sys::napi_value) -> Result<Option<String>> {
    let units = unsafe { Utf16String::from_napi_value(env, value)? };
    Ok(String::from_utf16(&units).ok())
}

/// Whether an object is a literal: its prototype is none, or has none. Holds for objects of another realm too.
unsafe fn is_plain(env: sys::napi_env, value: sys::napi_value) -> Result<bool> {
    let mut prototype = value;
    for _ in 0..2 {
        unsafe {
            check_status!(sys::napi_get_prototype(env, prototype, &raw mut prototype))?;
            if type_of!(env, prototype)? == ValueType::Null {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What an object is an instance of, by its constructor's name.
unsafe fn class_of(env: sys::napi_env, value: sys::napi_value) -> String {
    let mut at = value;
    let name = unsafe {
        [c"constructor", c"name"]
            .into_iter()
            .try_for_each(|key| check_status!(sys::napi_get_named_property(env, at, key.as_ptr(), &raw mut at)))
            .and_then(|()| String::from_napi_value(env, at))
    };
    match name.as_deref() {
        Ok("Object") => "an object that inherits fields".to_owned(),
        Ok(name) if !name.is_empty() => format!("an instance of {name}"),
        _ => "an instance of a class without a name".to_owned(),
    }
}

/// A Proxy has no prototype of its own, so that one of an array would pass for a literal.
unsafe fn is_array_behind_proxy(env: sys::napi_env, value: sys::napi_value) -> Result<bool> {
    let mut at = ptr::null_mut();
    unsafe {
        check_status!(sys::napi_get_prototype(env, value, &raw mut at))?;
        if type_of!(env, at)? != ValueType::Null {
            return Ok(false);
        }
        check_status!(sys::napi_get_global(env, &raw mut at))?;
        for key in [c"Array", c"isArray"] {
            check_status!(sys::napi_get_named_property(env, at, key.as_ptr(), &raw mut at))?;
        }
        let mut answer = ptr::null_mut();
        check_status!(sys::napi_call_function(env, value, at, 1, &raw const value, &raw mut answer))?;
        bool::from_napi_value(env, answer)
    }
}

/// A value as `String(value)` writes it.
unsafe fn written(env: sys::napi_env, value: sys::napi_value) -> Result<String> {
    let mut text = ptr::null_mut();
    unsafe {
        check_status!(sys::napi_coerce_to_string(env, value, &raw mut text))?;
        String::from_napi_value(env, text)
    }
}

/// A bigint of more digits than anybody reads is told by how many it has.
fn far(digits: &str) -> String {
    if digits.len() <= 40 { format!("{digits}n") } else { format!("a bigint of {} digits", digits.trim_start_matches('-').len()) }
}

impl FromNapiValue for Value {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        unsafe { Self::read(env, value, 0) }
    }
}

impl ToNapiValue for Value {
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> Result<sys::napi_value> {
        unsafe {
            match value {
                Self::Undefined => <()>::to_napi_value(env, ()),
                Self::Null => Null::to_napi_value(env, Null),
                Self::Bool(value) => bool::to_napi_value(env, value),
                Self::Number(value) => f64::to_napi_value(env, value),
                Self::Signed(value) => BigInt::to_napi_value(env, BigInt::from(value)),
                Self::Unsigned(value) => BigInt::to_napi_value(env, BigInt::from(value)),
                Self::Text(value) | Self::Other(value) => String::to_napi_value(env, value),
                Self::Date(millis) => {
                    let mut date = ptr::null_mut();
                    check_status!(sys::napi_create_date(env, millis, &raw mut date))?;
                    Ok(date)
                }
                Self::Bytes(value) => Buffer::to_napi_value(env, value.into()),
                Self::List(items) => Vec::to_napi_value(env, items),
                Self::Object(fields) => object_of(env, fields),
                Self::Identified(fields) => {
                    let object = object_of(env, fields)?;
                    let name = String::to_napi_value(env, TO_JSON.to_owned())?;
                    // Nothing that one sees or copies is added.
                    let hidden = sys::PropertyAttributes::writable | sys::PropertyAttributes::configurable;
                    let method = sys::napi_property_descriptor { method: Some(to_json), ..property(name, hidden) };
                    check_status!(sys::napi_define_properties(env, object, 1, &raw const method))?;
                    Ok(object)
                }
            }
        }
    }
}

unsafe fn object_of(env: sys::napi_env, fields: Vec<(String, Value)>) -> Result<sys::napi_value> {
    unsafe {
        let object = Object::to_napi_value(env, Object::new(&Env::from_raw(env))?)?;
        for (name, field) in fields {
            let name = Key::new(env, &name)?;
            let field = Value::to_napi_value(env, field)?;
            name.put(env, object, field)?;
        }
        Ok(object)
    }
}

/// `toJSON`: the same object, with each bigint as decimal text. `JSON.parse` would round a number of that size.
unsafe extern "C" fn to_json(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let said = || -> Result<sys::napi_value> {
        let mut this = ptr::null_mut();
        unsafe {
            check_status!(sys::napi_get_cb_info(env, info, ptr::null_mut(), ptr::null_mut(), &raw mut this, ptr::null_mut()))?;
            let copy = Object::to_napi_value(env, Object::new(&Env::from_raw(env))?)?;
            for name in own_names(env, this)? {
                let mut field = ptr::null_mut();
                check_status!(sys::napi_get_property(env, this, name, &raw mut field))?;
                let own = sys::napi_property_descriptor { value: as_json(env, field)?, ..property(name, OPEN) };
                check_status!(sys::napi_define_properties(env, copy, 1, &raw const own))?;
            }
            Ok(copy)
        }
    };
    // What went wrong is thrown when this returns.
    said().unwrap_or(ptr::null_mut())
}

/// A bigint as text, and those of an array; anything else as it is.
unsafe fn as_json(env: sys::napi_env, value: sys::napi_value) -> Result<sys::napi_value> {
    unsafe {
        let mut said = value;
        if type_of!(env, value)? == ValueType::BigInt {
            check_status!(sys::napi_coerce_to_string(env, value, &raw mut said))?;
        } else if type_of!(env, value)? == ValueType::Object && Object::from_napi_value(env, value)?.is_array()? {
            let length = Array::from_napi_value(env, value)?.len();
            said = Array::to_napi_value(env, Env::from_raw(env).create_array(length)?)?;
            for i in 0..length {
                let mut item = ptr::null_mut();
                check_status!(sys::napi_get_element(env, value, i, &raw mut item))?;
                check_status!(sys::napi_set_element(env, said, i, as_json(env, item)?))?;
            }
        }
        Ok(said)
    }
}

/// The names of the fields that are an object's own.
unsafe fn own_names(env: sys::napi_env, object: sys::napi_value) -> Result<Vec<sys::napi_value>> {
    let mut names = ptr::null_mut();
    unsafe {
        check_status!(sys::napi_get_all_property_names(
            env,
            object,
            sys::KeyCollectionMode::own_only,
            sys::KeyFilter::enumerable | sys::KeyFilter::skip_symbols,
            sys::KeyConversion::numbers_to_strings,
            &raw mut names
        ))?;
        let name = |i| {
            let mut name = ptr::null_mut();
            check_status!(sys::napi_get_element(env, names, i, &raw mut name)).map(|()| name)
        };
        (0..Array::from_napi_value(env, names)?.len()).map(name).collect()
    }
}

/// A property without a value yet.
fn property(name: sys::napi_value, attributes: sys::napi_property_attributes) -> sys::napi_property_descriptor {
    sys::napi_property_descriptor {
        utf8name: ptr::null(),
        name,
        method: None,
        getter: None,
        setter: None,
        value: ptr::null_mut(),
        attributes,
        data: ptr::null_mut(),
    }
}

/// The name of a property, made once for many objects.
pub struct Key {
    name: sys::napi_value,
    /// Setting this one would change the object's class instead of a field.
    is_proto: bool,
}

impl Key {
    pub unsafe fn new(env: sys::napi_env, name: &str) -> Result<Self> {
        Ok(Self { name: unsafe { String::to_napi_value(env, name.to_owned())? }, is_proto: name == "__proto__" })
    }

    /// Puts a field of this name onto the object.
    pub unsafe fn put(&self, env: sys::napi_env, object: sys::napi_value, value: sys::napi_value) -> Result<()> {
        if !self.is_proto {
            return unsafe { check_status!(sys::napi_set_property(env, object, self.name, value)) };
        }
        let own = sys::napi_property_descriptor { value, ..property(self.name, OPEN) };
        unsafe { check_status!(sys::napi_define_properties(env, object, 1, &raw const own)) }
    }
}
