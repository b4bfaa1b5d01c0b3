//! The report, as people read it.

use std::fmt;

use super::{FLOOD_SHARE_MIN, FloodReport, Report, WAITED_CORES_MAX, both};
use crate::hostile::Pair;

/// One line of the table: what, without the flood, with it, and the bar.
fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    calm: &dyn fmt::Display,
    flooded: &dyn fmt::Display,
    bar: &str,
) -> fmt::Result {
    let line = format!("{name:<42} {calm:>10} {flooded:>10}   {bar}");
    writeln!(f, "{}", line.trim_end())
}

/// A row of figures that may not exist.
fn row_ms(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    pair: &Pair<Option<f64>>,
    bar: &str,
) -> fmt::Result {
    let text = |figure: Option<f64>| figure.map_or_else(|| "-".into(), |ms| format!("{ms:.2}"));
    row(f, name, &text(pair.calm), &text(pair.flooded), bar)
}

fn flood_rows(f: &mut fmt::Formatter<'_>, name: &str, flood: &FloodReport) -> fmt::Result {
    let rate = format!("{:.0}", flood.sent_per_second);
    let wanted = format!(
        ">= {:.0}",
        f64::from(flood.wanted_per_second) * FLOOD_SHARE_MIN
    );
    row(f, &format!("{name} in a second"), &"", &rate, &wanted)?;
    row(f, &format!("{name} sent"), &"", &flood.sent, "")?;
    row(f, "  of them counted as rejected", &"", &flood.rejected, "")?;
    row(
        f,
        "  refused by our own kernel",
        &"",
        &flood.refused_by_our_kernel,
        "",
    )?;
    row(f, "  answered", &"", &flood.answers, "0")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "", &"calm", &"flooded", "bar")?;
        let (calm, flooded) = (self.setups_calm, self.setups_flooded);
        row(
            f,
            "sessions set up",
            &calm,
            &flooded,
            &self.setups_wanted.to_string(),
        )?;
        row_ms(
            f,
            "set-up p50, ms (POST to first picture)",
            &self.setup_p50_ms,
            "",
        )?;
        let bar = format!("<= calm + {:.0}", self.setup_p95_excess_ms_max);
        row_ms(f, "set-up p95, ms", &self.setup_p95_ms, &bar)?;
        flood_rows(f, "ClientHellos", &self.hellos)?;
        let packets = &self.packets_received;
        row(
            f,
            "media packets received",
            &packets.calm,
            &packets.flooded,
            "",
        )?;
        row_ms(f, "media latency p50, ms", &self.latency_p50_ms, "")?;
        let bar = format!("<= calm + {:.0}", self.latency_p99_excess_ms_max);
        row_ms(f, "media latency p99, ms", &self.latency_p99_ms, &bar)?;
        flood_rows(f, "binding requests", &self.requests)?;
        let cores = both(&self.server_cores, |cores| format!("{cores:.3}"));
        row(f, "server CPU, cores", &cores.calm, &cores.flooded, "")?;
        let waited = both(&self.server_cores_waited_for, |cores| format!("{cores:.3}"));
        row(
            f,
            "cores that the server waited for",
            &waited.calm,
            &waited.flooded,
            &format!("calm <= {WAITED_CORES_MAX:.2}"),
        )?;
        let cost = format!("{:.2}", self.cpu_us_per_rejected);
        let bar = format!("<= {:.2}", self.cpu_us_per_rejected_max);
        row(f, "server CPU per rejected request, us", &"", &cost, &bar)?;
        let grown = both(&self.grown_bytes, |bytes| bytes / 1_024);
        let bar = format!("<= calm + {}", self.grown_excess_bytes_max / 1_024);
        row(
            f,
            "server memory grown by, KiB",
            &grown.calm,
            &grown.flooded,
            &bar,
        )?;
        let (before, after) = (self.sessions_before, self.sessions_after);
        row(f, "sessions before and after", &before, &after, "equal")?;
        for failure in self.failures() {
            writeln!(f, "FAILED: {failure}")?;
        }
        Ok(())
    }
}
