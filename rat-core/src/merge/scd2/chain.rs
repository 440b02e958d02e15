//! One key's versions, in the order of when they begin.
//!
//! Several new versions do what each of them would, one after the other. One that says what the version valid at its moment says already
//! changes nothing: it was sent before, or nothing happened. One that begins when a stored version does is that version, and takes its
//! place. One that begins after all stored ones ends the version before it, and is the open one. What is left comes too late: it would
//! change what was already told.

/// A version: when it is valid, what it says, and where it is from.
#[derive(Debug, Clone)]
pub(super) struct Version<S, N> {
    pub from: i64,
    pub to: Option<i64>,
    pub origin: Origin<S, N>,
}

/// Where a version is from.
#[derive(Debug, Clone)]
pub(super) enum Origin<S, N> {
    /// A stored row.
    Stored { row: S, ends_anew: bool },
    /// A new row.
    New(N),
}

/// What becomes of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect<S, N> {
    /// A new version is written.
    Begins { row: N, from: i64, to: Option<i64> },
    /// A stored version ends there.
    Ends { row: S, to: i64 },
    /// A stored version gives way to the new one that begins when it does.
    GivesWay(S),
    /// A new row is older than what the table tells of its key.
    Late(N),
}

/// How moments of new versions are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    /// Whether the rows say it themselves.
    pub own: bool,
    /// When the run began.
    pub now: i64,
}

/// What a row says, to be compared.
pub(super) trait Says<Other> {
    /// Whether both say the same.
    fn same(&self, other: &Other) -> bool;
}

/// The versions of one key so far: all but the last are settled.
#[derive(Debug)]
pub(super) struct Chain<S, N> {
    moments: Moments,
    last: Option<Version<S, N>>,
}

impl<S, N> Chain<S, N>
where
    N: Says<N> + Says<S>,
{
    pub(super) fn new(moments: Moments) -> Self {
        Self { moments, last: None }
    }

    /// The next stored version.
    pub(super) fn stored(&mut self, row: S, from: i64, to: Option<i64>, effects: &mut Vec<Effect<S, N>>) {
        if let Some(last) = &mut self.last
            && last.from < from
        {
            // Two open versions of one key are of no making of ours, and are mended where they are met.
            last.end_by(from);
        }
        self.settle(effects);
        self.last = Some(Version { from, to, origin: Origin::Stored { row, ends_anew: false } });
    }

    /// The next new version. `newest`: no stored one of the key begins later.
    pub(super) fn new_row(&mut self, row: N, from: i64, newest: bool, effects: &mut Vec<Effect<S, N>>) {
        let Some(last) = &mut self.last else {
            match newest {
                true => self.last = Some(Version { from, to: None, origin: Origin::New(row) }),
                false => effects.push(Effect::Late(row)),
            }
            return;
        };
        let same = match &last.origin {
            Origin::Stored { row: stored, .. } => row.same(stored),
            Origin::New(before) => row.same(before),
        };
        let from = match (self.moments.own, last.to) {
            (true, _) => from,
            (false, None) => self.moments.now.max(last.from.saturating_add(1)),
            // The key was gone until then.
            (false, Some(end)) => self.moments.now.max(end),
        };
        let is_open = last.to.is_none();
        if from == last.from {
            // A key that returns with its last version goes on with it.
            let returns = newest && !is_open;
            if !same || returns {
                let to = last.to.filter(|_| !newest);
                let gone = self.last.replace(Version { from, to, origin: Origin::New(row) });
                if let Some(Version { origin: Origin::Stored { row, .. }, .. }) = gone {
                    effects.push(Effect::GivesWay(row));
                }
            }
            return;
        }
        let says_nothing_new = same && last.to.is_none_or(|end| from < end && !newest);
        if says_nothing_new {
            return;
        }
        if !newest {
            effects.push(Effect::Late(row));
            return;
        }
        last.end_by(from);
        self.settle(effects);
        self.last = Some(Version { from, to: None, origin: Origin::New(row) });
    }

    /// There are no more.
    pub(super) fn settle(&mut self, effects: &mut Vec<Effect<S, N>>) {
        match self.last.take() {
            Some(Version { from, to, origin: Origin::New(row) }) => effects.push(Effect::Begins { row, from, to }),
            Some(Version { to: Some(to), origin: Origin::Stored { row, ends_anew: true }, .. }) => effects.push(Effect::Ends { row, to }),
            _ => {}
        }
    }
}

impl<S, N> Version<S, N> {
    /// It ends then, unless it has ended before.
    fn end_by(&mut self, moment: i64) {
        if self.to.is_none_or(|end| moment < end) {
            self.to = Some(moment);
            if let Origin::Stored { ends_anew, .. } = &mut self.origin {
                *ends_anew = true;
            }
        }
    }
}
