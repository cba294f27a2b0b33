use super::*;

#[test]
fn thoughts_are_told_from_the_answer() {
    #[track_caller]
    fn check(content: &str, thoughts_are: &str, said: &str) {
        assert_eq!(thoughts(content), (thoughts_are.into(), said.into()));
    }
    check("Hello", "", "Hello");
    check(
        "<details type=\"reasoning\" done=\"true\" duration=\"2\">\n<summary>Thought for 2 seconds</summary>\n> 음…\n> \n> if a > b\n</details>\nYes.",
        "음…\n\nif a > b",
        "Yes.",
    );
    check(
        "<details type=\"reasoning\" done=\"true\">\n<summary>Thought</summary>\n&gt; &quot;a&quot; &amp;amp; b\n</details>\n",
        "\"a\" &amp; b",
        "",
    );
    check(
        "<details type=\"reasoning\"",
        "",
        "<details type=\"reasoning\"",
    );
    check(
        "<details type=\"reasoning\" done=\"false\">\n> cut",
        "cut",
        "",
    );
    check(
        "<details type=\"tool_calls\">x</details>",
        "",
        "<details type=\"tool_calls\">x</details>",
    );
}
