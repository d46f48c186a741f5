//! Python's pickle, as far as a cache writes it for plain values: nothing is ever built or called. Opcodes as in
//! `CPython`'s `Lib/pickletools.py`.

/// A value that a pickle may hold; any other makes it unreadable.
#[derive(Clone, PartialEq)]
// It may hold a code, so only a test may show it.
#[cfg_attr(test, derive(Debug))]
pub enum Value {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// A whole number of at most 64 bits.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A dict, in its order.
    Dict(Vec<(Value, Value)>),
}

/// It is no pickle of plain values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no pickle of plain values")]
pub struct NotPlain;

/// No pickle of a code is larger.
const LARGEST: usize = 64 << 10;
/// No deeper: a document of a code is flat.
const DEEPEST: u8 = 16;
/// What may be named again from the memo, in bytes: a small pickle must not become a large value.
const AGAIN: usize = 256 << 10;

/// A value being built, with the depth below it.
struct Item(Value, u8);

#[derive(Default)]
struct Machine {
    stack: Vec<Item>,
    marks: Vec<usize>,
    /// What was named: text and numbers only. A list or dict may still grow, or hold itself.
    memo: Vec<Option<Value>>,
    again: usize,
}

struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], NotPlain> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NotPlain)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, NotPlain> {
        self.take(1).map(|taken| taken[0])
    }

    /// A number of so many bytes, the lowest first.
    fn count(&mut self, bytes: usize) -> Result<usize, NotPlain> {
        let number = self.take(bytes)?.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| NotPlain)
    }

    fn text(&mut self, length: usize) -> Result<Value, NotPlain> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| NotPlain)?;
        Ok(Value::Text(text.to_owned()))
    }

    fn line(&mut self) -> Result<&'b str, NotPlain> {
        let end = self.0.iter().position(|byte| *byte == b'\n').ok_or(NotPlain)?;
        let line = self.take(end)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| NotPlain)
    }

    /// Two's complement, the lowest byte first.
    fn long(&mut self, length: usize) -> Result<Value, NotPlain> {
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|last| *last >= 0x80);
        let mut whole = [if negative { 0xFF } else { 0 }; 8];
        whole.get_mut(..length).ok_or(NotPlain)?.copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(whole)))
    }
}

/// Reads a pickle of protocol 0 to 5.
///
/// # Errors
/// When it holds anything but plain values, is cut, too large or too deep.
pub fn read(pickle: &[u8]) -> Result<Value, NotPlain> {
    if pickle.len() > LARGEST {
        return Err(NotPlain);
    }
    let (mut bytes, mut machine) = (Bytes(pickle), Machine::default());
    loop {
        let opcode = bytes.byte()?;
        if opcode == b'.' {
            let Item(value, _) = machine.stack.pop().ok_or(NotPlain)?;
            let whole = machine.stack.is_empty() && machine.marks.is_empty() && bytes.0.is_empty();
            return if whole { Ok(value) } else { Err(NotPlain) };
        }
        match scalar(opcode, &mut bytes)? {
            Some(value) => machine.stack.push(Item(value, 0)),
            None => machine.run(opcode, &mut bytes)?,
        }
    }
}

/// The opcodes that are a value, be it an empty one.
fn scalar(opcode: u8, bytes: &mut Bytes<'_>) -> Result<Option<Value>, NotPlain> {
    Ok(Some(match opcode {
        b'N' => Value::None,
        b']' => Value::List(Vec::new()),
        b'}' => Value::Dict(Vec::new()),
        0x88 => Value::Bool(true),
        0x89 => Value::Bool(false),
        b'I' => match bytes.line()? {
            "00" => Value::Bool(false),
            "01" => Value::Bool(true),
            number => Value::Int(number.parse().map_err(|_| NotPlain)?),
        },
        b'L' => Value::Int(bytes.line()?.trim_end_matches('L').parse().map_err(|_| NotPlain)?),
        b'J' => bytes.long(4)?,
        b'K' => Value::Int(i64::from(bytes.byte()?)),
        b'M' => Value::Int(i64::try_from(bytes.count(2)?).map_err(|_| NotPlain)?),
        0x8A => {
            let length = bytes.count(1)?;
            bytes.long(length)?
        }
        b'F' => Value::Float(bytes.line()?.parse().map_err(|_| NotPlain)?),
        b'G' => Value::Float(f64::from_be_bytes(bytes.take(8)?.try_into().map_err(|_| NotPlain)?)),
        // Without an escape it is plain text.
        b'V' => match bytes.line()? {
            text if text.contains('\\') => return Err(NotPlain),
            text => Value::Text(text.to_owned()),
        },
        // The first two are what Python 2 wrote for `str`.
        b'U' | 0x8C => {
            let length = bytes.count(1)?;
            bytes.text(length)?
        }
        b'T' | b'X' => {
            let length = bytes.count(4)?;
            bytes.text(length)?
        }
        0x8D => {
            let length = bytes.count(8)?;
            bytes.text(length)?
        }
        _ => return Ok(None),
    }))
}

