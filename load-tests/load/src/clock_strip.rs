//! The clock strip of the web client (`web-client/src/source/clock-strip.ts`): the wall time as black and white cells in the
//! first rows of a picture, so that whoever reads it in a browser knows how old the picture is.
//!
//! Forty cells across and two rows: the cells, and below them their inverse. The first 32 are the time in tenths of a
//! millisecond as a Gray code, highest bit first; the last eight are the CRC-8 of its four bytes. White is one.

use std::time::Duration;

/// Cells across a picture.
pub const CELLS: usize = 40;

/// Bits of the code that is the checksum.
const CRC_BITS: u32 = 8;

/// Nanoseconds of the strip's unit, a tenth of a millisecond.
const UNIT_NANOS: u128 = 100_000;

/// x^8 + x^2 + x + 1 (ITU-T I.432.1).
const CRC_POLYNOMIAL: u8 = 0x07;

/// Luma of black and white (ITU-R BT.601, limited range).
const BLACK: u8 = 16;
const WHITE: u8 = 235;

/// The least contrast between a cell and its inverse that counts as read, of 219: as the web client's reader has it.
const CONTRAST_MIN: u32 = 64;

/// The strip's clock: it wraps after five days.
pub fn clock_units(since_epoch: Duration) -> u32 {
    let units = (since_epoch.as_nanos() + UNIT_NANOS / 2) / UNIT_NANOS;
    #[expect(clippy::cast_possible_truncation, reason = "the clock wraps")]
    let wrapped = units as u32;
    wrapped
}

/// The cells of a moment, the first one highest.
pub fn code(units: u32) -> u64 {
    let gray = units ^ (units >> 1);
    u64::from(gray) << CRC_BITS | u64::from(crc8(gray))
}

/// Draws the strip of a moment into the luma of a picture, whose rows lie one after the other.
pub fn draw(luma: &mut [u8], width: usize, units: u32) {
    let cell = (width / CELLS).max(1);
    let code = code(units);
    for (y, row) in luma.chunks_exact_mut(width).take(2 * cell).enumerate() {
        let is_inverse = y >= cell;
        for (index, pixels) in row.chunks_mut(cell).take(CELLS).enumerate() {
            let is_one = code >> (CELLS - 1 - index) & 1 == 1;
            pixels.fill(if is_one == is_inverse { BLACK } else { WHITE });
        }
    }
}

/// Reads the strip of a picture; `None` where there is none, or where it cannot be trusted.
pub fn read(luma: &[u8], stride: usize, width: usize) -> Option<u32> {
    let cell = (width / CELLS).max(1);
    let mut code = 0_u64;
    for index in 0..CELLS {
        let upper = brightness(luma, stride, (index * cell, 0), cell)?;
        let lower = brightness(luma, stride, (index * cell, cell), cell)?;
        if upper.abs_diff(lower) < CONTRAST_MIN {
            return None;
        }
        code = code << 1 | u64::from(upper > lower);
    }
    let gray = u32::try_from(code >> CRC_BITS).ok()?;
    (code & 0xff == u64::from(crc8(gray))).then(|| from_gray(gray))
}

/// The mean of a cell's middle half, where its neighbours do not bleed in.
fn brightness(luma: &[u8], stride: usize, (left, top): (usize, usize), cell: usize) -> Option<u32> {
    let (from, to) = (cell / 4, (cell * 3 / 4).max(cell / 4 + 1));
    let mut total = 0;
    let mut n_pixels = 0;
    for y in top + from..top + to {
        let row = y * stride + left;
        for pixel in luma.get(row + from..row + to)? {
            total += u32::from(*pixel);
            n_pixels += 1;
        }
    }
    Some(total / n_pixels)
}

fn from_gray(gray: u32) -> u32 {
    [1, 2, 4, 8, 16]
        .into_iter()
        .fold(gray, |units, shift| units ^ units >> shift)
}

fn crc8(value: u32) -> u8 {
    value.to_be_bytes().into_iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| match crc & 0x80 {
            0 => crc << 1,
            _ => crc << 1 ^ CRC_POLYNOMIAL,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `stripCells` of the web client gives.
    const CODES: [(u32, u64); 4] = [
        (0, 0x0),
        (1, 0x107),
        (123_456_789, 0x4_f62b_9fa4),
        (4_294_967_295, 0x80_0000_0031),
    ];

    #[test]
    fn the_cells_are_those_that_the_web_client_reads() {
        for (units, cells) in CODES {
            assert_eq!(code(units), cells, "{units}");
        }
        let at = Duration::from_millis(1_000_000_000_000) + Duration::from_micros(160);
        assert_eq!(clock_units(at), 1_316_134_914);
    }

    #[test]
    fn a_strip_reads_back_and_a_damaged_one_does_not() {
        for (units, _) in CODES {
            let mut luma = vec![128; 320 * 20];
            assert_eq!(read(&luma, 320, 320), None, "there is none");
            draw(&mut luma, 320, units);
            assert_eq!(read(&luma, 320, 320), Some(units));
            // A cell that has become its own inverse.
            for row in luma.chunks_exact_mut(320).take(16) {
                for pixel in &mut row[80..88] {
                    *pixel = WHITE + BLACK - *pixel;
                }
            }
            assert_eq!(read(&luma, 320, 320), None);
        }
    }
}
