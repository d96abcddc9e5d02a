//! Help texts. (That the documents name commands which exist is `tests/docs.rs`.)

use crate::support::program::run_viahe;

fn subcommands() -> Vec<String> {
    let help = run_viahe(["--help"]);
    help.says(0, &[]);
    let lines = help.stdout.iter().skip_while(|l| *l != "Commands:").skip(1);
    let names = lines.take_while(|l| !l.is_empty()).filter(|l| !l.starts_with("   "));
    let names = names.filter_map(|l| l.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let names = subcommands();
    for name in
        ["run", "demo", "check", "replay", "detect", "track", "model", "doctor", "camera-sim"]
    {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    for name in &names {
        let help = run_viahe([name, "--help"]);
        help.says(0, &[]);
        let text = help.stdout.join("\n");
        assert!(text.contains("Usage: viahe") && text.len() > 200, "{name}: {text}");
    }
    run_viahe(["no-such-command"]).says(2, &["no-such-command", "--help"]);
    run_viahe(["replay", "demo.toml"]).says(2, &["--out"]);
}
