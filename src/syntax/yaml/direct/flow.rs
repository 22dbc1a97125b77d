//! Collections in brackets.

use super::{DirectReader, Properties, is_blank};
use crate::syntax::yaml::tree::{Raw, Shape, Style};

impl DirectReader<'_, '_, '_> {
    /// Reads a collection whose opening bracket is next; its other lines begin in column `least` or
    /// after it.
    pub(super) fn flow(&mut self, least: usize, properties: Properties) -> Option<()> {
        let (shape, close) = if self.peek(0) == b'[' {
            (Shape::Sequence, b']')
        } else {
            (Shape::Mapping, b'}')
        };

        self.begin(
            Raw::leaf(self.position, self.position + 1, shape, Style::Flow),
            properties,
        );
        self.position += 1;

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
                b',' => self.position += 1,
                byte if byte == close => break,
                _ => return None,
            }
        }

        self.position += 1;
        self.loader.end(self.position);

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

        let colon = self.position;
        self.position += 1;
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

    /// Skips white space and comments between items.
    fn gap(&mut self, least: usize) -> Option<()> {
        let line = self.line;
        self.blank()?;

        // The closing bracket may be in the column of the key.
        let least = if matches!(self.peek(0), b']' | b'}') {
            least.saturating_sub(1)
        } else {
            least
        };

        let is_inside = self.line == line || (self.column() >= least && !self.is_over());

        is_inside.then_some(())
    }
}
