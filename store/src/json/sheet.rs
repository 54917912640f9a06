//! The JSON of one answer in the making, and the bounds it must not pass.

use crate::{Config, Error};

/// How large one answer may become, all that was handed out of it included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) bytes_max: usize,
    rows_max: u64,
}

/// JSON that was not handed out yet, and the count of the whole answer.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// What has been written and not been handed out.
    pub(crate) text: Vec<u8>,
    handed_out: usize,
    /// Rows at every level.
    rows: u64,
    bounds: Bounds,
}

impl Bounds {
    /// Those of the configuration.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            bytes_max: config.answer_bytes_max,
            rows_max: config.answer_rows_max,
        }
    }
}

impl Sheet {
    /// An empty one.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            text: Vec::with_capacity(512),
            handed_out: 0,
            rows: 0,
            bounds,
        }
    }

    /// Counts a row, at whatever level, that is written next; one too many is an error.
    pub(crate) fn row(&mut self) -> Result<(), Error> {
        self.rows += 1;
        if self.rows > self.bounds.rows_max {
            return Err(Error::AnswerRows(self.bounds.rows_max));
        }
        self.check()
    }

    /// Whether all that was written may be so long.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.handed_out + self.text.len() > self.bounds.bytes_max {
            return Err(Error::AnswerBytes(self.bounds.bytes_max));
        }
        Ok(())
    }

    /// Whether a value of so many bytes, of which its JSON has at least as many, may be written.
    pub(crate) fn admit(&self, bytes: usize) -> Result<(), Error> {
        if bytes > self.bounds.bytes_max {
            return Err(Error::AnswerBytes(self.bounds.bytes_max));
        }
        Ok(())
    }

    /// Takes what has been written, if the whole may be so long; `room` bytes are made ready for
    /// what follows.
    pub(crate) fn hand_out(&mut self, room: usize) -> Result<Vec<u8>, Error> {
        self.check()?;
        self.handed_out += self.text.len();
        Ok(std::mem::replace(&mut self.text, Vec::with_capacity(room)))
    }
}
