//! Reads JSON in little code: a value that is not as expected has no error that tells why, and a
//! record is a map, never a sequence.

use std::{fmt, vec};

use serde::{
    Deserializer,
    de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, map};

/// Reads a value from JSON; None when it can't be read.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let value = serde_json::from_str(text).ok()?;
    T::deserialize(Stored(value)).ok()
}

/// A value is not what was expected.
#[derive(Debug)]
struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A value as it was parsed.
struct Stored(Value);

impl Stored {
    fn map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
            _ => Err(Unreadable),
        }
    }
}

impl<'de> Deserializer<'de> for Stored {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(is_set) => visitor.visit_bool(is_set),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().ok_or(Unreadable)?),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(match self.0 {
            Value::String(name) => Variant(name, None),
            Value::Object(fields) => {
                let (name, content) = fields.into_iter().next().ok_or(Unreadable)?;
                Variant(name, Some(content))
            }
            _ => return Err(Unreadable),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct identifier
    }
}

/// The items of an array.
struct Items(vec::IntoIter<Value>);

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        let next = self.0.next();
        next.map(|item| seed.deserialize(Stored(item))).transpose()
    }
}

/// The fields of a record.
struct Fields {
    rest: map::IntoIter,
    /// That of the key which was read last.
    value: Value,
}

impl Fields {
    fn of(fields: Map<String, Value>) -> Self {
        Self {
            rest: fields.into_iter(),
            value: Value::Null,
        }
    }
}

impl<'de> de::MapAccess<'de> for Fields {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Unreadable> {
        seed.deserialize(Stored(self.value.take()))
    }
}

/// One of several: its name, and what it holds.
struct Variant(String, Option<Value>);

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Unreadable;
    type Variant = Content;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content), Unreadable> {
        let Self(name, content) = self;
        let variant = seed.deserialize(name.into_deserializer())?;
        Ok((variant, Content(content)))
    }
}

/// What one of several holds.
struct Content(Option<Value>);

impl Content {
    fn stored(self) -> Result<Stored, Unreadable> {
        self.0.map(Stored).ok_or(Unreadable)
    }
}

impl<'de> de::VariantAccess<'de> for Content {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        self.0.is_none().then_some(()).ok_or(Unreadable)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        seed.deserialize(self.stored()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.stored()?.map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Record {
        name: String,
        #[serde(default)]
        size: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Point,
        Text(String),
        Circle { radius: f64 },
    }

    #[track_caller]
    fn check<T: DeserializeOwned + PartialEq + Debug>(json: &str, expected: Option<T>) {
        assert_eq!(read::<T>(json), expected);
    }

    #[test]
    fn a_record_is_read() {
        let record = |size| {
            let name = "가".to_owned();
            Some(Record { name, size })
        };
        check(r#"{"name":"가","size":7,"other":[{}]}"#, record(Some(7)));
        check(r#"{"name":"가","size":null}"#, record(None));
        check(r#"{"name":"가"}"#, record(None));
        for other in [
            "",
            "{",
            "null",
            "[\"가\",7]",
            r#"{"size":7}"#,
            r#"{"name":7}"#,
        ] {
            check::<Record>(other, None);
        }
        check::<Record>(r#"{"name":"","size":256}"#, None);
    }

    #[test]
    fn one_of_several_is_read() {
        check(r#""point""#, Some(Shape::Point));
        check(r#"{"text":"a"}"#, Some(Shape::Text("a".into())));
        check(
            r#"{"circle":{"radius":1}}"#,
            Some(Shape::Circle { radius: 1.0 }),
        );
        for other in [r#""text""#, r#"{"point":1}"#, r#""square""#, "{}", "1"] {
            check::<Shape>(other, None);
        }
    }

    #[test]
    fn numbers_and_lists_are_read() {
        check("[[1,-2.5],[0,3]]", Some(vec![(1_u32, -2.5), (0, 3.0)]));
        check("-1", Some(-1_i32));
        check("-1", None::<u32>);
        check("true", Some(true));
        check(
            r#"{"a":[null,1e3]}"#,
            serde_json::from_str::<Value>(r#"{"a":[null,1e3]}"#).ok(),
        );
    }
}
