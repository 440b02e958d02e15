//! Interleaved pairs, medians, ratios, and the table of them.

use std::fmt::Write;
use std::time::{Duration, Instant};

/// How many pairs a row has unless it says otherwise.
pub const PAIRS: usize = 9;

/// Collects the rows of one run.
pub struct Bench {
    rows: Vec<Row>,
    /// What the name of a row must hold for it to be measured.
    only: Option<String>,
}

struct Row {
    what: String,
    goal: String,
    ours: Vec<Duration>,
    reference: Option<(String, Vec<Duration>)>,
    note: String,
}

impl Bench {
    /// Measures the rows whose names hold `only`, where it is given.
    pub fn of(only: Option<String>) -> Self {
        Self { rows: Vec::new(), only }
    }

    /// Whether a row is asked for.
    pub fn wants(&self, what: &str) -> bool {
        self.only.as_ref().is_none_or(|only| what.contains(only.as_str()))
    }

    /// Measures `ours` beside `reference`, one after the other, `pairs` times, after one uncounted pair.
    pub fn pair(&mut self, what: &str, goal: &str, reference: &str, pairs: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
        if !self.wants(what) {
            return;
        }
        ours();
        theirs();
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for _ in 0..pairs {
            our_times.push(time(&mut ours));
            their_times.push(time(&mut theirs));
        }
        self.record_pair(what, goal, reference, our_times, their_times);
    }

    /// Takes the times of pairs measured elsewhere.
    pub fn record_pair(&mut self, what: &str, goal: &str, reference: &str, ours: Vec<Duration>, theirs: Vec<Duration>) {
        let reference = Some((reference.to_owned(), theirs));
        self.keep(Row { what: what.to_owned(), goal: goal.to_owned(), ours, reference, note: String::new() });
    }

    // Said at once too: a run that is ended early has shown what it had.
    fn keep(&mut self, row: Row) {
        eprintln!("  {}", row.cells().join(" | "));
        self.rows.push(row);
    }

    /// Measures `ours` alone, `runs` times, after one uncounted run.
    pub fn alone(&mut self, what: &str, goal: &str, runs: usize, mut ours: impl FnMut()) {
        if !self.wants(what) {
            return;
        }
        ours();
        let times = (0..runs).map(|_| time(&mut ours)).collect();
        self.record(what, goal, times);
    }

    /// Takes times measured elsewhere, such as those of whole processes.
    pub fn record(&mut self, what: &str, goal: &str, ours: Vec<Duration>) {
        self.keep(Row { what: what.to_owned(), goal: goal.to_owned(), ours, reference: None, note: String::new() });
    }

    /// Adds words to the row measured last: bytes, peak memory, counts.
    pub fn note(&mut self, note: impl Into<String>) {
        if let Some(row) = self.rows.last_mut() {
            row.note = note.into();
        }
    }

    /// The rows as a Markdown table.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| what | goal | rat, median (min–max) | reference, median (min–max) | ratio | runs | notes |\n|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let _ = writeln!(table, "| {} |", row.cells().join(" | "));
        }
        table
    }
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let (reference, ratio) = match &self.reference {
            Some((name, times)) => {
                let ratio = ratio(self.ours.iter().copied().zip(times.iter().copied()));
                (format!("{name}: {}", spread(times)), format!("{ratio:.2}"))
            }
            None => (String::new(), String::new()),
        };
        let runs = self.ours.len().to_string();
        [self.what.clone(), self.goal.clone(), spread(&self.ours), reference, ratio, runs, self.note.clone()]
    }
}

/// The median of the ratios of pairs.
pub fn ratio(pairs: impl Iterator<Item = (Duration, Duration)>) -> f64 {
    median(pairs.map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()).collect())
}

/// The most memory this process has held, in MB, as the kernel counts it.
pub fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Forgets the peak so far, so that the next [`peak_memory_mb`] is of what follows.
pub fn reset_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn time(work: &mut impl FnMut()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn spread(times: &[Duration]) -> String {
    let millis: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1000.0).collect();
    let (min, max) = millis.iter().fold((f64::MAX, 0.0_f64), |(min, max), t| (min.min(*t), max.max(*t)));
    let show = |t: f64| if t >= 1000.0 { format!("{:.2} s", t / 1000.0) } else { format!("{t:.1} ms") };
    format!("{} ({}–{})", show(median(millis)), show(min), show(max))
}
