//! Calls to tools.

use std::borrow::Cow;

use super::calls::Piece;
use super::choices::Part;
use super::reader::Reader;
use crate::chat::{Delta, Place};
use crate::json::{Kind, Malformed};

impl<'a> Reader<'_, 'a> {
    /// Takes note of the pieces in the list that comes next; [`Reader::call`] tells them.
    pub(super) fn tools(&mut self, index: u32) -> Result<(), Malformed> {
        let first = self.pieces.len();
        match self.cursor.kind()? {
            Kind::Array => {
                let mut elements = self.cursor.array()?;
                while self.cursor.element(&mut elements)? {
                    if self.cursor.kind()? == Kind::Object {
                        let piece = self.tool()?;
                        self.pieces.push((index, piece));
                    } else {
                        self.bent()?;
                    }
                }
            }
            // One call, not in a list (TGI, huggingface/text-generation-inference#2794).
            Kind::Object => {
                self.straight = false;
                let piece = self.tool()?;
                self.pieces.push((index, piece));
            }
            Kind::Null => return self.cursor.null(),
            _ => return self.bent(),
        }
        let list = self.pieces.get_mut(first..).unwrap_or_default();
        for (behind, (_, piece)) in list.iter_mut().rev().enumerate() {
            piece.behind = behind;
        }
        Ok(())
    }

    /// Tells the pieces of calls.
    pub(super) fn call(&mut self) {
        for (index, mut piece) in std::mem::take(&mut self.pieces) {
            let sent = piece.index;
            let (has_id, has_name) = (piece.id.is_some(), piece.name.is_some());
            if !has_id && !has_name && piece.arguments.is_empty() && piece.extras.is_empty() {
                self.straight = false;
                continue;
            }
            let choice = self.saying(index, Part::Calls);
            let number = self.decoder.calls.place(choice, &mut piece);
            let Piece {
                id,
                name,
                arguments,
                extras,
                ..
            } = piece;
            self.straight &= sent == Some(number.into()) && (has_id, has_name) == (id.is_some(), name.is_some());
            // Told before, unless there is something new in it.
            if id.is_some() || name.is_some() || !arguments.is_empty() {
                self.deltas.push(Delta::Tool {
                    choice,
                    index: number,
                    id,
                    name,
                    arguments,
                });
            }
            let place = Place::Call { choice, index: number };
            self.deltas.extend(extras.into_iter().map(|(name, json)| Delta::Extra {
                place,
                name: name.read(),
                json: Cow::Borrowed(json),
            }));
        }
    }

    fn tool(&mut self) -> Result<Piece<'a>, Malformed> {
        let mut piece = Piece::default();
        let mut members = self.cursor.object()?;
        while let Some(name) = self.cursor.member(&mut members)? {
            match name.raw() {
                "index" => piece.index = self.cursor.integer()?,
                "id" => piece.id = self.words()?,
                "function" if self.cursor.kind()? == Kind::Object => {
                    let mut members = self.cursor.object()?;
                    while let Some(name) = self.cursor.member(&mut members)? {
                        if !self.function(name.raw(), &mut piece)? {
                            self.cursor.skip()?;
                        }
                    }
                }
                "type" | "function" => {
                    self.cursor.skip()?;
                }
                // Without a function around them (Workers AI, cloudflare/ai#192).
                other if self.function(other, &mut piece)? => self.straight = false,
                _ => {
                    let json = self.cursor.skip()?;
                    if json != "null" {
                        piece.extras.push((name, json));
                    }
                }
            }
        }
        Ok(piece)
    }

    /// The name or the arguments of a call, if the member of this name that comes next is one of them.
    fn function(&mut self, name: &str, piece: &mut Piece<'a>) -> Result<bool, Malformed> {
        match name {
            "name" => piece.name = self.words()?,
            // Ollama's own (BerriAI/litellm#37792)
            "arguments" if matches!(self.cursor.kind()?, Kind::Object | Kind::Array) => {
                self.straight = false;
                piece.arguments = Cow::Borrowed(self.cursor.skip()?);
            }
            "arguments" => piece.arguments = self.words()?.unwrap_or_default(),
            _ => return Ok(false),
        }
        Ok(true)
    }
}
