//! How calls of tools are put together. `LiveAvatar` offers no tools, but what a model sends of them decides whether
//! the text beside it is heard.

use super::chunk::build;
use super::python::{Item, Value, whole_text};
use super::reading::ToolCall;
use super::{Caller, Why};

/// The call whose arguments are being read.
#[derive(Default)]
pub(super) struct Tools {
    id: Kept,
    name: Kept,
    arguments: Kept,
    has_bad_extra: bool,
    index: Index,
}

/// What is kept of a member that should be a text. Nothing checks that until the call is complete.
#[derive(Default)]
enum Kept {
    #[default]
    Nothing,
    Text(String),
    Number,
    List,
    Object,
}

/// A call's index, as far as it matters whether two are the same.
#[derive(Default, PartialEq)]
enum Index {
    #[default]
    None,
    /// Written as a whole number, however it was sent.
    Number(String),
    Text(String),
    List,
    Object,
}

impl Tools {
    /// Whether a call has begun that has an id.
    pub(super) fn is_open(&self) -> bool {
        self.id.truthy()
    }

    /// Reads `tool_calls`. `complete` is called for each call that another one's beginning completes; the observed
    /// version passes over what stands behind that, and says so by `Ok(true)`.
    pub(super) fn read(
        &mut self,
        caller: Caller,
        list: Value<'_, '_>,
        complete: &mut dyn FnMut(ToolCall) -> Result<(), Why>,
    ) -> Result<bool, Why> {
        if !matches!(list.item, Item::List) {
            return Err(Why::ToolCallsNotList);
        }
        let is_valid = list.children().all(|(_, part)| is_valid(part));
        if !is_valid {
            // What pydantic accepts it builds itself; only the rest goes through the function that `build` knows.
            for (_, part) in list.children() {
                build(part, &["function", "id", "index", "type"])?;
            }
        }
        for (_, part) in list.children() {
            if !part.is_object() {
                return Err(Why::ToolCallNotObject);
            }
            let function = part.get("function");
            // A model without members is true, a mere object without any is not: but every object becomes a model.
            if !function.is_object() && !function.truthy() {
                continue;
            }
            let index = Index::of(part.get("index"), is_valid);
            let mut is_next = false;
            if self.is_open() && part.get("id").truthy() && index != self.index {
                complete(self.take()?)?;
                is_next = true;
            }
            if !function.is_object() {
                return Err(Why::FunctionNotObject);
            }
            if !is_function(function) {
                build(function, &["arguments", "name"])?;
            }
            let (name, arguments) = (function.get("name"), function.get("arguments"));
            if name.truthy() {
                let extra = part.get("extra_content");
                *self = Self {
                    id: Kept::of(part.get("id")),
                    name: Kept::of(name),
                    arguments: if arguments.truthy() {
                        Kept::of(arguments)
                    } else {
                        Kept::Text(String::new())
                    },
                    has_bad_extra: !extra.is_none() && !extra.is_object(),
                    index,
                };
            } else if arguments.truthy() {
                self.arguments.add(arguments)?;
            }
            if is_next && caller == Caller::Observed {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The call that is complete. Here, at last, its members must be texts.
    pub(super) fn take(&mut self) -> Result<ToolCall, Why> {
        // The index stays: a call without one of its own is compared with it.
        let index = std::mem::take(&mut self.index);
        let Self {
            id,
            name,
            arguments,
            has_bad_extra,
            ..
        } = std::mem::replace(
            self,
            Self {
                index,
                ..Self::default()
            },
        );
        if has_bad_extra {
            return Err(Why::ExtraNotObject);
        }
        Ok(ToolCall {
            id: id.into_text()?,
            name: name.into_text()?,
            arguments: arguments.into_text()?,
        })
    }
}

/// Whether pydantic would accept the part. If it accepts all of a list, indexes that are texts have become numbers.
fn is_valid(part: Value<'_, '_>) -> bool {
    part.is_object()
        && part.get("index").countable()
        && is_text_or_none(part.get("id"))
        && (part.get("type").is_none() || part.get("type").is("function"))
        && is_function(part.get("function"))
}

fn is_function(function: Value<'_, '_>) -> bool {
    let is_whole = |function: Value<'_, '_>| {
        ["name", "arguments"]
            .iter()
            .all(|name| is_text_or_none(function.get(name)))
    };
    function.is_none() || function.is_object() && is_whole(function)
}

fn is_text_or_none(value: Value<'_, '_>) -> bool {
    matches!(value.item, Item::None | Item::Text(_))
}

impl Kept {
    fn of(value: Value<'_, '_>) -> Self {
        match value.item {
            Item::Text(text) => Self::Text(text.read().into_owned()),
            _ if !value.truthy() => Self::Nothing,
            Item::List => Self::List,
            Item::Object => Self::Object,
            _ => Self::Number,
        }
    }

    fn truthy(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Text(text) => !text.is_empty(),
            _ => true,
        }
    }

    /// `self += value`, where the value is true: texts join, numbers add up, and a list takes whatever can be gone through.
    fn add(&mut self, value: Value<'_, '_>) -> Result<(), Why> {
        match (self, Self::of(value)) {
            (Self::Text(text), Self::Text(more)) => text.push_str(&more),
            (Self::Number, Self::Number) | (Self::List, Self::Text(_) | Self::List | Self::Object) => {}
            (Self::Nothing, _) => return Err(Why::ArgumentsWithoutName),
            _ => return Err(Why::ToolCallNotText),
        }
        Ok(())
    }

    fn into_text(self) -> Result<String, Why> {
        match self {
            Self::Nothing => Ok(String::new()),
            Self::Text(text) => Ok(text),
            _ => Err(Why::ToolCallNotText),
        }
    }
}

impl Index {
    fn of(value: Value<'_, '_>, is_valid: bool) -> Self {
        match value.item {
            Item::None => Self::None,
            Item::Bool(value) => Self::Number(u8::from(value).to_string()),
            Item::Number(number) => Self::Number(plain(number)),
            Item::Text(text) => {
                let text = text.read();
                match whole_text(&text).filter(|_| is_valid) {
                    Some(number) => Self::Number(number),
                    None => Self::Text(text.into_owned()),
                }
            }
            Item::List => Self::List,
            Item::Object => Self::Object,
        }
    }
}

/// A number as it is written without a fraction of zeros and without a minus before zero. Exponents stay.
fn plain(number: &str) -> String {
    let whole = match number.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => number,
    };
    if whole == "-0" {
        "0".to_owned()
    } else {
        whole.to_owned()
    }
}
