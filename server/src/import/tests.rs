use super::*;
use flate2::{Compression, write::GzEncoder};
use model::event::{IdScope, Kind};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    io::{Read, Write},
    path::Path,
    sync::Mutex,
};

const NOON: Instant = Instant::from_millis(1_795_435_200_000);
const YEAR: i64 = 365 * 86_400_000;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Instant {
        NOON
    }
}

/// A year and a day later.
struct Later;

impl Clock for Later {
    fn now(&self) -> Instant {
        NOON.plus_millis(YEAR + 86_400_000)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct Full;

/// Keeps events as the store does, in memory.
#[derive(Default)]
struct Memory {
    events: Mutex<Vec<Event>>,
    ids: Mutex<HashSet<(String, String)>>,
    shifts: Mutex<HashMap<[u8; 32], i64>>,
    batches: Mutex<Vec<usize>>,
    /// After how many batches the disk is full.
    room: Option<usize>,
    /// From when on events are stored.
    reach: Option<Instant>,
}

impl Memory {
    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

impl Sink for Memory {
    type Error = Full;

    async fn append(&self, events: Vec<Event>) -> Result<Appended, Full> {
        tokio::task::yield_now().await;
        let mut batches = self.batches.lock().unwrap();
        if self.room.is_some_and(|room| batches.len() >= room) {
            return Err(Full);
        }
        batches.push(events.len());
        let mut appended = Appended::default();
        for event in events {
            if self.ids.lock().unwrap().insert((event.account.clone(), event.id.clone().unwrap())) {
                appended.accepted += 1;
                self.events.lock().unwrap().push(event);
            } else {
                appended.duplicates += 1;
            }
        }
        Ok(appended)
    }

    async fn shift_for(&self, digest: [u8; 32], newest: Instant, now: Instant) -> Result<i64, Full> {
        Ok(*self.shifts.lock().unwrap().entry(digest).or_insert(now.millis() - newest.millis()))
    }

    async fn reach(&self, _: Instant) -> Result<Option<Instant>, Full> {
        Ok(self.reach)
    }
}

/// Hands its bytes out one by one, as a slow pipe may.
struct Drip(io::Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

fn args() -> ImportArgs {
    ImportArgs { files: Vec::new(), end_now: false, rejects: None }
}

fn stream(text: impl AsRef<[u8]>) -> Source {
    Source::stream("log", io::Cursor::new(text.as_ref().to_vec()))
}

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

async fn import_all(sources: Vec<Source>, args: ImportArgs, sink: &Memory) -> Result<Summary, ImportError> {
    import(sources, &args, Arc::new(Noon), sink, Progress::silent()).await
}

async fn events(text: impl AsRef<[u8]>) -> Vec<Event> {
    let memory = Memory::default();
    import_all(vec![stream(text)], args(), &memory).await.unwrap();
    memory.events()
}

/// Accepted, duplicates, rejected.
fn counts(summary: Summary) -> (u64, u64, u64) {
    (summary.accepted, summary.duplicates, summary.rejected)
}

/// Line and code of each rejected record, and its line of the file.
async fn rejects(text: impl AsRef<[u8]>) -> Vec<(u64, String, Value)> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rejects.ndjson");
    let args = ImportArgs { rejects: Some(path.clone()), ..args() };
    import_all(vec![stream(text)], args, &Memory::default()).await.unwrap();
    let parse = |line: &str| {
        let reject: Value = serde_json::from_str(line).unwrap();
        (reject["line"].as_u64().unwrap(), reject["code"].as_str().unwrap().to_owned(), reject)
    };
    std::fs::read_to_string(path).unwrap().lines().map(parse).collect()
}

fn lines(rejects: &[(u64, String, Value)]) -> Vec<(u64, &str)> {
    rejects.iter().map(|(line, code, _)| (*line, code.as_str())).collect()
}

const HEADER: &str = "id,time,account,account_name,user,user_name,module,action,count\n";

#[tokio::test]
async fn a_row_of_csv_with_everything() {
    let csv = format!("{HEADER}e1,2014-04-16T10:35:29+02:00,acme,Acme Inc,lisa,Lisa Ray,(root),Add file,8\n");
    let expected = Event {
        id: Some("e1".into()),
        id_scope: IdScope::Account,
        account: "acme".into(),
        account_name: Some("Acme Inc".into()),
        account_attributes: Vec::new(),
        user: "lisa".into(),
        user_name: Some("Lisa Ray".into()),
        module: "(root)".into(),
        kind: Kind::Activity { action: "Add file".into(), count: 8 },
        time: Instant::parse("2014-04-16T08:35:29Z").unwrap(),
        received: NOON,
    };
    assert_eq!(events(&csv).await, std::slice::from_ref(&expected));
    assert_eq!(events(gzip(&csv)).await, [expected]);
}

#[tokio::test]
async fn columns_in_any_order_with_some_unknown_and_some_left_out() {
    let csv = "kind,colour,module,time, user ,account\nheartbeat,red,Dashboard,1400000000000,lisa,acme\n";
    let [event] = <[Event; 1]>::try_from(events(csv).await).unwrap();
    assert_eq!((event.kind, event.time), (Kind::Heartbeat, Instant::from_millis(1_400_000_000_000)));
    assert_eq!((event.account_name, event.user_name), (None, None));
    let csv = "time,account,user,module,action,count\n2020-01-01T00:00:00Z,a,u,m,x,\n";
    assert_eq!(events(csv).await[0].kind, Kind::Activity { action: "x".into(), count: 1 });
}

#[tokio::test]
async fn ndjson_and_what_the_first_byte_says() {
    let ndjson = concat!(
        "\n  {\"id\": \"1\", \"time\": 1400000000000, \"account\": {\"id\": \"acme\"}, \"user\": \"u\", \"module\": \"m\", ",
        "\"action\": \"x\"}\n\n{\"kind\": \"heartbeat\", \"account\": \"acme\", \"user\": \"u\", \"module\": \"m\"}"
    );
    for bytes in [ndjson.as_bytes().to_vec(), gzip(ndjson), format!("\u{feff}{ndjson}").into_bytes()] {
        let events = events(bytes).await;
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].id.as_deref(), events[0].time.millis()), (Some("1"), 1_400_000_000_000));
        // Without a time it happened when it was received.
        assert_eq!(events[1].time, NOON);
    }
    assert!(events("").await.is_empty());
    assert!(events(" \n").await.is_empty());
    assert!(events(HEADER).await.is_empty());
}

