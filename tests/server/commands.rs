//! The command line.

use serde_json::{Value, json};

use crate::running::{Running, client, complaint, run, said};
use crate::scratch::Scratch;

#[test]
fn without_a_configuration_the_banner_has_the_links() {
    let running = Running::start();
    let url = format!("http://{}", running.http);
    let key = running.demo_key();
    for expected in [
        format!("{url}/studio/demo#key={key}"),
        format!("{url}/watch/demo"),
        format!("{url}/whip/demo   bearer token {key}"),
    ] {
        assert!(
            running.banner.contains(&expected),
            "{expected} in\n{}",
            running.banner
        );
    }
    assert_eq!(running.addresses["ice"].as_array().unwrap().len(), 1);
    running.stop();
}

#[test]
fn a_second_start_shows_the_same_demo_key_and_keeps_only_its_hash() {
    let scratch = Scratch::new();
    let data = scratch.path().join("kept");
    let data = data.to_str().unwrap();
    let first = Running::start_in(Scratch::new(), &["--data", data]);
    let key = first.demo_key();
    first.stop();
    let second = Running::start_in(Scratch::new(), &["--data", data]);
    assert_eq!(second.demo_key(), key);
    second.stop();
    for file in std::fs::read_dir(data).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(&key));
    }
}

#[tokio::test]
async fn the_last_stream_that_fits_is_made_and_one_more_is_refused() {
    let scratch = Scratch::new();
    said(&scratch, &["stream", "create", "s0"]);
    let file = scratch.path().join("freshet-data/streams.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for n in 1..9_999 {
        kept["streams"][format!("s{n}")] = json!({ "public": true });
    }
    std::fs::write(&file, kept.to_string()).unwrap();
    let running = Running::start_in(scratch, &[]);
    let assert_kept = async |n: usize| {
        let page = client().get(running.url("/metrics")).send().await.unwrap();
        let page = page.text().await.unwrap();
        for line in [
            format!("freshet_streams_kept {n}"),
            "freshet_streams_kept_max 10000".to_owned(),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}:\n{page}");
        }
    };
    assert_kept(9_999).await;
    running.command(&["stream", "create", "last"]);
    assert_kept(10_000).await;
    let refused = complaint(&running.scratch, &["stream", "create", "over"]);
    assert!(refused.contains("10000 streams"), "{refused}");
    assert_kept(10_000).await;
    running.stop();
}

#[test]
fn the_data_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let running = Running::start();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(running.data("")), 0o700);
    for file in std::fs::read_dir(running.data("")).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
    }
    running.stop();
}

#[test]
fn a_data_folder_has_one_server_at_a_time() {
    let scratch = Scratch::new();
    let data = scratch.path().join("kept");
    let data = data.to_str().unwrap();
    let first = Running::start_in(Scratch::new(), &["--data", data]);
    let refused = complaint(
        &scratch,
        &["serve", "--listen", "127.0.0.1:0", "--data", data],
    );
    assert!(
        refused.contains("another `freshet serve` uses this data folder"),
        "{refused}"
    );
    // Not even a killed server is in the way of the next.
    first.signal("KILL");
    first.wait();
    Running::start_in(Scratch::new(), &["--data", data]).stop();
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scratch = Scratch::new();
    let refused = complaint(&scratch, &["serve", "--listen", &address]);
    assert!(
        refused.contains(&format!("cannot listen on {address} ([http] listen)")),
        "{refused}"
    );
}

