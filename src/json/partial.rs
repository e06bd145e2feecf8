//! The value of a JSON text that is still being written.

use super::MAX_DEPTH;

/// Follows a JSON text (RFC 8259) as it grows, and closes it where it is cut. It keeps no text: push the pieces as they
/// come, and give all of them together to [`Partial::write`].
///
/// A string is told as far as it has come, an array or object with what is in it so far. Held back is what may still turn
/// out to be another value: a number that may go on, half a `true`, half an escape or surrogate pair, a name without a
/// value. So each value that is told is the beginning of the next one.
///
/// Models like to put a code fence around JSON: its lines before and behind the value are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Partial {
    place: Place,
    /// How many bytes have come.
    at: usize,
    /// Where the value begins.
    start: usize,
    /// Up to where it can be told, closed with a quote if a string is open there, and a bracket for each level.
    told: usize,
    in_string: bool,
    depth: u32,
    /// One bit a level, the innermost lowest: 1 in an object, 0 in an array.
    objects: u128,
    is_fenced: bool,
    is_changed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Before the value.
    Start,
    /// In the first line of a code fence.
    Fence,
    /// Before a value of an array or a member; `first` if the array may end instead.
    Value { first: bool },
    /// Before a name; `first` if the object may end instead.
    Name { first: bool },
    /// Between a name and its value.
    Colon,
    /// Behind a value in an array or object.
    After,
    /// In a string, which is a name or a value.
    String { is_name: bool },
    /// Behind a backslash.
    Escape { is_name: bool },
    /// In the digits of `\u`: how many are to come, and what they have come to.
    Unit { is_name: bool, left: u8, unit: u16 },
    /// In a number.
    Number(Digits),
    /// In `true`, `false` or `null`: what of it is to come.
    Word(&'static [u8]),
    /// Behind the value.
    Whole,
    /// This is no JSON text.
    Malformed,
}

/// Where one is in a number.
#[derive(Clone, Copy, Debug)]
enum Digits {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

/// Why a text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoJson {
    /// There is nothing in it.
    Empty,
    /// It ends before its value does.
    Cut,
    /// At this byte stands what cannot stand there.
    At(usize),
}

/// The JSON text in `text`, without white space or a code fence around it.
///
/// # Errors
///
/// When it is none, or nested deeper than [`MAX_DEPTH`].
pub fn json_in(text: &str) -> Result<&str, NoJson> {
    let mut partial = Partial::default();
    partial.push(text);
    partial.finish();
    match partial.place {
        Place::Whole => Ok(text.get(partial.start..partial.told).unwrap_or_default()),
        Place::Malformed => Err(NoJson::At(partial.at)),
        Place::Start => Err(NoJson::Empty),
        _ => Err(NoJson::Cut),
    }
}

impl Default for Partial {
    fn default() -> Self {
        Self {
            place: Place::Start,
            at: 0,
            start: 0,
            told: 0,
            in_string: false,
            depth: 0,
            objects: 0,
            is_fenced: false,
            is_changed: false,
        }
    }
}

impl Partial {
    /// Takes the next piece of the text.
    pub fn push(&mut self, piece: &str) {
        let mut rest = piece.as_bytes();
        while !self.is_malformed() {
            if let Place::String { is_name } = self.place {
                let plain = |byte: &&u8| **byte >= 0x20 && !matches!(byte, b'"' | b'\\');
                let run = rest.iter().take_while(plain).count();
                self.at += run;
                rest = rest.get(run..).unwrap_or_default();
                if run > 0 && !is_name {
                    self.tell();
                }
            }
            let Some((&byte, after)) = rest.split_first() else {
                break;
            };
            self.step(byte);
            self.at += usize::from(!self.is_malformed());
            rest = after;
        }
    }

    /// Nothing more comes: a number that could have gone on is what it is.
    pub fn finish(&mut self) {
        if let Place::Number(digits) = self.place
            && digits.may_end()
            && self.depth == 0
        {
            self.tell();
            self.place = Place::Whole;
        }
    }

