//! The examples, run as a reader would; each says the same in Python and Node.

use std::process::Command;

fn printed(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).output().expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

#[test]
fn flights() {
    assert!(printed(env!("CARGO_BIN_EXE_flights"), &[]).contains("| 27004   |"));
}

#[test]
fn late_airlines() {
    let expected = include_str!("../../answers/late_airlines.txt");
    assert_eq!(printed(env!("CARGO_BIN_EXE_late_airlines"), &["45"]), expected);
}

#[test]
fn what_changed() {
    assert_eq!(printed(env!("CARGO_BIN_EXE_what_changed"), &[]), include_str!("../../answers/what_changed.txt"));
}
