//! Release what was compared.
//!
//! The comparator looked at memory that a replica can write. What leaves is the coordinator's own copy of it, so the proof
//! that both are the same has to be made on the copy: its fingerprint is computed anew and must be the
//! verdict's. A [`Verified`] can be made in no other way, and only a [`Verified`] can be released.
//!
//! ```text
//!  submitted ── verdict ──> copied ── fingerprint of the copy = the verdict's ──> verified
//!      │                      │                                                     │
//!      │ flush                │ differs: rollback                                   ├─ seen before: swallowed
//!      v                      v                                                     └─ new: released, once, in order
//!    ended                  ended
//! ```

use covert_abi::{Fingerprint, Generation, Header, Kind, Seq, Verdict, fingerprint};

/// A record as the coordinator copied it out of a replica's arena: not to be trusted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The header as copied.
    pub header: Header,
    /// The payload as copied.
    pub payload: Vec<u8>,
}

/// Why a copy is not what was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The copy belongs to another record.
    #[error("the copy is of record {found}, the verdict is on {expected}")]
    OtherRecord {
        /// In the copy's header.
        found: Seq,
        /// In the verdict.
        expected: Seq,
    },
    /// The header does not describe the payload.
    #[error("the copy has {found} payload bytes, its header says {stated}")]
    Length {
        /// Bytes that were copied.
        found: usize,
        /// Bytes that the header states.
        stated: u32,
    },
    /// Something changed between the comparison and the copy.
    #[error("the copy's fingerprint is {found}, the verdict's is {expected}")]
    Fingerprint {
        /// Of the copy.
        found: Fingerprint,
        /// Of what was compared.
        expected: Fingerprint,
    },
    /// A kind of record that this coordinator does not know, although the replicas agree on it.
    #[error("record of unknown kind {0}")]
    Kind(u16),
}

/// A record whose copy is proven to be what was compared.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    record: Record,
    kind: Kind,
    fingerprint: Fingerprint,
}

impl Verified {
    /// Proves that `record` is what `verdict` is about.
    ///
    /// # Errors
    /// [`CopyError`] when it is not; the record must then be treated as one that did not compare equal.
    pub fn new(verdict: &Verdict, record: Record) -> Result<Verified, CopyError> {
        let header = &record.header;
        if (header.group, header.generation, header.seq) != (verdict.group, verdict.generation, verdict.seq) {
            return Err(CopyError::OtherRecord { found: header.seq, expected: verdict.seq });
        }
        if record.payload.len() != header.length as usize {
            return Err(CopyError::Length { found: record.payload.len(), stated: header.length });
        }
        let found = fingerprint(&record.payload, header);
        if found != verdict.fingerprint {
            return Err(CopyError::Fingerprint { found, expected: verdict.fingerprint });
        }
        let kind = Kind::from_number(header.kind).ok_or(CopyError::Kind(header.kind))?;
        Ok(Verified { record, kind, fingerprint: found })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.record.header
    }

    /// Position in the output stream.
    pub fn seq(&self) -> Seq {
        self.record.header.seq
    }

    /// What sort of record it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The very bytes that the fingerprint was computed from.
    pub fn payload(&self) -> &[u8] {
        &self.record.payload
    }

    /// The fingerprint, under the generation in which it was compared.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The fingerprint that the same content had, or would have had, in another generation.
    ///
    /// Replayed records are compared with what was released in the generation of the release.
    pub fn fingerprint_in(&self, generation: Generation) -> Fingerprint {
        fingerprint(&self.record.payload, &Header { generation, ..self.record.header })
    }
}
