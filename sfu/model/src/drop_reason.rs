//! Every reason for which a datagram or a packet goes nowhere. Counted, never logged above trace.

macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $name:ident => $label:literal,)*) => {
        /// Why a datagram or a packet goes nowhere.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DropReason {
            $($(#[$doc])* $name,)*
        }

        impl DropReason {
            /// All of them, in the order of a packet's journey; a counter is an index into this.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its label in metrics.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }
        }
    };
}

drop_reasons! {
    /// It is longer than any that WebRTC sends.
    DatagramTooLong => "datagram_too_long",
    /// The first byte belongs to none of STUN, DTLS, RTP and RTCP (RFC 7983).
    NotOurProtocol => "not_our_protocol",
    /// Malformed STUN, or a STUN message that is no binding request.
    MalformedStun => "malformed_stun",
    /// A STUN ufrag that no session has.
    UnknownUfrag => "unknown_ufrag",
    /// A STUN MESSAGE-INTEGRITY that does not verify.
    BadStunIntegrity => "bad_stun_integrity",
    /// A check from an address at which another session is heard: whoever sent it may be elsewhere.
    AddressHeld => "address_held",
    /// A check from a new address while nobody in the node takes what the worker has to say.
    NodeUnheard => "node_unheard",
    /// Anything but STUN from an address that has not passed ICE (the ClientHello race).
    UnvalidatedSource => "unvalidated_source",
    /// The engine refused it: a broken DTLS record, an SRTP packet that does not authenticate, a replay.
    EngineRefused => "engine_refused",
    /// An RTP packet of an encoding beyond the limit of a track, or of no known m-section.
    UnknownEncoding => "unknown_encoding",
    /// A payload too short or malformed for its codec.
    MalformedPayload => "malformed_payload",
    /// A frame of sound that went on already, out of the redundancy of a later packet (RFC 2198).
    AlreadyRecovered => "already_recovered",
    /// A publisher that another one is to replace, or that has not gone live, sent it.
    PublisherNotCurrent => "publisher_not_current",
    /// It is of another encoding than the subscription forwards.
    OtherLayer => "other_layer",
    /// It is of a layer above those that the subscription forwards.
    LayerAbove => "layer_above",
    /// The subscription waits for a keyframe.
    AwaitingKeyframe => "awaiting_keyframe",
    /// It is older than the point at which the subscription joined its encoding.
    BeforeSwitch => "before_switch",
    /// The subscriber negotiated no payload type for its codec.
    CodecNotNegotiated => "codec_not_negotiated",
    /// The subscriber's transport is not up.
    TransportNotUp => "transport_not_up",
    /// Pictures for a subscriber that repeats its flight of the handshake: it has no keys to open them.
    HandshakeUnfinished => "handshake_unfinished",
    /// SRTCP that does not authenticate, or a replay of it.
    RtcpRefused => "rtcp_refused",
    /// RTCP that authenticates and is malformed.
    MalformedRtcp => "malformed_rtcp",
    /// The rest of a datagram of feedback that says more than any receiver has to say, or too much in too short a time.
    FeedbackFlood => "feedback_flood",
    /// Media of a subscriber, which negotiated to send none.
    UnwantedMedia => "unwanted_media",
    /// The packets that wait for one subscriber are too many.
    SenderQueueFull => "sender_queue_full",
    /// The packet is not in its room's cache any more.
    NotCached => "not_cached",
    /// Its number towards the subscriber was used, or is too old to know.
    NumberUsed => "number_used",
    /// It could not be sealed.
    SealRefused => "seal_refused",
    /// A repair of what was never sent, was just sent again, or has no format.
    NotRepairable => "not_repairable",
    /// A repair beyond the share of its subscriber's rate.
    RepairBudget => "repair_budget",
    /// The further copies of repairs that wait for one subscriber are too many.
    RepairCopiesFull => "repair_copies_full",
    /// A mailbox between workers is full: the data plane never waits.
    MailboxFull => "mailbox_full",
    /// The socket's send buffer is full, or the network refused it.
    SendRefused => "send_refused",
    /// A TCP peer reads too slowly.
    SlowTcpPeer => "slow_tcp_peer",
}

/// One counter per [`DropReason`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropCounts([u64; DropReason::ALL.len()]);

impl Default for DropCounts {
    fn default() -> Self {
        Self([0; DropReason::ALL.len()])
    }
}

impl DropCounts {
    /// Counts one.
    pub fn count(&mut self, reason: DropReason) {
        self.add(reason, 1);
    }

    /// Counts many.
    pub fn add(&mut self, reason: DropReason, n: u64) {
        if let Some(slot) = self.0.get_mut(reason as usize) {
            *slot = slot.saturating_add(n);
        }
    }

    /// How many went nowhere for this reason.
    pub fn get(&self, reason: DropReason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// Reasons with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .iter()
            .map(|reason| (*reason, self.get(*reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_where_its_reason_says() {
        let mut counts = DropCounts::default();
        for (index, reason) in DropReason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
            counts.count(*reason);
        }
        assert!(counts.iter().all(|(_, n)| n == 1));
    }
}
