//! Draws a diagnostic: the line, the carets, the help. Plain text; colour is the terminal's business.

use std::fmt;

use super::{Diagnostic, Label};

pub(super) fn draw(diagnostic: &Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}[{}]: {}", diagnostic.severity, diagnostic.code, diagnostic.message)?;
    let width = diagnostic.labels.iter().map(|l| l.source.line_column(l.range.start).0.to_string().len()).max().unwrap_or(1);
    for (i, label) in diagnostic.labels.iter().enumerate() {
        draw_label(label, i == 0, width, f)?;
    }
    let help = diagnostic.help.as_deref().unwrap_or_else(|| diagnostic.code.help());
    write!(f, "\n   help: {help}")
}

fn draw_label(label: &Label, primary: bool, width: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (line, column) = label.source.line_column(label.range.start);
    let arrow = if primary { "-->" } else { ":::" };
    write!(f, "\n  {arrow} {}:{line}:{column}", label.source.path)?;
    let Some(text) = label.source.text.lines().nth(line - 1) else { return Ok(()) };
    // Long lines are cut around the place, so that one minified file cannot fill a terminal.
    const BEFORE: usize = 60;
    const SHOWN: usize = 160;
    let skip = if column > SHOWN / 2 { column - 1 - BEFORE.min(column - 1) } else { 0 };
    let shown: String = text.chars().skip(skip).take(SHOWN).map(|c| if c == '\t' { ' ' } else { c }).collect();
    write!(f, "\n   | {line:>width$} | {shown}")?;
    let (end_line, end_column) = label.source.line_column(label.range.end);
    let last = if end_line == line { end_column } else { text.chars().count() + 1 };
    let carets = last.saturating_sub(column).clamp(1, SHOWN);
    let mark = if primary { "^" } else { "-" };
    write!(f, "\n   | {:>width$} | {}{}", "", " ".repeat(column - 1 - skip), mark.repeat(carets))?;
    if !label.text.is_empty() {
        write!(f, " {}", label.text)?;
    }
    Ok(())
}
