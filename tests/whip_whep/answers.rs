//! What the answer says, and the headers of the 201.

use crate::node::{ENDPOINTS, Node, good_offer};
use crate::offers::{self, CHROMIUM_SIMULCAST};

fn sections(answer: &str) -> Vec<&str> {
    answer.split("\r\nm=").skip(1).collect()
}

#[tokio::test]
async fn wi_08_and_09_a_publisher_is_answered_recvonly_also_to_sendrecv() {
    for direction in ["sendonly", "sendrecv"] {
        let node = Node::start();
        let offer = offers::publish().replace("sendonly", direction);
        let answer = node.open_with("/whip/demo", &offer).await.answer;
        assert!(
            sections(&answer)
                .iter()
                .all(|s| s.contains("\r\na=recvonly\r\n")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn we_03_a_player_is_answered_sendonly() {
    let node = Node::live().await;
    let answer = node.open("/whep/demo").await.answer;
    assert!(
        sections(&answer)
            .iter()
            .all(|s| s.contains("\r\na=sendonly\r\n")),
        "{answer}"
    );
}

#[tokio::test]
async fn wi_19_the_entity_tag_is_strong_quoted_and_of_one_ice_session() {
    let node = Node::live().await;
    let mut tags = std::collections::HashSet::new();
    for path in ENDPOINTS {
        for _ in 0..2 {
            let opened = node.open(path).await;
            let tag = opened.etag;
            assert!(
                tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2,
                "{tag}"
            );
            assert!(tags.insert(tag), "of another session too");
            assert_eq!(node.delete(&opened.session).await.status, 200);
        }
    }
}

#[tokio::test]
async fn wi_23_the_answer_has_all_candidates_udp_and_tcp_and_says_so() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let answer = node.open(path).await.answer;
        let first = sections(&answer)[0];
        let ice = node.running.addresses["ice"][0].as_str().unwrap();
        let port = ice.rsplit(':').next().unwrap();
        let has = |transport: &str| {
            let mut lines = first
                .lines()
                .filter(|line| line.starts_with("a=candidate:"));
            lines.any(|l| {
                l.contains(&format!(" {transport} ")) && l.contains(&format!(" 127.0.0.1 {port} "))
            })
        };
        assert!(has("udp") && has("tcp"), "{first}");
        assert!(first.contains("a=end-of-candidates"));
    }
}

#[tokio::test]
async fn wi_35_all_sections_are_bundled_and_multiplex_rtcp_only() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let answer = node.open(path).await.answer;
        assert!(answer.contains("\r\na=group:BUNDLE 0 1\r\n"));
        for section in sections(&answer) {
            assert!(
                section.contains("\r\na=rtcp-mux\r\n")
                    && section.contains("\r\na=rtcp-mux-only\r\n")
            );
        }
    }
}

#[tokio::test]
async fn wi_40_the_server_is_ice_lite_and_says_so_once() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let answer = node.open(path).await.answer;
        let (session, _) = answer.split_once("\r\nm=").unwrap();
        assert!(session.contains("\r\na=ice-lite"), "{session}");
        assert_eq!(answer.matches("a=ice-lite").count(), 1);
    }
}

#[tokio::test]
async fn wi_40_a_client_that_is_lite_too_is_refused() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let lite = good_offer(path).replacen("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", 1);
        let reply = node.post(path, &lite).await;
        reply.assert_refused(422, "ice-lite");
    }
}

#[tokio::test]
async fn wi_43_each_ice_server_is_one_link_with_its_uri_as_it_is() {
    let node = Node::with(
        "[[ice_servers]]\nuri = \"stun:stun.example.net:3478\"\n\
         [[ice_servers]]\nuri = \"turn:[2001:db8::1]:3478?transport=udp\"\nusername = \"u\"\npassword = \"p\"\n",
    );
    let node = node.go_live().await;
    for path in ENDPOINTS {
        let reply = node.post(path, &good_offer(path)).await;
        let is_server = |link: &&str| link.contains("ice-server");
        let links: Vec<&str> = reply.all("link").filter(is_server).collect();
        assert_eq!(
            links,
            [
                "<stun:stun.example.net:3478>; rel=\"ice-server\"",
                "<turn:[2001:db8::1]:3478?transport=udp>; rel=\"ice-server\"; username=\"u\"; \
             credential=\"p\"; credential-type=\"password\"",
            ]
        );
    }
}

#[tokio::test]
async fn wi_49_simulcast_is_answered_with_every_rid_to_receive() {
    let node = Node::start();
    let answer = node
        .open_with("/whip/demo", CHROMIUM_SIMULCAST)
        .await
        .answer;
    let video = sections(&answer)[1];
    for line in [
        "a=rid:q recv",
        "a=rid:h recv",
        "a=rid:f recv",
        "a=simulcast:recv q;h;f",
    ] {
        assert!(video.lines().any(|l| l == line), "{line} in {video}");
    }
}

#[tokio::test]
async fn wi_50_what_is_advertised_is_there_and_nothing_else_is_advertised() {
    let node = Node::live().await;
    for (path, n_extensions) in ENDPOINTS.into_iter().zip([1, 2]) {
        let reply = node.post(path, &good_offer(path)).await;
        let is_extension = |link: &&str| link.contains("urn:ietf:params:wh");
        let links: Vec<&str> = reply.all("link").filter(is_extension).collect();
        assert_eq!(links.len(), n_extensions, "{reply:?}");
        for link in links {
            let target = link.trim_start_matches('<').split('>').next().unwrap();
            let options = node.request("OPTIONS", target).send().await;
            assert_eq!(options.header("accept-post"), "application/json");
        }
    }
}

#[tokio::test]
async fn we_18_a_player_gets_one_media_stream_for_audio_and_video() {
    let node = Node::live().await;
    let answer = node.open("/whep/demo").await.answer;
    let msids: Vec<&str> = answer
        .lines()
        .filter_map(|l| l.strip_prefix("a=msid:"))
        .collect();
    assert_eq!(msids.len(), 2);
    assert!(
        msids.iter().all(|msid| msid.starts_with("demo ")),
        "{msids:?}"
    );
}

#[tokio::test]
async fn codecs_are_answered_in_the_order_of_the_offer() {
    let node = Node::start();
    let preferring_av1 = "45 46 98 99 96 97 103 104";
    let offer = CHROMIUM_SIMULCAST.replace("96 97 103 104 98 99 45 46", preferring_av1);
    let answer = node.open_with("/whip/demo", &offer).await.answer;
    assert!(
        sections(&answer)[1]
            .starts_with(&format!("video 9 UDP/TLS/RTP/SAVPF {preferring_av1}\r\n"))
    );
}

#[tokio::test]
async fn the_answer_has_the_feedback_that_was_offered_and_no_more() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let asked = offers::without(&good_offer(path), "a=rtcp-fb:") + "a=rtcp-fb:96 nack\r\n";
        let answer = node.open_with(path, &asked).await.answer;
        let feedback: Vec<&str> = answer
            .lines()
            .filter(|line| line.starts_with("a=rtcp-fb:"))
            .collect();
        assert_eq!(feedback, ["a=rtcp-fb:96 nack"], "{answer}");
    }
}
