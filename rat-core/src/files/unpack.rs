//! Unpacking of `.gz` and `.zst` as the bytes arrive: never more than a piece of the unpacked text at a time, whatever the ratio.

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{self, InBuffer, Operation, OutBuffer};

use super::options::Packing;

/// How a file is packed, from its first bytes.
pub(super) fn detect(head: &[u8]) -> Packing {
    match head {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd,
        _ => Packing::None,
    }
}

/// Takes packed bytes and gives plain ones.
pub(super) enum Unpacker {
    Plain,
    /// The stream of the member that is being read, and whether there is one.
    Gzip(Box<Decompress>, Member),
    Zstd(Box<raw::Decoder<'static>>, Member),
}

/// Where in a file of packed members one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Between,
    Inside,
}

/// Packed bytes that cannot be unpacked; the text says why.
pub(super) struct Damaged(pub String);

const GZIP_WINDOW: u8 = 15;

impl Unpacker {
    pub fn new(packing: Packing) -> std::io::Result<Self> {
        Ok(match packing {
            Packing::Auto | Packing::None => Unpacker::Plain,
            Packing::Gzip => Unpacker::Gzip(Box::new(Decompress::new_gzip(GZIP_WINDOW)), Member::Between),
            Packing::Zstd => Unpacker::Zstd(Box::new(raw::Decoder::new()?), Member::Between),
        })
    }

    /// Unpacks some of `input` to the end of `out`, about `most` bytes, and says how much of the input is used up.
    pub fn unpack(&mut self, input: &[u8], out: &mut Vec<u8>, most: usize) -> Result<usize, Damaged> {
        match self {
            Unpacker::Plain => {
                let taken = input.len().min(most);
                out.extend_from_slice(&input[..taken]);
                Ok(taken)
            }
            Unpacker::Gzip(stream, member) => {
                if *member == Member::Between {
                    if input.is_empty() {
                        return Ok(0);
                    }
                    **stream = Decompress::new_gzip(GZIP_WINDOW);
                    *member = Member::Inside;
                }
                out.reserve(most);
                let before = stream.total_in();
                let status = stream
                    .decompress_vec(input, out, FlushDecompress::None)
                    .map_err(|e| Damaged(format!("the gzip data is damaged: {e}")))?;
                if status == Status::StreamEnd {
                    *member = Member::Between;
                }
                Ok(usize::try_from(stream.total_in() - before).unwrap_or(input.len()))
            }
            Unpacker::Zstd(decoder, member) => {
                if *member == Member::Between {
                    if input.is_empty() {
                        return Ok(0);
                    }
                    decoder.reinit().map_err(|e| Damaged(format!("the zstd data is damaged: {e}")))?;
                    *member = Member::Inside;
                }
                let start = out.len();
                out.resize(start + most, 0);
                let mut source = InBuffer::around(input);
                let mut target = OutBuffer::around(&mut out[start..]);
                let outcome = decoder.run(&mut source, &mut target);
                let (taken, given) = (source.pos(), target.pos());
                out.truncate(start + given);
                if outcome.map_err(|e| Damaged(format!("the zstd data is damaged: {e}")))? == 0 {
                    *member = Member::Between;
                }
                Ok(taken)
            }
        }
    }

    /// Whether the input may end here.
    pub fn is_whole(&self) -> bool {
        matches!(self, Unpacker::Plain | Unpacker::Gzip(_, Member::Between) | Unpacker::Zstd(_, Member::Between))
    }
}

/// As much of the head of a file as it unpacks to, at most `most` bytes. The end of a sample may cut a packed stream anywhere.
pub(super) fn head(packing: Packing, bytes: &[u8], most: usize) -> Result<Vec<u8>, Damaged> {
    let mut unpacker = Unpacker::new(packing).map_err(|e| Damaged(e.to_string()))?;
    let (mut plain, mut rest) = (Vec::new(), bytes);
    while plain.len() < most {
        let before = (plain.len(), rest.len());
        let taken = unpacker.unpack(rest, &mut plain, most - before.0)?;
        rest = &rest[taken..];
        if rest.is_empty() && plain.len() == before.0 || (plain.len(), rest.len()) == before {
            break;
        }
    }
    plain.truncate(most);
    Ok(plain)
}
