//! How many tests passed and failed, read from what the test runners print.

/// Tests counted under one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) name: String,
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Tally {
    /// One check under `name`, which passed or failed as a whole.
    pub(crate) fn check(name: impl Into<String>, passed: bool) -> Self {
        Self { name: name.into(), passed: passed.into(), failed: (!passed).into() }
    }

    /// The same, of a variant of the tests.
    pub(crate) fn of(mut self, variant: &str) -> Self {
        self.name = format!("{} ({variant})", self.name);
        self
    }
}

/// Counts what `cargo test` prints, a tally for each test program.
pub(crate) fn cargo_test(output: &str) -> Vec<Tally> {
    let mut program = String::new();
    let mut tallies = Vec::new();
    for line in output.lines().map(without_colour) {
        let line = line.trim();
        if let Some(running) = line.strip_prefix("Running ") {
            program = program_name(running);
        } else if let Some(package) = line.strip_prefix("Doc-tests ") {
            program = format!("{package} (documentation)");
        } else if let Some(result) = line.strip_prefix("test result: ") {
            let [passed, failed] = ["passed", "failed"].map(|word| count_before(result, word).unwrap_or(0));
            if passed + failed > 0 {
                tallies.push(Tally { name: program.clone(), passed, failed });
            }
        }
    }
    tallies
}

/// Counts what Playwright's list reporter prints at its end.
pub(crate) fn playwright(output: &str) -> Tally {
    let mut tally = Tally { name: "Playwright".into(), passed: 0, failed: 0 };
    for line in output.lines().map(without_colour) {
        let summary = line.trim().split(" (").next().unwrap_or_default();
        let Some((Ok(count), outcome)) =
            summary.split_once(' ').map(|(count, outcome)| (count.parse::<u32>(), outcome))
        else {
            continue;
        };
        match outcome {
            "passed" => tally.passed += count,
            // What did not run, or passed only when tried again, is no success.
            "failed" | "flaky" | "interrupted" | "did not run" => tally.failed += count,
            _ => {}
        }
    }
    tally
}

/// `unittests src/lib.rs (target/debug/deps/model-0f3a.wasm)` → `model`.
fn program_name(running: &str) -> String {
    let file = running.rsplit(['/', '(']).next().unwrap_or(running).trim_end_matches(')');
    file.rsplit_once('-').map_or(file, |(name, _hash)| name).to_owned()
}

/// The number before `word` in `ok. 12 passed; 0 failed`.
fn count_before(result: &str, word: &str) -> Option<u32> {
    result.split(word).next()?.split_whitespace().last()?.parse().ok()
}

/// The line without the escape sequences that colour it.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    for (index, part) in line.split('\u{1b}').enumerate() {
        let shown = if index == 0 { part } else { part.split_once('m').map_or("", |(_sequence, shown)| shown) };
        plain.push_str(shown);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(name: &str, passed: u32, failed: u32) -> Tally {
        Tally { name: name.into(), passed, failed }
    }

    #[test]
    fn counts_each_program_of_cargo_test() {
        let output = "\
\u{1b}[1m\u{1b}[92m     Running\u{1b}[0m unittests src/lib.rs (target/debug/deps/model-0f3a)

running 2 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

     Running unittests src/main.rs (target/debug/deps/usage_monitor-77aa)
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/api.rs (/elsewhere/wasm32-wasip1/debug/deps/api-1b2c.wasm)
test result: FAILED. 11 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.50s
   Doc-tests model
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";
        assert_eq!(
            cargo_test(output),
            [tally("model", 2, 0), tally("api", 11, 3), tally("model (documentation)", 1, 0)]
        );
    }

    #[test]
    fn counts_the_summary_of_playwright() {
        let output = "\
  ✓  1 [chromium] › today.spec.ts:3:5 › says 3 passed (1.2s)
  \u{1b}[31m2 failed\u{1b}[39m
    [chromium] › today.spec.ts:9:5 › arrows
  1 flaky
  4 skipped
  5 did not run
  12 passed (34.5s)
";
        assert_eq!(playwright(output), tally("Playwright", 12, 8));
    }
}
