//! Protocol Buffers on the wire, read in place and written.

/// A field of a message, where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) value: Value<'a>,
    /// Key and value as they stand there.
    pub(super) raw: &'a [u8],
}

/// A value on the wire; numbers of fixed size are of no interest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The bytes end within a field, or are no protocol buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut;

/// The fields of a message, one after the other; nothing comes after a [`Cut`].
pub(super) struct Fields<'a>(&'a [u8]);

pub(super) fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields(bytes)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Cut>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = take_field(&mut self.0).ok_or(Cut);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Takes one field off the front.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<Field<'a>> {
    let all = *bytes;
    let key = take_varint(bytes)?;
    let value = match key & 7 {
        0 => Value::Number(take_varint(bytes)?),
        1 => take(bytes, 8).map(|_| Value::Fixed)?,
        2 => {
            let len = usize::try_from(take_varint(bytes)?).ok()?;
            Value::Bytes(take(bytes, len)?)
        }
        5 => take(bytes, 4).map(|_| Value::Fixed)?,
        // Groups are not used by ONNX.
        _ => return None,
    };
    let raw = &all[..all.len() - bytes.len()];
    (key >> 3 != 0).then_some(Field { number: key >> 3, value, raw })
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

/// A varint off the front; `None` when it is cut off or longer than 64 bits take.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, field << 3);
    put_varint(out, value);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}