#[tokio::test]
async fn a_stream_that_drips_is_read_as_a_whole() {
    let csv = format!("\u{feff}{HEADER}1,2020-01-01T00:00:00Z,acme,,lisa,\"Ray, \"\"Lisa\"\"\",Files,Open,2\r\n");
    for bytes in [csv.clone().into_bytes(), gzip(&csv)] {
        let memory = Memory::default();
        let source = Source::stream("log", Drip(io::Cursor::new(bytes)));
        let summary = import_all(vec![source], args(), &memory).await.unwrap();
        assert_eq!(counts(summary), (1, 0, 0));
        assert_eq!(memory.events()[0].user_name.as_deref(), Some("Ray, \"Lisa\""));
    }
}

#[tokio::test]
async fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let unix = format!("{HEADER}1,2020-01-01T00:00:00Z,a,,u,,m,x,1\n,2020-01-02T00:00:00Z,a,,u,,m,x,1\n\nbroken\n");
    let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    assert_eq!(events(&unix).await, events(&windows).await);
    assert_eq!(lines(&rejects(&unix).await), [(5, "malformed_csv")]);
    assert_eq!(lines(&rejects(&windows).await), [(5, "malformed_csv")]);
}

#[tokio::test]
async fn a_byte_order_mark_within_a_log_is_text_like_any_other() {
    let header = "account,time,user,module,action\n";
    let row = "acme,1000,lisa,m,x\n";
    let long = "x".repeat(RECORD_BYTES + 1);
    let pieces = [format!("{header}{long}\n"), "\u{feff}".to_owned(), format!("{row}{row}")];
    let [first, mark, rest] = pieces.map(io::Cursor::new);
    let memory = Memory::default();
    import_all(vec![Source::stream("log", first.chain(mark).chain(rest))], args(), &memory).await.unwrap();
    let accounts: Vec<String> = memory.events().into_iter().map(|event| event.account).collect();
    assert_eq!(accounts, ["\u{feff}acme", "acme"]);
}