    /// Whether its value is whole, so that nothing can follow but white space.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.place, Place::Whole)
    }

    fn is_malformed(&self) -> bool {
        matches!(self.place, Place::Malformed)
    }

    /// Whether there is anything to tell.
    #[must_use]
    pub fn has_value(&self) -> bool {
        self.told > self.start
    }

    /// Whether the value has changed since [`Partial::take_change`] was last asked.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Whether the value has changed since this was last asked.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Appends the value so far as a JSON text; `text` is all that was pushed.
    pub fn write(&self, text: &str, out: &mut String) {
        out.push_str(text.get(self.start..self.told).unwrap_or_default());
        if self.in_string {
            out.push('"');
        }
        for level in 0..self.depth {
            out.push(if self.objects >> level & 1 == 1 { '}' } else { ']' });
        }
    }

    /// What came up to here can be told.
    fn tell(&mut self) {
        self.told = self.at;
        self.is_changed = true;
    }

    /// The same, with the byte that is being looked at.
    fn tell_this(&mut self) {
        self.told = self.at + 1;
        self.is_changed = true;
    }

    fn step(&mut self, byte: u8) {
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        self.place = match (self.place, byte) {
            (
                Place::Start | Place::Value { .. } | Place::Name { .. } | Place::Colon | Place::After | Place::Whole,
                _,
            ) if is_space => {
                return;
            }
            (Place::Start, b'`') => {
                self.is_fenced = true;
                Place::Fence
            }
            (Place::Start, _) => {
                (self.start, self.told) = (self.at, self.at);
                self.value(byte)
            }
            (Place::Fence, b'\n') => Place::Start,
            (Place::Fence, _) => Place::Fence,
            (Place::Value { first: true }, b']')
            | (Place::Name { first: true }, b'}')
            | (Place::After, b'}' | b']') => self.close(byte),
            (Place::Value { .. }, _) => self.value(byte),
            (Place::Name { .. }, b'"') => Place::String { is_name: true },
            (Place::After, b',') if self.objects & 1 == 1 => Place::Name { first: false },
            (Place::Colon, b':') | (Place::After, b',') => Place::Value { first: false },
            (Place::String { is_name: true }, b'"') => Place::Colon,
            (Place::String { .. }, b'"') => {
                // Half a surrogate pair that was waited with.
                self.is_changed |= self.told < self.at;
                self.told = self.at + 1;
                self.in_string = false;
                self.after()
            }
            (Place::String { is_name }, b'\\') => Place::Escape { is_name },
            (Place::Escape { is_name }, b'u') => Place::Unit {
                is_name,
                left: 4,
                unit: 0,
            },
            (Place::Escape { is_name }, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                if !is_name {
                    self.tell_this();
                }
                Place::String { is_name }
            }
            (Place::Unit { is_name, left, unit }, _) => self.unit(byte, is_name, left, unit),
            (Place::Number(digits), _) => match digits.next(byte) {
                Some(digits) => Place::Number(digits),
                None if digits.may_end() => {
                    self.tell();
                    self.place = self.after();
                    return self.step(byte);
                }
                None => Place::Malformed,
            },
            (Place::Word([only]), _) if *only == byte => {
                self.tell_this();
                self.after()
            }
            (Place::Word([next, rest @ ..]), _) if *next == byte => Place::Word(rest),
            (Place::Whole, b'`') if self.is_fenced => Place::Whole,
            _ => Place::Malformed,
        };
    }

    /// The beginning of a value.
    fn value(&mut self, byte: u8) -> Place {
        let place = match byte {
            b'"' => {
                self.in_string = true;
                Place::String { is_name: false }
            }
            b'{' | b'[' if self.depth == MAX_DEPTH => return Place::Malformed,
            b'{' | b'[' => {
                let is_object = byte == b'{';
                self.depth += 1;
                self.objects = self.objects << 1 | u128::from(is_object);
                if is_object {
                    Place::Name { first: true }
                } else {
                    Place::Value { first: true }
                }
            }
            b't' => return Place::Word(b"rue"),
            b'f' => return Place::Word(b"alse"),
            b'n' => return Place::Word(b"ull"),
            b'-' => return Place::Number(Digits::Minus),
            b'0' => return Place::Number(Digits::Zero),
            b'1'..=b'9' => return Place::Number(Digits::Whole),
            _ => return Place::Malformed,
        };
        self.tell_this();
        place
    }

    /// The end of an array or object, if the bracket is the right one.
    fn close(&mut self, bracket: u8) -> Place {
        if (bracket == b'}') != (self.objects & 1 == 1) {
            return Place::Malformed;
        }
        self.depth -= 1;
        self.objects >>= 1;
        self.told = self.at + 1;
        self.after()
    }

    /// Where one is behind a value.
    fn after(&self) -> Place {
        if self.depth == 0 { Place::Whole } else { Place::After }
    }

    fn unit(&mut self, byte: u8, is_name: bool, left: u8, unit: u16) -> Place {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Place::Malformed,
        };
        let (left, unit) = (left - 1, unit << 4 | u16::from(digit));
        if left > 0 {
            return Place::Unit { is_name, left, unit };
        }
        // The first half of a pair waits for the other.
        if !is_name && !(0xd800..0xdc00).contains(&unit) {
            self.tell_this();
        }
        Place::String { is_name }
    }
}

impl Digits {
    fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Whole, b'0'..=b'9') => Self::Whole,
            (Self::Zero | Self::Whole, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::Sign,
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Self::Power,
            _ => return None,
        })
    }

    fn may_end(self) -> bool {
        matches!(self, Self::Zero | Self::Whole | Self::Fraction | Self::Power)
    }
}
