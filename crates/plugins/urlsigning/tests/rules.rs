//! Tests of rules: which addresses need a signature.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gate;

use gate::{Gate, KEYS};

fn gate(rules: &str) -> Gate {
    Gate::new(&format!("{KEYS}{rules}"))
}

#[test]
fn longest_prefix_decides_and_everything_else_needs_a_signature() {
    let gate = gate(
        "[[rules]]\nprefix = '/open/'\nrequire = 'optional'\n\
         [[rules]]\nprefix = '/open/not/'\nrequire = 'always'\n",
    );
    for (target, expected) in [
        ("/open/a.jpg", true),
        ("/open/a.jpg?width=400", true),
        ("//open//a.jpg", true),
        ("/a.jpg", false),
        ("/", false),
        ("/open/not/a.jpg", false),
        ("/open//not/a.jpg", false),
        ("/open/%6eot/a.jpg", false),
        // A store might take no note of case, a proxy might follow dots and backslashes.
        ("/open/NOT/a.jpg", false),
        ("/OPEN/a.jpg", false),
        ("/open/x/../not/a.jpg", false),
        ("/open/%2e%2e/a.jpg", false),
        ("/open/./a.jpg", false),
        ("/open/..%5ca.jpg", false),
        ("/open/%00/../a.jpg", false),
    ] {
        assert_eq!(gate.lets(target), expected, "{target}");
    }
}

#[test]
fn stricter_rule_of_the_paths_before_and_after_rewriting_counts() {
    let gate = gate(
        "[[rules]]\nprefix = '/'\nrequire = 'optional'\n\
         [[rules]]\nprefix = '/photos/'\nrequire = 'always'\n\
         [[rules]]\nprefix = '/s3/'\nrequire = 'always'\n",
    );
    assert!(gate.lets_to("/logo/a.jpg", Some("/files/a.jpg")));
    assert!(!gate.lets_to("/photos/a.jpg", Some("/files/a.jpg")));
    assert!(!gate.lets_to("/logo/a.jpg", Some("/s3/a.jpg")));
}

#[test]
fn only_chosen_commands_need_a_signature() {
    let all = gate("[[rules]]\nprefix = '/'\nrequire = 'commands'\n");
    let chosen = gate("[[rules]]\nprefix = '/'\nrequire = 'commands'\ncommands = ['width', 'zoom']\n");
    let others = gate("[[rules]]\nprefix = '/'\nrequire = 'commands'\nexcept = ['preset', 'format']\n");
    for (target, in_all, in_chosen, in_others) in [
        ("/a.jpg", true, true, true),
        ("/a.jpg?", true, true, true),
        ("/a.jpg?preset=x", false, true, true),
        ("/a.jpg?preset=x&thumbnail=png", false, true, true),
        ("/a.jpg?height=4", false, true, false),
        ("/a.jpg?width=4", false, false, false),
        ("/a.jpg?W=4", false, false, false),
        ("/a.jpg?%77idth=4", false, false, false),
        ("/a.jpg?preset=x&dpr=2", false, false, false),
        ("/a.jpg;width=4", false, false, false),
        ("/a.jpg%3bwidth=4", false, false, false),
        ("/a.jpg;preset=x;w=4", false, false, false),
        ("/a.jpg;x?width=4", false, false, false),
        ("/a.jpg?x;width=4", false, true, false),
    ] {
        assert_eq!(all.lets(target), in_all, "all: {target}");
        assert_eq!(chosen.lets(target), in_chosen, "chosen: {target}");
        assert_eq!(others.lets(target), in_others, "others: {target}");
    }
}