impl Machine {
    fn run(&mut self, opcode: u8, bytes: &mut Bytes<'_>) -> Result<(), NotPlain> {
        match opcode {
            // The protocol and a frame change nothing that is read here.
            0x80 => bytes.take(1).map(drop),
            0x95 => bytes.take(8).map(drop),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'l' | b'd' => {
                let items = self.since_mark()?;
                let holder = if opcode == b'l' { Value::List(Vec::new()) } else { Value::Dict(Vec::new()) };
                self.stack.push(Item(holder, 0));
                self.extend(items)
            }
            b'e' | b'u' => {
                let items = self.since_mark()?;
                self.extend(items)
            }
            b'a' => {
                let items = self.last(1)?;
                self.extend(items)
            }
            b's' => {
                let items = self.last(2)?;
                self.extend(items)
            }
            b'q' => bytes.count(1).and_then(|at| self.name(at)),
            b'r' => bytes.count(4).and_then(|at| self.name(at)),
            b'p' => bytes.line()?.parse().map_err(|_| NotPlain).and_then(|at| self.name(at)),
            0x94 => self.name(self.memo.len()),
            b'h' => bytes.count(1).and_then(|at| self.named(at)),
            b'j' => bytes.count(4).and_then(|at| self.named(at)),
            b'g' => bytes.line()?.parse().map_err(|_| NotPlain).and_then(|at| self.named(at)),
            // Classes, functions, calls, persistent ids, bytes, sets, tuples: not a plain value.
            _ => Err(NotPlain),
        }
    }

    fn since_mark(&mut self) -> Result<Vec<Item>, NotPlain> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len()).ok_or(NotPlain)?;
        Ok(self.stack.split_off(mark))
    }

    fn last(&mut self, count: usize) -> Result<Vec<Item>, NotPlain> {
        let at = self.stack.len().checked_sub(count).ok_or(NotPlain)?;
        Ok(self.stack.split_off(at))
    }

    /// Puts items into the list or dict below them.
    fn extend(&mut self, items: Vec<Item>) -> Result<(), NotPlain> {
        // What lies below a mark is not reached from above it.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(NotPlain);
        }
        let Item(holder, depth) = self.stack.last_mut().ok_or(NotPlain)?;
        let below = items.iter().map(|Item(_, depth)| depth.saturating_add(1)).max().unwrap_or(0);
        *depth = below.max(*depth);
        if *depth > DEEPEST {
            return Err(NotPlain);
        }
        match holder {
            Value::List(list) => list.extend(items.into_iter().map(|Item(value, _)| value)),
            Value::Dict(entries) if items.len().is_multiple_of(2) => {
                let mut items = items.into_iter().map(|Item(value, _)| value);
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    entries.retain(|(known, _)| *known != key);
                    entries.push((key, value));
                }
            }
            _ => return Err(NotPlain),
        }
        Ok(())
    }

    fn name(&mut self, at: usize) -> Result<(), NotPlain> {
        let Item(value, _) = self.stack.last().ok_or(NotPlain)?;
        let value = (!matches!(value, Value::List(_) | Value::Dict(_))).then(|| value.clone());
        // Python numbers them from 0, without a gap and none twice.
        if at != self.memo.len() {
            return Err(NotPlain);
        }
        self.memo.push(value);
        Ok(())
    }

    fn named(&mut self, at: usize) -> Result<(), NotPlain> {
        let value = self.memo.get(at).cloned().flatten().ok_or(NotPlain)?;
        if let Value::Text(text) = &value {
            self.again += text.len();
        }
        self.again += 1;
        if self.again > AGAIN {
            return Err(NotPlain);
        }
        self.stack.push(Item(value, 0));
        Ok(())
    }
}

/// Writes a pickle of protocol 4, which every Python from 3.4 on reads.
#[must_use]
pub fn write(value: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    put(value, &mut body);
    body.push(b'.');
    let mut pickle = vec![0x80, 4];
    // Python frames what is at least four bytes long.
    if body.len() >= 4 {
        pickle.push(0x95);
        pickle.extend_from_slice(&u64::try_from(body.len()).unwrap_or(u64::MAX).to_le_bytes());
    }
    pickle.append(&mut body);
    pickle
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::None => out.push(b'N'),
        Value::Bool(true) => out.push(0x88),
        Value::Bool(false) => out.push(0x89),
        Value::Int(number) => integer(*number, out),
        Value::Float(number) => {
            out.push(b'G');
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Text(text) => {
            if let Ok(length) = u8::try_from(text.len()) {
                out.extend_from_slice(&[0x8C, length]);
            } else {
                out.push(b'X');
                out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            }
            out.extend_from_slice(text.as_bytes());
            out.push(0x94);
        }
        Value::List(items) => {
            out.extend_from_slice(b"]\x94(");
            for item in items {
                put(item, out);
            }
            out.push(b'e');
        }
        Value::Dict(entries) => {
            out.extend_from_slice(b"}\x94(");
            for (key, value) in entries {
                put(key, out);
                put(value, out);
            }
            out.push(b'u');
        }
    }
}

