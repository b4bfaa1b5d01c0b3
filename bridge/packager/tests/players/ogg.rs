//! Packets of an Ogg file with one stream (RFC 3533).

/// All packets, in order.
pub(crate) fn packets(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut packet = Vec::new();
    while !file.is_empty() {
        assert_eq!(&file[..4], b"OggS");
        let n_segments = usize::from(file[26]);
        let (header, mut body) = file.split_at(27 + n_segments);
        for length in &header[27..] {
            let (segment, rest) = body.split_at(usize::from(*length));
            packet.extend_from_slice(segment);
            body = rest;
            // A segment that is not full ends its packet.
            if *length < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
        file = body;
    }
    packets
}