#[tokio::test]
async fn rejected_records_are_told_by_line_and_reason() {
    let csv = concat!(
        "time,account,user,module,action,count\n",         // 1
        "2020-01-01T00:00:00Z,a,u,m,x,1\n",                // 2
        "yesterday,a,u,m,x,1\n",                           // 3
        ",a,u,m,x,1\n",                                    // 4
        "2020-01-01T00:00:00Z,a,u,\"two\nlines\",x,1\n",   // 5 and 6
        "2020-01-01T00:00:00Z,a,u,m,x\n",                  // 7
        "\n",                                              // 8
        "2020-01-01T00:00:00Z,a,u,m,x,many\n",             // 9
        "2020-01-01T00:00:00Z,a,u,m,x,1.5\n",              // 10
        "2999-01-01T00:00:00Z,a,u,m,x,1\n",                // 11
        "2020-01-01T00:00:00Z,,u,m,x,1\n",                 // 12
        "2020-01-01T00:00:00Z,a,u,m,\"x\n\n\"\"y\"\"\",1"  // 13 to 15
    );
    let rejects = rejects(csv).await;
    let expected = [
        (3, "invalid_time"),
        (4, "missing_field"),
        (5, "invalid_text"),
        (7, "malformed_csv"),
        (9, "invalid_type"),
        (10, "count_out_of_range"),
        (11, "time_in_future"),
        (12, "missing_field"),
        (13, "invalid_text"),
    ];
    assert_eq!(lines(&rejects), expected);
    let (_, _, fifth) = &rejects[2];
    assert_eq!(fifth["file"], "log");
    assert_eq!(fifth["pointer"], "/module");
    assert_eq!(fifth["detail"], "module holds a control character");
    assert_eq!(fifth["record"], "2020-01-01T00:00:00Z,a,u,\"two\nlines\",x,1");
}

#[tokio::test]
async fn broken_lines_of_ndjson_are_told_by_line() {
    let ok = "{\"account\": \"a\", \"user\": \"u\", \"module\": \"m\", \"action\": \"x\"}";
    let ndjson = format!("{ok}\r\n{{\"account\": }}\n[]\n\n{ok}x\nfree text\n{ok}");
    let rejects = rejects(&ndjson).await;
    let malformed = "malformed_json";
    assert_eq!(lines(&rejects), [(2, malformed), (3, "invalid_type"), (5, malformed), (6, malformed)]);
    assert_eq!(rejects[0].2["detail"], "not JSON: expected value at byte 13");
    assert_eq!(events(&ndjson).await.len(), 2);
    let not_utf8 = [ok.as_bytes(), b"\n{\"account\": \"\xff\"}"].concat();
    assert_eq!(lines(&self::rejects(not_utf8).await), [(2, malformed)]);
}

#[tokio::test]
async fn text_that_is_not_utf_8_costs_its_row_only() {
    let csv = [
        b"time,account,user,module,action\n2020-01-01T00:00:00Z,\xe9,u,m,x\n".as_slice(),
        b"2020-01-01T00:00:00Z,a,u,m,x\n",
    ]
    .concat();
    assert_eq!(lines(&rejects(&csv).await), [(2, "malformed_csv")]);
    assert_eq!(events(&csv).await.len(), 1);
}

#[tokio::test]
async fn a_line_too_long_is_rejected_and_the_next_one_read() {
    let long = "x".repeat(3 * RECORD_BYTES);
    let json =
        |user: &str| format!("{{\"account\": \"a\", \"user\": \"{user}\", \"module\": \"m\", \"action\": \"x\"}}\n");
    let ndjson = [json("u"), json(&long), json("w")].concat();
    let found = rejects(&ndjson).await;
    assert_eq!(lines(&found), [(2, "event_too_large")]);
    assert_eq!(found[0].2["record"].as_str().unwrap().len(), 1_000);
    assert_eq!(events(&ndjson).await.len(), 2);

    let row = |user: &str| format!("2020-01-01T00:00:00Z,a,{user},m,x\n");
    let csv =
        ["time,account,user,module,action\n", &row("u"), &row(&long), &row(&format!("\"{long}\"")), &row("w")].concat();
    assert_eq!(lines(&rejects(&csv).await), [(3, "event_too_large"), (4, "event_too_large")]);
    assert_eq!(events(&csv).await.len(), 2);
}

