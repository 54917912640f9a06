//! HTTP/2 written frame by frame (RFC 9113), for clients that do what no library does.

/// What a connection begins with, for a client that takes so much of each answer before it says more:
/// the setting 4, `INITIAL_WINDOW_SIZE`.
pub(crate) fn preface(window: u32) -> Vec<u8> {
    let settings = [&[0, 4], &window.to_be_bytes()[..]].concat();
    let begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    [&begin[..], &frame(4, 0, 0, &settings)].concat()
}

/// A GET on a stream, whose head says nothing more. No Huffman code, no entry of the table: section
/// 6.2.2 of RFC 7541.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    let literal = |name: u8, value: &str| {
        let length = u8::try_from(value.len()).unwrap();
        [&[name, length], value.as_bytes()].concat()
    };
    let head = [vec![0x82, 0x86], literal(1, "localhost"), literal(4, path)].concat();
    frame(1, 0b101, stream, &head)
}

/// A frame that asks whether the other end is there.
pub(crate) fn ping() -> Vec<u8> {
    frame(6, 0, 0, b"12345678")
}

/// A frame: section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let head = [&[0, 0, length, kind, flags], &stream.to_be_bytes()[..]].concat();
    [&head, payload].concat()
}