#[test]
fn streams_are_made_listed_and_ended_without_a_server() {
    let scratch = Scratch::new();
    let made = said(&scratch, &["stream", "create", "one"]);
    assert!(
        made.contains("one (public)") && made.contains("No server runs"),
        "{made}"
    );
    said(&scratch, &["stream", "create", "two", "--private"]);
    assert_eq!(
        said(&scratch, &["stream", "list"]),
        "one  public\ntwo  private\n"
    );
    assert!(said(&scratch, &["stream", "end", "one"]).contains("no server runs"));
    assert_eq!(
        said(&scratch, &["stream", "list"]),
        "one  public  ended\ntwo  private\n"
    );
    let json = said(&scratch, &["stream", "list", "--json"]);
    assert!(
        json.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
}

#[test]
fn a_command_that_cannot_be_carried_out_says_what_to_do() {
    let scratch = Scratch::new();
    said(&scratch, &["stream", "create", "one"]);
    let long = "a".repeat(65);
    for (arguments, expected) in [
        (
            &["stream", "create", "one"][..],
            "the stream one exists; `freshet stream end one` ends it",
        ),
        (
            &["stream", "create", "a b"],
            "a name is 1 to 64 letters, digits or hyphens",
        ),
        (
            &["stream", "create", &long],
            "a name is 1 to 64 letters, digits or hyphens",
        ),
        (
            &["stream", "create", "two", "--key", "short"],
            "a stream key is 8 to 64",
        ),
        (&["stream", "end", "three"], "there is no stream three"),
        (
            &[
                "token", "issue", "--stream", "three", "--play", "--ttl", "1h",
            ],
            "there is no stream three",
        ),
        (
            &["token", "issue", "--stream", "one", "--play", "--ttl", "2h"],
            "a token lives 1 to 3600 seconds",
        ),
        (
            &["token", "issue", "--stream", "one", "--ttl", "1h"],
            "--publish",
        ),
        (
            &["token", "issue", "--stream", "one", "--play", "--ttl", "1d"],
            "such as 15m",
        ),
        (
            &["serve", "--roles", "turn"],
            "the roles of this build are sfu, bridge, signaling",
        ),
        (&["serve", "--listen", "localhost"], "write an IP address"),
        (&["check", "absent.toml"], "absent.toml: No such file"),
        (
            &["stream", "create", "two", "--key-file", "absent.key"],
            "absent.key: No such file",
        ),
        (
            &["stream", "create", "two", "--key-file", "/dev/null"],
            "a stream key is 8 to 64",
        ),
        (
            &["stream", "create", "two", "--key-file", "-", "--key", "k"],
            "cannot be used with",
        ),
    ] {
        let refused = complaint(&scratch, arguments);
        assert!(refused.contains(expected), "{arguments:?}: {refused}");
    }
}

#[test]
fn check_names_every_line_that_is_wrong() {
    let scratch = Scratch::new();
    scratch.write("good.toml", "[[streams]]\nname = \"a\"\n");
    let (verdict, codecs) = said(&scratch, &["check", "good.toml"])
        .split_once('\n')
        .map(|(first, rest)| (first.to_owned(), rest.to_owned()))
        .unwrap();
    assert_eq!(verdict, "good.toml: good, with 1 stream");
    // What is found depends on the machine; that it is said does not.
    match cfg!(feature = "gst") {
        true => assert!(
            codecs.contains("encode_aac") && codecs.contains("x264enc"),
            "{codecs}"
        ),
        false => assert!(codecs.contains("Opus alone"), "{codecs}"),
    }
    scratch.write(
        "bad.toml",
        "[http]\nlisten = \"127.0.0.1:1\"\n[sfu]\nworkers = 65\nlisten = \"127.0.0.1:1\"\n",
    );
    let refused = complaint(&scratch, &["check", "bad.toml"]);
    assert!(refused.contains("2 problems"), "{refused}");
    assert!(
        refused.contains("bad.toml:4: ") && refused.contains("bad.toml:5: "),
        "{refused}"
    );
}

#[test]
fn check_finds_everything_in_one_run_and_names_only_what_it_takes() {
    let scratch = Scratch::new();
    scratch.write(
        "bad.toml",
        "[http]\nlistn = 1\n[limits]\nfailed_auths_per_minute = 0\n",
    );
    let refused = complaint(&scratch, &["check", "bad.toml"]);
    for expected in [
        "2 problems",
        "bad.toml:2: unknown key `http.listn`",
        "bad.toml:4: `limits.failed_auths_per_minute`: no credential would be looked at",
    ] {
        assert!(refused.contains(expected), "{expected} in {refused}");
    }
    let absent = complaint(&scratch, &["check", "absent.toml"]);
    assert!(!absent.contains("--config"), "check has none: {absent}");
}

#[test]
fn help_says_what_a_name_is_and_who_sees_a_key() {
    let scratch = Scratch::new();
    let end = said(&scratch, &["stream", "end", "--help"]);
    assert!(end.contains("The stream to end"), "{end}");
    let create = said(&scratch, &["stream", "create", "--help"]);
    let words: Vec<&str> = create.split_whitespace().collect();
    assert!(
        words.join(" ").contains("Every user of this machine"),
        "{create}"
    );
}

#[test]
fn a_key_comes_from_a_file_or_the_standard_input() {
    let scratch = Scratch::new();
    scratch.write("stage.key", "stage-key-0001\r\nand a note\n");
    let arguments = ["stream", "create", "one", "--key-file", "stage.key"];
    let made = said(&scratch, &arguments);
    assert!(made.contains("#key=stage-key-0001\n"), "{made}");
    let mut command = crate::running::freshet(&scratch);
    let key = std::fs::File::open(scratch.path().join("stage.key")).unwrap();
    let output = command
        .args(["stream", "create", "two", "--key-file", "-"])
        .stdin(key)
        .output()
        .unwrap();
    let made = String::from_utf8(output.stdout).unwrap();
    assert!(made.contains("#key=stage-key-0001\n"), "{made}");
}

#[test]
fn a_wrong_variable_stops_the_start() {
    let scratch = Scratch::new();
    let mut command = crate::running::freshet(&scratch);
    let output = command
        .arg("serve")
        .env("FRESHET_HTTP__LISTN", "127.0.0.1:1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("did you mean `FRESHET_HTTP__LISTEN`?"),
        "{text}"
    );
}

#[test]
fn a_stream_of_the_configuration_is_changed_there() {
    let scratch = Scratch::new();
    scratch.write(
        "freshet.toml",
        "[[streams]]\nname = \"stage\"\nkey = \"stage-key-0001\"\npublic = true\n",
    );
    assert_eq!(said(&scratch, &["stream", "list"]), "stage  public\n");
    let refused = complaint(
        &scratch,
        &["stream", "create", "stage", "--key", "other-key-0001"],
    );
    assert!(refused.contains("is the configuration file's"), "{refused}");
    said(&scratch, &["stream", "end", "stage"]);
    assert_eq!(
        said(&scratch, &["stream", "list"]),
        "stage  public  ended\n"
    );
    assert!(said(&scratch, &["stream", "create", "stage"]).contains("open again"));
    assert_eq!(said(&scratch, &["stream", "list"]), "stage  public\n");
}

#[test]
fn many_commands_at_once_lose_nothing() {
    let scratch = Scratch::new();
    let names: Vec<String> = (0..8).map(|n| format!("s{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| assert!(run(&scratch, &["stream", "create", name]).status.success()));
        }
    });
    assert_eq!(
        said(&scratch, &["stream", "list"]).lines().count(),
        names.len()
    );
}

#[test]
fn a_data_folder_too_deep_for_a_socket_s_address_is_served_and_commanded() {
    let scratch = Scratch::new();
    // The address of a Unix socket holds 107 bytes of path.
    let deep = scratch.path().join("deep-".repeat(20)).join("data");
    let deep = deep.to_str().unwrap();
    let running = Running::start_in(scratch, &["--data", deep]);
    let ended = running.command(&["stream", "end", "demo", "--data", deep]);
    assert!(ended.contains("its sessions are closed"), "{ended}");
    running.stop();
}
