//! The configuration as an operator meets it.

use std::path::Path;

use super::endpoint;
use super::key::{KEYS, LISTS};
use super::settings::Config;
use super::{load, read};
use crate::scratch::Scratch;

const EXAMPLE: &str = include_str!("../../freshet.example.toml");

/// What is wrong with a file of this text.
fn problems(text: &str) -> String {
    match read(Some(Path::new("f.toml")), text, std::iter::empty(), |_| {}) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

fn with_environment(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let scratch = Scratch::new("config");
    let file = scratch.path().join("f.toml");
    std::fs::write(&file, text).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(&file), variables, |_| {})
        .map(|loaded| loaded.config)
        .map_err(|problems| problems.to_string())
}

/// The example with its settings switched on: a `#` directly before a key is a setting, before a space it is prose.
pub(super) fn example_switched_on() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(on).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_spells_the_defaults() {
    assert_eq!(
        toml::from_str::<Config>(EXAMPLE).unwrap(),
        Config::default(),
        "as it is"
    );
    let on = example_switched_on();
    assert_eq!(
        toml::from_str::<Config>(&on).unwrap(),
        Config::default(),
        "switched on"
    );
    assert_eq!(problems(&on), "");
}

#[test]
fn the_example_names_every_key_and_the_environment_reaches_it() {
    let table: toml::Table = toml::from_str(&example_switched_on()).unwrap();
    let n_settings: usize = table
        .values()
        .filter_map(|section| section.as_table())
        .map(toml::Table::len)
        .sum();
    assert_eq!(n_settings, KEYS.len(), "a key is missing here or there");
    for key in KEYS {
        assert!(
            table[key.section].get(key.name).is_some(),
            "{}.{}",
            key.section,
            key.name
        );
    }
    for list in LISTS {
        assert!(EXAMPLE.contains(&format!("[[{}]]", list.section)));
        for name in list.names {
            assert!(
                EXAMPLE.contains(&format!("#   {name} = ")),
                "{}.{name}",
                list.section
            );
        }
    }
}

