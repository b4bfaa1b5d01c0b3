//! Every rule: its name, whether it must be kept, where it is written, and what it says.

use std::fmt;

use serde::Serialize;

/// How much a rule binds (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// An origin that breaks it does not conform.
    Must,
    /// An origin may break it with a reason; players suffer.
    Should,
}

macro_rules! rules {
    ($($name:ident $id:literal $level:ident $section:literal $sentence:literal;)*) => {
        /// A rule. The names `LH`, `LB`, `LD`, `LP`, `LR` and `LC` are those of playlists, blocking reloads, delta updates,
        /// preload hints, rendition reports and HTTP; `PL` is the syntax, `AV` what players are known to stop at, `MB` media.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $sentence] $name,)*
        }

        impl Rule {
            /// All there are, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// How much it binds.
            pub const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }

            /// The section of draft-pantos-hls-rfc8216bis, or whose practice it is.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }

            /// What it says.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

rules! {
    Pl01 "PL-01" Must "4.4.1.1" "the first line is #EXTM3U";
    Pl02 "PL-02" Must "4.2" "attribute lists and numbers are well-formed, and required attributes are there";
    Pl03 "PL-03" Must "4.4.3" "a tag of the whole playlist stands there once, and TARGETDURATION does";
    Pl04 "PL-04" Must "4.4.4.1" "every segment has one EXTINF and one URI";
    Pl05 "PL-05" Must "4.1" "tags of media playlists and of multivariant playlists are not mixed";
    Lh01 "LH-01" Must "4.4.3.7" "a playlist with parts says PART-TARGET";
    Lh02 "LH-02" Must "4.4.3.8" "PART-HOLD-BACK is there with PART-INF, and at least twice PART-TARGET";
    Lh02s "LH-02S" Should "4.4.3.8" "PART-HOLD-BACK is at least three times the largest PART-TARGET";
    Lh03 "LH-03" Must "4.4.3.8" "HOLD-BACK is at least three target durations";
    Lh04 "LH-04" Must "4.4.3.8" "CAN-SKIP-UNTIL is at least six target durations, and CAN-SKIP-DATERANGES needs it";
    Lh05 "LH-05" Must "B.1" "a low-latency playlist can be reloaded with blocking";
    Lh06 "LH-06" Must "4.4.4.9" "no part is longer than PART-TARGET";
    Lh07 "LH-07" Must "4.4.4.9" "no part is shorter than 85 % of PART-TARGET but independent ones, gaps, and the last";
    Lh08 "LH-08" Should "4.4.4.9" "a part with an independent frame says INDEPENDENT=YES";
    Lh09 "LH-09" Must "4.4.4.9" "what applies to a segment stands before its first part";
    Lh10 "LH-10" Must "3.2" "the parts of a segment are the segment: the same bytes, the same duration";
    Lh11 "LH-11" Must "4.4.5.2" "there is at most one EXT-X-SKIP";
    Lh12 "LH-12" Must "8" "EXT-X-VERSION is as high as the tags need";
    Lh13 "LH-13" Must "4.4.3.1" "no segment rounds to more than the target duration";
    Lh13c "LH-13C" Must "6.2.1" "the target duration never changes";
    Lh14 "LH-14" Must "6.2.1" "what is listed stays as it was listed";
    Lh15 "LH-15" Must "6.2.1" "what is listed can be fetched at once";
    Lh16 "LH-16" Must "6.2.1" "a segment follows within 1.5 target durations";
    Lh16p "LH-16P" Must "6.2.1" "a part follows within one PART-TARGET";
    Lh17 "LH-17" Must "6.2.1" "the parts of a missing segment say GAP=YES";
    Lh18 "LH-18" Must "6.2.1" "another codec, size or clock comes after a DISCONTINUITY";
    Lh18s "LH-18S" Should "4.4.4.3" "another EXT-X-MAP comes after a DISCONTINUITY";
    Lh19 "LH-19" Must "4.4.3.4" "nothing follows ENDLIST, and it stays";
    Lh20 "LH-20" Should "6.2.1" "a segment after a DISCONTINUITY has a PROGRAM-DATE-TIME";
    Lh21 "LH-21" Must "6.2.2" "MEDIA-SEQUENCE rises by one for every segment removed, and never falls";
    Lh21d "LH-21D" Must "6.2.2" "DISCONTINUITY-SEQUENCE rises by one for every DISCONTINUITY removed, and never falls";
    Lh22 "LH-22" Must "6.2.2" "nothing is removed that leaves less than three target durations";
    Lh23 "LH-23" Must "6.2.2" "a part can be fetched three target durations after its tag was removed";
    Lh23s "LH-23S" Should "6.2.2" "no parts are listed further than three target durations from the end";
    Lh24 "LH-24" Must "6.2.2" "a segment can be fetched for a while after it was removed";
    Lh25 "LH-25" Must "4.4.3.5" "a playlist with a PLAYLIST-TYPE loses nothing, and of VOD does not change";
    Lh26t "LH-26T" Must "6.2.4" "variants have the same target duration";
    Lh26d "LH-26D" Must "6.2.4" "variants have the same discontinuities at the same numbers";
    Lh26c "LH-26C" Must "6.2.4" "renditions have the same SERVER-CONTROL";
    Lh26p "LH-26P" Must "6.2.4" "all renditions have PROGRAM-DATE-TIME or none, and they agree";
    Lh26r "LH-26R" Must "6.2.4" "all renditions have the same date ranges";
    Lh27 "LH-27" Must "4.4.6.2" "CODECS lists every format of a variant";
    Lh28 "LH-28" Must "4.4.4.4" "EXT-X-KEY says where the key is";
    Lh29 "LH-29" Must "6.2.1" "a date range that applies stays, and what it says too";
    Lh30 "LH-30" Must "4.4.6.1.1" "groups of one TYPE have the same members, which differ in URI and CHANNELS alone";
    Lb01 "LB-01" Must "6.2.5.2" "a blocking reload is answered once the playlist has the segment or the part";
    Lb03 "LB-03" Must "6.2.5.2" "a part after the last of a segment means the first of the next";
    Lb04 "LB-04" Must "6.2.5.2" "a reload for what is listed, or was, is answered with the playlist at once";
    Lb05 "LB-05" Must "6.2.5.2" "an ended playlist is answered at once whatever is asked";
    Lb06 "LB-06" Must "6.2.5.2" "_HLS_part without _HLS_msn is 400";
    Lb07 "LB-07" Should "6.2.5.2" "_HLS_msn more than two ahead is 400 at once";
    Lb08 "LB-08" Should "6.2.5.2" "_HLS_part beyond the advance part limit is 400 at once";
    Lb09 "LB-09" Should "6.2.5.2" "no reload waits longer than three target durations, and then it is 503";
    Lb11 "LB-11" Should "our choice" "directives that are no numbers are 400, unknown ones are ignored";
    Ld01 "LD-01" Must "6.2.5.1" "a delta update skips nothing younger than the skip boundary";
    Ld02 "LD-02" Must "6.2.5.1" "_HLS_skip is ignored where nothing can be skipped";
    Ld03 "LD-03" Must "6.2.5.1" "a v2 delta lists no date range that was there before the skip boundary";
    Ld04 "LD-04" Must "4.4.5.2" "a v2 delta names the date ranges that were removed";
    Ld06 "LD-06" Must "6.2.5.1" "the old playlist and a delta update are the new playlist";
    Lp01 "LP-01" Must "6.2.6" "a request for what is hinted waits until it is there";
    Lp03 "LP-03" Must "4.4.5.3" "what was hinted is what comes";
    Lp04 "LP-04" Must "4.4.5.3" "an ended playlist hints nothing";
    Lp05 "LP-05" Should "4.4.5.3" "there is at most one hint of a type";
    Lp06 "LP-06" Should "6.2.6" "what is neither there nor hinted is 404";
    Lp10 "LP-10" Must "B.1" "every low-latency playlist hints the next part";
    Lr01 "LR-01" Must "B.1" "a low-latency playlist reports on every other rendition";
    Lr02 "LR-02" Must "4.4.5.4" "a rendition report says LAST-MSN, and LAST-PART where there are parts, unless they are its own, of a relative URI";
    Lr03 "LR-03" Should "4.4.5.4" "what a report says of a rendition is where it stands";
    Lc01 "LC-01" Should "6.2.1" "playlists come with gzip for whoever takes it, and say Vary";
    Lc02 "LC-02" Should "B.1" "media may be cached, and lost answers no longer than a second";
    Lc03 "LC-03" Must "B.1" "a low-latency playlist has PROGRAM-DATE-TIME";
    Lc04 "LC-04" Should "B.1" "a playlist is cached for half a target duration, an awaited one for six";
    Lc06 "LC-06" Should "Fetch" "pages of other origins may read answers, and their Age and Date";
    Lc07 "LC-07" Must "4" "playlists say that they are playlists, and media what it is";
    Lc10 "LC-10" Should "RFC 9110 14" "byte ranges and HEAD are answered for media";
    Av01 "AV-01" Must "AVPlayer" "PART-TARGET never changes";
    Av02 "AV-02" Must "AVPlayer" "hold-backs and what else a server promises never change";
    Av03 "AV-03" Must "AVPlayer" "a playlist with PART-INF lists parts";
    Av04 "AV-04" Should "SRS 4695" "not every segment begins with a DISCONTINUITY";
    Av05 "AV-05" Must "OME 769" "a URI means one piece of media";
    Av06 "AV-06" Should "ExoPlayer" "PROGRAM-DATE-TIME is not in the future";
    Av07 "AV-07" Must "6.2.1" "PROGRAM-DATE-TIME goes on with the media, and never back";
    Mb01 "MB-01" Must "3.1.2" "init sections and fragments are whole boxes that can be read";
    Mb02 "MB-02" Must "4.4.4.9" "a part that says INDEPENDENT=YES has a sync sample";
    Mb03 "MB-03" Must "14496-15 5.3" "an init section of H.264 carries its parameter sets";
    Mb04 "MB-04" Should "4.4.6.1" "CHANNELS is what the init section says";
    Mb05 "MB-05" Should "hls.js 7431" "tracks of one fragment begin together";
    Mb06 "MB-06" Must "4.4.4.9" "the media of a part lasts as long as it says";
}

impl Rule {
    /// The rule of this name.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}
