//! An array of PostgreSQL in its binary form (`array_send`), as a list of one dimension.

use super::{Datum, garbled};
use crate::Error;
use crate::json::Sheet;
use model::Codec;
use tokio_postgres::types::{Kind, Type};

/// Whether the built-in type of that object id is an array.
pub(super) fn is_list(kind: u32) -> bool {
    Type::from_oid(kind).is_some_and(|kind| matches!(kind.kind(), Kind::Array(_)))
}

/// Writes the items by their codec.
pub(super) fn write(bytes: &[u8], item: &Codec, sheet: &mut Sheet) -> Result<(), Error> {
    let mut rest = bytes;
    let (dimensions, _has_null, kind) = (word(&mut rest)?, word(&mut rest)?, word(&mut rest)?);
    let length = match dimensions {
        0 => 0,
        1 => {
            let (length, _lower_bound) = (word(&mut rest)?, word(&mut rest)?);
            length
        }
        _ => {
            return Err(Error::OutOfRange(
                "a list has more than one dimension and has no form in the API",
            ));
        }
    };
    sheet.text.push(b'[');
    for index in 0..length {
        if index > 0 {
            sheet.text.push(b',');
        }
        let bytes = match word(&mut rest)? {
            u32::MAX => None,
            length => Some(take(&mut rest, length)?),
        };
        Datum { kind, bytes }.write(item, sheet)?;
    }
    sheet.text.push(b']');
    Ok(())
}

fn word(rest: &mut &[u8]) -> Result<u32, Error> {
    let four = take(rest, 4)?.try_into();
    four.map(u32::from_be_bytes)
        .map_err(|_| garbled("an array is cut off"))
}

fn take<'a>(rest: &mut &'a [u8], length: u32) -> Result<&'a [u8], Error> {
    let length = usize::try_from(length).map_err(|_| garbled("an array is cut off"))?;
    let (taken, left) = rest
        .split_at_checked(length)
        .ok_or_else(|| garbled("an array is cut off"))?;
    *rest = left;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Bounds;
    use model::Scalar;

    fn words(words: &[i32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn written(array: &[i32]) -> Result<String, Error> {
        let mut sheet = Sheet::new(Bounds::new(&crate::Config::default()));
        write(&words(array), &Codec::Scalar(Scalar::Int), &mut sheet)?;
        Ok(String::from_utf8(sheet.text).unwrap())
    }

    #[test]
    fn items_stand_in_their_order_and_may_be_null() {
        assert_eq!(written(&[0, 0, 23]).unwrap(), "[]");
        let items = [1, 1, 23, 3, 1, 4, 7, -1, 4, -8];
        assert_eq!(written(&items).unwrap(), "[7,null,-8]");
        let from_zero = [1, 0, 23, 1, 0, 4, 7];
        assert_eq!(written(&from_zero).unwrap(), "[7]");
    }

    #[test]
    fn several_dimensions_are_refused_and_never_made_one() {
        let two = [2, 0, 23, 1, 1, 2, 1, 4, 7, 4, 8];
        assert!(matches!(written(&two), Err(Error::OutOfRange(_))));
    }

    #[test]
    fn what_is_cut_off_or_of_another_type_is_an_error() {
        for length in 0..7 {
            let whole = [1, 0, 23, 1, 1, 4, 7];
            assert!(written(&whole[..length]).is_err(), "{length}");
        }
        assert!(written(&[1, 0, 25, 1, 1, 4, 7]).is_err());
        assert!(written(&[1, 0, 23, i32::MAX, 1, 4, 7]).is_err());
    }

    #[test]
    fn only_arrays_are_lists() {
        assert!(is_list(Type::TEXT_ARRAY.oid()) && is_list(Type::JSONB_ARRAY.oid()));
        assert!(!is_list(Type::TEXT.oid()) && !is_list(Type::POINT.oid()));
    }
}