#[test]
fn the_examples_lists_are_good() {
    let lists: String = EXAMPLE
        .lines()
        .filter_map(|line| line.strip_prefix("#   "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(problems(&lists), "");
    let config: Config = toml::from_str(&lists).unwrap();
    assert_eq!(config.streams.len(), 1);
    assert_eq!(endpoint::config(&config).ice_servers.len(), 1);
}

#[test]
fn a_slip_of_the_keyboard_is_found_with_its_line() {
    for (text, expected) in [
        (
            "[http]\nlisten = \"127.0.0.1:80\"\n\n[htpp]\n",
            "f.toml:4: unknown key `[htpp]`\n    did you mean `http`?",
        ),
        (
            "[http]\n\nlistn = \"127.0.0.1:80\"",
            "f.toml:3: unknown key `http.listn`\n    did you mean `listen`?",
        ),
        (
            "[[streams]]\nname = \"a\"\npubic = true",
            "f.toml:3: unknown key `streams.pubic`\n    did you mean `public`?",
        ),
        (
            "[log]\nzebra = 1",
            "f.toml:2: unknown key `log.zebra`\n    freshet.example.toml lists every key",
        ),
    ] {
        assert_eq!(problems(text), expected, "{text}");
    }
}

#[test]
fn a_value_of_the_wrong_form_is_found_with_its_line() {
    for (text, line) in [
        ("[http]\nlisten = 8080", "f.toml:2: "),
        ("[http]\n\nlisten = \"localhost\"", "f.toml:3: "),
        ("[sfu]\nworkers = \"two\"", "f.toml:2: "),
        ("[log]\nformat = \"xml\"", "f.toml:2: "),
        ("[http\n", "f.toml:1: "),
        ("[[streams]]\npublic = true", "f.toml:1: "),
    ] {
        let found = problems(text);
        assert!(found.starts_with(line), "{text}: {found}");
    }
}

#[test]
fn what_the_types_cannot_say_is_found_with_its_line() {
    for (text, expected) in [
        (
            "[https]\nlisten = \"127.0.0.1:8080\"",
            "f.toml:2: `https.listen`: is the address of [http] too",
        ),
        (
            "[sfu]\nlisten = \"0.0.0.0:8080\"",
            "f.toml:2: `sfu.listen`: is the address of [http] too",
        ),
        (
            "[https]\ncertificate = \"c.pem\"",
            "f.toml:2: `https.certificate`: has no key",
        ),
        (
            "[sfu]\nadvertise = [\"example.org\"]",
            "f.toml:2: `sfu.advertise`: \"example.org\"",
        ),
        ("[sfu]\nworkers = 65", "f.toml:2: `sfu.workers`: too many"),
        (
            "[http]\ntrusted_proxies = [\"10.0.0.0/33\"]",
            "f.toml:2: `http.trusted_proxies`: \"10.0.0.0/33\"",
        ),
        (
            "[http]\nallowed_origins = [\"example.com\"]",
            "f.toml:2: `http.allowed_origins`: \"example.com\"",
        ),
        (
            "[acme]\ndomains = [\"a.example\"]",
            "`acme.accept_terms`: a certificate is asked for",
        ),
        (
            "[acme]\naccept_terms = true\ndomains = [\"*.example\"]",
            "f.toml:3: `acme.domains`: \"*.example\"",
        ),
        (
            "[node]\nroles = [\"sfv\"]",
            "f.toml:2: `node.roles`: \"sfv\" is no role",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "f.toml:2: `log.level`: \"loud\" is no level",
        ),
        (
            "[[streams]]\nname = \"a b\"",
            "f.toml:2: `streams.0.name`: a name is",
        ),
        (
            "[[streams]]\nname = \"a\"\n[[streams]]\nname = \"a\"",
            "f.toml:4: `streams.1.name`: \"a\" is there twice",
        ),
        (
            "[[streams]]\nname = \"a\"\nkey = \"short\"",
            "f.toml:3: `streams.0.key`: a stream key is",
        ),
        (
            "[[ice_servers]]\nuri = \"http://x\"",
            "f.toml:2: `ice_servers.0.uri`: an ICE server is",
        ),
        (
            "[auth]\ntoken_secret = \"/nowhere\"",
            "f.toml:2: `auth.token_secret`: /nowhere: No such file",
        ),
        (
            "[metrics]\nallow = [\"localhost\"]",
            "f.toml:2: `metrics.allow`: \"localhost\" is neither",
        ),
    ] {
        let found = problems(text);
        assert!(found.starts_with(expected), "{text}:\n{found}");
    }
}

#[test]
fn a_limit_that_lets_nobody_in_is_refused() {
    for (name, effect) in [
        ("connections", "nobody could connect"),
        ("connections_per_address", "nobody could connect"),
        ("sessions", "nobody could publish or play"),
        ("players_per_stream", "nobody could play by WHEP"),
        ("publish_sessions_per_holder", "nobody could publish"),
        ("stream_starts_per_minute", "nobody could publish"),
        (
            "failed_auths_per_minute",
            "no credential would be looked at",
        ),
        (
            "joins_per_second_and_client",
            "nobody could publish or play",
        ),
    ] {
        let expected = format!("f.toml:2: `limits.{name}`: {effect}\n    write 1 or more");
        assert_eq!(problems(&format!("[limits]\n{name} = 0")), expected);
        assert_eq!(problems(&format!("[limits]\n{name} = 1")), "");
    }
    let n_limits = KEYS.iter().filter(|key| key.section == "limits").count();
    assert_eq!(n_limits, 8, "a limit without a row");
    let of_stream =
        |n_players: usize| problems(&format!("[[streams]]\nname = \"a\"\nplayers = {n_players}"));
    let expected =
        "f.toml:3: `streams.0.players`: nobody could play it by WHEP\n    write 1 or more";
    assert_eq!(of_stream(0), expected);
    assert_eq!(of_stream(1), "");
}

#[test]
fn an_address_that_no_client_can_send_to_is_not_advertised() {
    for (entry, why) in [
        ("0.0.0.0", "is no machine's address"),
        ("0.0.0.0:8189", "is no machine's address"),
        ("::", "is no machine's address"),
        ("::ffff:0.0.0.0", "is no machine's address"),
        ("224.0.0.1", "is many machines' address"),
        ("[ff02::1]:8189", "is many machines' address"),
        ("255.255.255.255", "is many machines' address"),
        ("203.0.113.5:0", "has no port"),
    ] {
        let found = problems(&format!("[sfu]\nadvertise = [\"{entry}\"]"));
        let expected = format!("f.toml:2: `sfu.advertise`: \"{entry}\" {why}");
        assert!(found.starts_with(&expected), "{found}");
    }
    let both = "advertise = [\"203.0.113.5\", \"[2001:db8::5]:9000\"]";
    let listening = |listen: &str| problems(&format!("[sfu]\nlisten = \"{listen}\"\n{both}"));
    assert_eq!(listening("[::]:8189"), "");
    for (listen, entry) in [
        ("0.0.0.0:8189", "[2001:db8::5]:9000"),
        ("[::1]:8189", "203.0.113.5"),
    ] {
        let found = listening(listen);
        let expected = format!(
            "f.toml:3: `sfu.advertise`: \"{entry}\" is of a family that sfu.listen does not listen for"
        );
        assert!(found.starts_with(&expected), "{found}");
    }
}

#[test]
fn what_is_unknown_does_not_hide_what_is_wrong() {
    let unknown = "[htpp]\n[http]\nlistn = 1\n[[streams]]\nname = \"a\"\npubic = true\n";
    for (wrong, lines) in [
        ("[sfu]\nworkers = 65", [1, 3, 6, 8]),
        ("[sfu]\nworkers = \"two\"", [1, 3, 6, 8]),
    ] {
        let found = problems(&format!("{unknown}{wrong}"));
        for line in lines {
            assert!(
                found.contains(&format!("f.toml:{line}: ")),
                "{line}: {found}"
            );
        }
    }
}

#[test]
fn every_problem_of_the_values_is_found_at_once() {
    let found = problems("[sfu]\nworkers = 65\n[log]\nlevel = \"loud\"");
    assert!(
        found.contains("f.toml:2") && found.contains("f.toml:4"),
        "{found}"
    );
}

#[test]
fn a_bad_key_is_not_repeated() {
    let found = problems("[[streams]]\nname = \"a\"\nkey = \"canary key\"");
    assert!(!found.contains("canary"), "{found}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = "[http]\nlisten = \"127.0.0.1:1\"\n[sfu]\nworkers = 1";
    let config = with_environment(
        text,
        &[
            ("FRESHET_HTTP__LISTEN", "127.0.0.1:2"),
            ("FRESHET_HTTP__TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2"),
            ("FRESHET_HTTPS__ENABLED", "false"),
            ("FRESHET_CHROMIUM", "/usr/bin/chromium"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.http.listen.port(), 2);
    assert_eq!(config.http.trusted_proxies, ["10.0.0.1", "10.0.0.2"]);
    assert!(!config.https.enabled);
    assert_eq!(config.sfu.workers, 1, "the file's");
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    for (name, value, expected) in [
        (
            "FRESHET_HTTP__LISTN",
            "x",
            "environment variable FRESHET_HTTP__LISTN: no such key\n    did you mean `FRESHET_HTTP__LISTEN`?",
        ),
        (
            "FRESHET_SFU__WORKERS",
            "two",
            "environment variable FRESHET_SFU__WORKERS: write a whole number",
        ),
        (
            "FRESHET_HTTPS__ENABLED",
            "yes",
            "environment variable FRESHET_HTTPS__ENABLED: write true or false",
        ),
        (
            "FRESHET_HTTP__LISTEN",
            "localhost",
            "environment variable FRESHET_HTTP__LISTEN: ",
        ),
        (
            "FRESHET_SFU__WORKERS",
            "65",
            "environment variable FRESHET_SFU__WORKERS: too many",
        ),
    ] {
        let found = with_environment("", &[(name, value)]).unwrap_err();
        assert!(found.starts_with(expected), "{name}={value}: {found}");
    }
}

#[test]
fn a_file_of_four_mebibytes_is_read_and_a_larger_one_is_not() {
    let scratch = Scratch::new("config-size");
    let file = scratch.path().join("f.toml");
    let loaded = |n_bytes: usize| {
        std::fs::write(&file, "#".repeat(n_bytes)).unwrap();
        load(Some(&file), std::iter::empty(), |_| {})
    };
    assert!(loaded(4 * 1024 * 1024).is_ok());
    let larger = loaded(4 * 1024 * 1024 + 1);
    let device = load(Some(Path::new("/dev/zero")), std::iter::empty(), |_| {});
    for refused in [larger, device] {
        let problems = refused.unwrap_err().to_string();
        assert!(problems.contains("larger than 4194304 bytes"), "{problems}");
        assert!(problems.contains("name a readable TOML file"), "{problems}");
    }
}

#[test]
fn a_wait_before_the_end_has_an_edge() {
    assert_eq!(problems("[node]\ndrain_secs = 3600"), "");
    assert_eq!(
        problems("[node]\ndrain_secs = 3601"),
        "f.toml:2: `node.drain_secs`: too long\n    write 0 to 3600"
    );
}

#[test]
fn a_ladder_has_edges() {
    let rung = |lines: u32, kbit: u32| {
        problems(&format!(
            "[[rungs]]\nlines = {lines}\nkbit_per_second = {kbit}"
        ))
    };
    for good in [(90, 50), (2_160, 62_500)] {
        assert_eq!(rung(good.0, good.1), "");
    }
    for lines in [89, 2_161] {
        assert!(rung(lines, 50).contains("f.toml:2: `rungs.0.lines`"));
    }
    for kbit in [49, 62_501] {
        assert!(rung(90, kbit).contains("f.toml:3: `rungs.0.kbit_per_second`"));
    }
    let rungs = |n: u32| {
        let rung = |n| format!("[[rungs]]\nlines = {}\nkbit_per_second = 50\n", 100 + n);
        problems(&(0..n).map(rung).collect::<String>())
    };
    assert_eq!(rungs(8), "");
    assert!(rungs(9).contains("more than 8 rungs"));
    let twice = "[[rungs]]\nlines = 90\nkbit_per_second = 50\n".repeat(2);
    assert!(problems(&twice).contains("f.toml:5: `rungs.1.lines`"));
    let capacity = |n: u32| problems(&format!("[transcode]\nmegapixels_per_second = {n}"));
    assert_eq!(capacity(20_000), "");
    assert!(capacity(20_001).contains("`transcode.megapixels_per_second`: too much"));
    let sharing = |n: u32| problems(&format!("[transcode]\nstreams_per_worker = {n}"));
    assert_eq!(sharing(64), "");
    assert!(sharing(65).contains("`transcode.streams_per_worker`: too many"));
}