fn integer(number: i64, out: &mut Vec<u8>) {
    if let Ok(small) = u8::try_from(number) {
        out.extend_from_slice(&[b'K', small]);
    } else if let Ok(small) = u16::try_from(number) {
        out.push(b'M');
        out.extend_from_slice(&small.to_le_bytes());
    } else if let Ok(small) = i32::try_from(number) {
        out.push(b'J');
        out.extend_from_slice(&small.to_le_bytes());
    } else {
        out.extend_from_slice(&[0x8A, 8]);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// Written by `CPython` 3.11 with `pickle.dumps(value, protocol)`.
    #[test]
    fn what_python_writes_is_read() {
        let dict = Value::Dict(vec![(text("otp"), text("1234")), (text("attempts"), Value::Int(2))]);
        for (pickle, value) in [
            (&b"\x80\x04\x95\x08\x00\x00\x00\x00\x00\x00\x00\x8c\x041234\x94."[..], text("1234")),
            (b"\x80\x05\x95\x08\x00\x00\x00\x00\x00\x00\x00\x8c\x041234\x94.", text("1234")),
            (b"\x80\x02X\x04\x00\x00\x001234q\x00.", text("1234")),
            (b"V1234\np0\n.", text("1234")),
            (b"\x80\x02U\x041234q\x00.", text("1234")),
            (b"\x80\x04K\x2a.", Value::Int(42)),
            (b"\x80\x04\x95\x04\x00\x00\x00\x00\x00\x00\x00M\xd2\x04.", Value::Int(1234)),
            (b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00J\xff\xff\xff\xff.", Value::Int(-1)),
            (b"I1234\n.", Value::Int(1234)),
            (b"I01\n.", Value::Bool(true)),
            (b"\x80\x04N.", Value::None),
            (b"\x80\x04]\x94.", Value::List(vec![])),
            (
                b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x03otp\x94\x8c\x041234\x94\x8c\x08attempts\x94K\x02u.",
                dict.clone(),
            ),
            (b"(dp0\nVotp\np1\nV1234\np2\nsVattempts\np3\nI2\ns.", dict.clone()),
            (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x01a\x94h\x01e.", Value::List(vec![text("a"), text("a")])),
        ] {
            assert!(read(pickle) == Ok(value), "{pickle:?}");
        }
    }

    #[test]
    fn a_pickle_that_would_call_something_is_no_value() {
        for bad in [
            // os.system("true"), in protocols 0 and 4.
            &b"cos\nsystem\n(S'true'\ntR."[..],
            b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
            b"\x80\x04C\x01a.",
            b"\x80\x04)\x94.",
            b"",
            b".",
            b"1",
            b"(.",
            b"]h\x00.",
            b"]\x94h\x00a.",
            b"]((e.",
            b"K\x01K\x01.",
            b"]K\x01K\x02u.",
        ] {
            assert!(read(bad) == Err(NotPlain), "{bad:?}");
        }
    }

    #[test]
    fn deep_and_swelling_pickles_are_refused() {
        let deep = [vec![b']'; 40], vec![b'a'; 39], vec![b'.']].concat();
        assert!(read(&deep) == Err(NotPlain));
        let mut swelling = b"](".to_vec();
        swelling.extend_from_slice(b"X\x00\x40\x00\x00");
        swelling.extend(std::iter::repeat_n(b'a', 0x4000));
        swelling.extend_from_slice(b"\x94");
        swelling.extend(std::iter::repeat_n(&b"h\x00"[..], 10_000).flatten());
        swelling.extend_from_slice(b"e.");
        assert!(swelling.len() < LARGEST && read(&swelling) == Err(NotPlain));
    }

    #[test]
    fn a_code_is_written_as_python_does() {
        assert_eq!(write(&text("1234")), b"\x80\x04\x95\x08\x00\x00\x00\x00\x00\x00\x00\x8c\x041234\x94.");
        assert_eq!(write(&Value::Int(3)), b"\x80\x04K\x03.");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::None),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-1e9..1e9).prop_map(Value::Float),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let key = any::<String>().prop_map(Value::Text);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::vec((key, inner), 0..4).prop_map(|mut entries| {
                    let mut seen = std::collections::HashSet::new();
                    entries.retain(|(key, _)| matches!(key, Value::Text(text) if seen.insert(text.clone())));
                    Value::Dict(entries)
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_changed_pickle_is_read_or_refused(value in values(), at: prop::sample::Index, byte: u8) {
            let mut pickle = write(&value);
            let at = at.index(pickle.len());
            pickle[at] = byte;
            let _ = read(&pickle);
        }

        #[test]
        fn what_is_written_is_read(value in values()) {
            prop_assert!(read(&write(&value)) == Ok(value));
        }
    }
}
