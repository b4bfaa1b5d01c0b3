//! `freshet token sign`

use std::time::Duration;

use sfu_model::id::RoomId;
use sfu_net::clock;
use signaling_auth::signed_url::country::Country;
use signaling_auth::signed_url::key::UrlRequest;
use signaling_auth::signed_url::network::Network;

use super::lifetime::parse_lifetime;
use super::output::{Failure, say};
use super::place::Place;
use crate::addresses::Addresses;
use crate::data_dir::DataDir;
use crate::streams::{StoreError, StreamStore};
use crate::url_keys;

/// Sign a URL that plays a stream by HLS and DASH, for players without a bearer, and print it.
#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// The stream that it plays
    #[arg(long, value_name = "NAME")]
    stream: String,
    /// How long it is good: 90s, 15m, 1h; a week (168h) at most
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    expires: Duration,
    /// Only from this address, or from those with this prefix: 203.0.113.7, 203.0.113.0/24, 2001:db8::/48
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<Network>,
    /// Only from this country: two letters. A proxy says which it is ([hls] country_header)
    #[arg(long, value_name = "COUNTRY")]
    country: Option<Country>,
    #[command(flatten)]
    place: Place,
}

impl Sign {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.place.load()?.config;
        let data = DataDir::open(&config.node.data)?;
        let stream = RoomId::parse(&self.stream)?;
        let store = StreamStore::open(data.clone(), &config.streams)?;
        if !store.list()?.contains_key(&stream) {
            return Err(StoreError::Unknown(stream).into());
        }
        let request = UrlRequest {
            stream: stream.clone(),
            lifetime: self.expires,
            network: self.ip,
            country: self.country,
        };
        let key = url_keys::signing_key(config.hls.url_key_files(), &data)?;
        let token = key.sign(&request, clock::unix_now())?;
        let url = Addresses::url_of(&data, &config);
        let token = token.expose();
        say(format_args!(
            "{url}/signed/{token}/hls/{stream}/multivariant.m3u8"
        ));
        Ok(())
    }
}
