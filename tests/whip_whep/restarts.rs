//! ICE restart by PATCH, as far as HTTP shows it.

use crate::node::{ENDPOINTS, Node, fragment, restart};

fn lines<'a>(sdp: &'a str, name: &'a str) -> Vec<&'a str> {
    let mut lines: Vec<&str> = sdp.lines().filter(|line| line.starts_with(name)).collect();
    lines.dedup();
    lines
}

#[tokio::test]
async fn wi_28_and_29_new_credentials_are_a_restart_with_a_new_tag() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        for with_star in [true, false] {
            let opened = node.open(path).await;
            let if_match = if with_star { "*" } else { &opened.etag };
            let reply = node.patch(&opened.session, if_match, &restart()).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            assert_eq!(
                reply.header("content-type"),
                "application/trickle-ice-sdpfrag"
            );
            assert_ne!(reply.header("etag"), opened.etag);
            for name in ["a=ice-ufrag:", "a=ice-pwd:"] {
                let (new, old) = (lines(&reply.body, name), lines(&opened.answer, name));
                assert_eq!(new.len(), 1, "{}", reply.body);
                assert!(!old.contains(&new[0]), "{name} is new");
            }
            assert!(!lines(&reply.body, "a=candidate:").is_empty());
            assert_eq!(node.delete(&opened.session).await.status, 200);
        }
    }
}

#[tokio::test]
async fn wi_30_after_a_restart_the_old_tag_is_412() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let new = node
            .patch(&opened.session, "*", &restart())
            .await
            .header("etag")
            .to_owned();
        let stale = node.patch(&opened.session, &opened.etag, &restart()).await;
        stale.assert_refused(412, "if-match-stale");
        assert_eq!(
            node.patch(&opened.session, &new, &restart()).await.status,
            204
        );
    }
}

#[tokio::test]
async fn wi_31_the_ice_attributes_of_a_restart_are_those_of_the_answer() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        let reply = node.patch(&opened.session, "*", &restart()).await;
        for name in ["a=ice-lite", "a=ice-options", "a=ice-pacing"] {
            assert_eq!(
                lines(&reply.body, name),
                lines(&opened.answer, name),
                "{name}"
            );
        }
        assert_eq!(lines(&reply.body, "a=ice-lite").len(), 1);
    }
}

#[tokio::test]
async fn wi_32_a_restart_that_is_refused_leaves_the_session_as_it_is() {
    let node = Node::live().await;
    for path in ENDPOINTS {
        let opened = node.open(path).await;
        for body in ["", &fragment("new", "short")] {
            assert_eq!(node.patch(&opened.session, "*", body).await.status, 400);
        }
        let trickle = node
            .patch(&opened.session, &opened.etag, &crate::node::trickle())
            .await;
        assert_eq!(
            trickle.status, 204,
            "the tag is still that of the ICE session in use"
        );
    }
}