#[tokio::test]
async fn the_longest_line_there_may_be_is_read() {
    let filler = |length: usize| format!("{{\"account\": \"a\", \"filler\": \"{}\"}}", "x".repeat(length));
    let overhead = filler(0).len();
    for end in ["", "\n", "\n{}"] {
        let longest = filler(RECORD_BYTES - overhead) + end;
        assert_eq!(rejects(&longest).await[0].1, "missing_field");
        let longer = filler(RECORD_BYTES + 1 - overhead) + end;
        assert_eq!(rejects(&longer).await[0].1, "event_too_large");
    }
}

#[tokio::test]
async fn a_quote_never_closed_costs_only_what_it_swallows() {
    let mut csv = "time,account,user,module,action\n2020-01-01T00:00:00Z,a,\"u,m,x\n".to_owned();
    for number in 0..9_000 {
        csv += &format!("2020-01-01T00:00:00Z,a,u{number},m,x\n");
    }
    for drip in [false, true] {
        let memory = Memory::default();
        let bytes = io::Cursor::new(csv.clone().into_bytes());
        let source = if drip { Source::stream("log", Drip(bytes)) } else { Source::stream("log", bytes) };
        let summary = import_all(vec![source], args(), &memory).await.unwrap();
        // However the bytes come, the same 2,019 rows are swallowed: those of 64 KiB.
        assert_eq!(counts(summary), (6_981, 0, 1));
    }
}

fn many(rows: usize) -> String {
    let row = |number: usize| format!("e{number},2020-01-01T00:00:{:02}Z,a,,u{},,m,x,1\n", number % 60, number % 7);
    HEADER.to_owned() + &(0..rows).map(row).collect::<String>()
}

#[tokio::test]
async fn events_are_stored_in_batches_and_a_second_import_changes_nothing() {
    let memory = Memory::default();
    assert_eq!(counts(import_all(vec![stream(many(12_001))], args(), &memory).await.unwrap()), (12_001, 0, 0));
    assert_eq!(*memory.batches.lock().unwrap(), [5_000, 5_000, 2_001]);
    let once = memory.events();
    let again = import_all(vec![stream(gzip(many(12_001)))], args(), &memory).await.unwrap();
    assert_eq!(counts(again), (0, 12_001, 0));
    assert_eq!(memory.events(), once);
}

#[tokio::test]
async fn records_without_an_id_are_known_again_by_line_and_content() {
    let csv = "time,account,user,module,action\n2020-01-01T00:00:00Z,a,u,m,x\n2020-01-01T00:00:00Z,a,u,m,x\n";
    let memory = Memory::default();
    assert_eq!(counts(import_all(vec![stream(csv)], args(), &memory).await.unwrap()), (2, 0, 0));
    // Also when the log has grown, its line ends have changed, and its times are moved.
    let grown = csv.replace('\n', "\r\n") + "2020-01-01T00:00:00Z,a,u,m,x\r\n";
    let args = ImportArgs { end_now: true, ..args() };
    assert_eq!(counts(import_all(vec![stream(grown)], args, &memory).await.unwrap()), (1, 2, 0));
}

#[tokio::test]
async fn end_now_moves_all_times_alike_and_the_newest_to_now() {
    let csv = format!(
        "{HEADER}1,2020-01-01T00:00:00Z,a,,u,,m,x,1\n2,2020-03-01T12:00:00+02:00,a,,u,,m,x,1\n\
         3,2020-02-01T00:00:00Z,a,,u,,m,x,1\n4,2999-01-01T00:00:00Z,a,,u,,m,x,none\n"
    );
    let memory = Memory::default();
    let end_now = || ImportArgs { end_now: true, ..args() };
    let summary = import_all(vec![stream(&csv)], end_now(), &memory).await.unwrap();
    assert_eq!(counts(summary), (3, 0, 1));
    let days = |days: i64| NOON.plus_millis(-days * 86_400_000 - 10 * 3_600_000);
    assert_eq!(memory.events().iter().map(|event| event.time).collect::<Vec<_>>(), [days(60), NOON, days(29)]);
}

