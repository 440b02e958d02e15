//! Deletion vectors of format version 3: the deleted rows of one data file, as a blob in a Puffin file.

use flate2::Crc;
use roaring::RoaringTreemap;

type Cause = Box<dyn std::error::Error + Send + Sync>;

const MAGIC: [u8; 4] = [0xd1, 0xd3, 0x39, 0x64];

/// The row numbers of a blob: its length, the magic bytes, a 64-bit Roaring bitmap in the portable form, and the checksum of these two.
pub(super) fn parse(blob: &[u8], count: u64) -> Result<RoaringTreemap, Cause> {
    let (length, rest) = blob.split_first_chunk::<4>().ok_or("it is too short")?;
    let (checked, checksum) = rest.split_last_chunk::<4>().ok_or("it is too short")?;
    if u32::from_be_bytes(*length) as usize != checked.len() {
        return Err(format!("it says that it has {} bytes, and has {}", u32::from_be_bytes(*length), checked.len()).into());
    }
    let mut crc = Crc::new();
    crc.update(checked);
    if crc.sum() != u32::from_be_bytes(*checksum) {
        return Err("its checksum is wrong".into());
    }
    let mut bitmap = checked.strip_prefix(&MAGIC).ok_or("it is of another kind")?;
    let rows = RoaringTreemap::deserialize_from(&mut bitmap)?;
    if !bitmap.is_empty() {
        return Err("it goes on behind its end".into());
    }
    if rows.len() != count {
        return Err(format!("it names {} rows, and its manifest says {count}", rows.len()).into());
    }
    Ok(rows)
}
