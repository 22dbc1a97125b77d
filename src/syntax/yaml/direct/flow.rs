//! Collections in brackets.

use super::{Properties, Reader, Shape, Style, is_blank};
use crate::syntax::yaml::Raw;

impl Reader<'_, '_, '_> {
    /// A collection whose opening bracket is at hand; its other lines begin in column `least` or
    /// behind it.
    pub(super) fn flow(&mut self, least: usize, properties: Properties) -> Option<()> {
        let (shape, close) = if self.peek(0) == b'[' {
            (Shape::Sequence, b']')
        } else {
            (Shape::Mapping, b'}')
        };

        self.begin(
            Raw::leaf(self.at, self.at + 1, shape, Style::Flow),
            properties,
        );
        self.at += 1;

        loop {
            self.gap(least)?;
            if self.peek(0) == close {
                break;
            }

            if shape == Shape::Mapping {
                self.flow_member(least)?;
            } else {
                self.flow_item(least)?;
            }

            self.gap(least)?;

            match self.peek(0) {
                b',' => self.at += 1,
                byte if byte == close => break,
                _ => return None,
            }
        }

        self.at += 1;
        self.loader.end(self.at);

        Some(())
    }

    fn flow_member(&mut self, least: usize) -> Option<()> {
        let key = match self.peek(0) {
            b'"' | b'\'' => self.quoted(least)?,
            _ => self.plain_line(true)?,
        };

        if !self.is_key(&key) {
            return None;
        }

        self.scalar(key, Properties::default());
        self.spaces();
        if self.peek(0) != b':' {
            return None;
        }

        let colon = self.at;
        self.at += 1;
        self.gap(least)?;

        if matches!(self.peek(0), b',' | b'}') {
            self.absent(colon);
            return Some(());
        }

        self.flow_item(least)
    }

    fn flow_item(&mut self, least: usize) -> Option<()> {
        match self.peek(0) {
            b'[' | b'{' => self.deeper(|reader| reader.flow(least, Properties::default())),
            b'*' => {
                self.alias()?;
                (is_blank(self.peek(0)) || matches!(self.peek(0), b',' | b']' | b'}')).then_some(())
            }
            b'"' | b'\'' => {
                let scalar = self.quoted(least)?;
                self.scalar(scalar, Properties::default());
                Some(())
            }
            _ => {
                let scalar = self.plain_line(true)?;
                self.scalar(scalar, Properties::default());
                Some(())
            }
        }
    }

    /// White space and comments between items.
    fn gap(&mut self, least: usize) -> Option<()> {
        let line = self.line;
        self.blank()?;
        // The bracket that closes may stand in the column of the key.
        let least = if matches!(self.peek(0), b']' | b'}') {
            least.saturating_sub(1)
        } else {
            least
        };

        let is_inside = self.line == line || (self.column() >= least && !self.is_over());

        is_inside.then_some(())
    }
}