#[tokio::test]
async fn end_now_moves_a_log_as_far_as_the_first_time() {
    let rows = many(12_001);
    let memory = Memory { room: Some(1), ..Memory::default() };
    let end_now = ImportArgs { end_now: true, ..args() };
    let interrupted = import_all(vec![stream(&rows)], end_now.clone(), &memory).await;
    assert!(matches!(interrupted, Err(ImportError::Sink(_))));
    assert_eq!(memory.events().len(), 5_000);
    // Started again much later, compressed this time, it ends as if it had not been interrupted.
    let memory = Memory { room: None, ..memory };
    let clock = Arc::new(Later);
    let resumed = import(vec![stream(gzip(&rows))], &end_now, clock, &memory, Progress::silent()).await.unwrap();
    assert_eq!(counts(resumed), (7_001, 5_000, 0));
    let whole = Memory::default();
    import_all(vec![stream(&rows)], end_now, &whole).await.unwrap();
    // But for when it came.
    let events = |memory: &Memory| -> Vec<Event> {
        memory.events().into_iter().map(|event| Event { received: NOON, ..event }).collect()
    };
    assert_eq!(events(&memory), events(&whole));
}

#[tokio::test]
async fn files_given_together_are_one_log() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let row = |id: &str, day: &str| format!("{HEADER}{id},2020-01-{day}T00:00:00Z,a,,u,,m,x,1\n");
    let files = vec![write("new.csv", row("2", "02").as_bytes()), write("old.csv.gz", &gzip(row("1", "01")))];
    let memory = Memory::default();
    let args = ImportArgs { files, end_now: true, rejects: None };
    assert_eq!(counts(run(&args, Arc::new(Noon), &memory).await.unwrap()), (2, 0, 0));
    let times: Vec<Instant> = memory.events().iter().map(|event| event.time).collect();
    assert_eq!(times, [NOON, NOON.plus_millis(-86_400_000)]);
    let reversed = ImportArgs { files: args.files.iter().rev().cloned().collect(), ..args };
    assert_eq!(counts(run(&reversed, Arc::new(Later), &memory).await.unwrap()), (0, 2, 0));
    assert_eq!(memory.shifts.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_failure_with_a_reason() {
    let failure = async |source| import_all(vec![source], args(), &Memory::default()).await.unwrap_err().to_string();
    let missing = failure(Source::at(Path::new("/nowhere/log.csv"))).await;
    assert!(missing.starts_with("can't open /nowhere/log.csv: "), "{missing}");
    let header = failure(stream("time,account,user,action\n")).await;
    assert!(header.contains("a CSV header with a column “module”"), "{header}");
    let header = failure(stream("time,account,user,module\n")).await;
    assert!(header.contains("a CSV header with a column “action”"), "{header}");

    // What came before the broken part is stored.
    let whole = gzip(many(12_000));
    let memory = Memory::default();
    let cut = import_all(vec![stream(&whole[..whole.len() / 2])], args(), &memory).await.unwrap_err();
    let ImportError::Read { line, .. } = cut else { panic!("{cut}") };
    assert_eq!(memory.events().len() as u64 + 1, line);
    assert!(line > 1_000);
}

#[test]
fn the_rejected_records_never_overwrite_a_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log.csv");
    std::fs::write(&path, HEADER).unwrap();
    let args = ImportArgs { files: vec![path.clone()], end_now: false, rejects: Some(path.clone()) };
    assert!(matches!(check(&args), Err(ImportError::Rejects { .. })));
    assert_eq!(std::fs::read_to_string(path).unwrap(), HEADER);
}

#[test]
fn a_log_that_is_not_there_is_noticed_first() {
    let directory = tempfile::tempdir().unwrap();
    let args = |file: PathBuf| ImportArgs { files: vec![file], end_now: false, rejects: None };
    assert!(matches!(check(&args(directory.path().join("missing.csv"))), Err(ImportError::Open { .. })));
    assert!(matches!(check(&args(directory.path().to_owned())), Err(ImportError::Open { .. })));
    assert!(check(&args("-".into())).is_ok());
}

#[test]
fn the_summary_reads_as_a_sentence() {
    let summary = Summary { accepted: 71_323, duplicates: 0, rejected: 2, elapsed: Duration::from_millis(2_500) };
    assert_eq!(summary.to_string(), "71,323 accepted, 0 duplicate, 2 rejected in 2.5 s (28,530 events/s)");
}
