//! How much of NVIDIA's cards is used, of which more nodes are asked for before a queue grows: what their driver says (NVML).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{sleep, timeout};
use tracing::warn;

/// How often the driver is asked. It averages over a sixth of a second to a second by itself.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long it may take to answer. Then nothing is shown until it does: a driver that hangs must not look like a card that is idle.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What was last said of each card; nothing while nothing is known. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Cards(Arc<Mutex<Vec<Used>>>);

/// How much of a card was used in the driver's last period, in percent. `None`: it does not say, as of a card that is cut into
/// several (MIG).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    /// Its number, as `nvidia-smi` has it.
    card: u32,
    /// Time in which anything was computed: scaling is.
    compute: Option<u32>,
    /// Of NVENC.
    encoder: Option<u32>,
    /// Of NVDEC.
    decoder: Option<u32>,
}

impl Cards {
    /// Asks until there is nobody left to be told. A driver that does not answer keeps one thread, and is asked no more meanwhile.
    pub(super) fn watch(&self) {
        let told = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            if let Err(error) = ask(&told).await {
                tell(&told, Vec::new());
                let error = error.to_string();
                let why = "the driver of the card does not say how much of it is used";
                warn!(error, "{why}");
            }
        });
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let cards = last(&self.0);
        if cards.is_empty() {
            return Ok(());
        }
        let help = "How much of a card was used in the last second";
        let name = "transcode_gpu_utilization_percent";
        let mut percent = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for used in cards.iter() {
            let card = used.card.to_string();
            let of_units = [
                ("compute", used.compute),
                ("encoder", used.encoder),
                ("decoder", used.decoder),
            ];
            for (unit, used) in of_units {
                let Some(used) = used else { continue };
                let labels = [("card", &*card), ("unit", unit)];
                ConstGauge::new(u64::from(used)).encode(percent.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// A panic under the lock leaves an answer that is whole: it changes in one move.
fn last(told: &Mutex<Vec<Used>>) -> MutexGuard<'_, Vec<Used>> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there is still somebody to be told.
fn tell(told: &Weak<Mutex<Vec<Used>>>, cards: Vec<Used>) -> bool {
    let told = told.upgrade();
    let somebody = told.is_some();
    if let Some(told) = told {
        *last(&told) = cards;
    }
    somebody
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
enum Silent {
    #[error("{0}")]
    Driver(#[from] NvmlError),
    #[error("asking it ended with a panic")]
    Panic(#[from] JoinError),
}

async fn ask(told: &Weak<Mutex<Vec<Used>>>) -> Result<(), Silent> {
    let driver = Arc::new(spawn_blocking(Nvml::init).await??);
    loop {
        let asked = Arc::clone(&driver);
        let mut answer = spawn_blocking(move || of_all(&asked));
        let cards = match timeout(ANSWER_WITHIN, &mut answer).await {
            Ok(cards) => cards,
            Err(_) => {
                tell(told, Vec::new());
                answer.await
            }
        };
        if !tell(told, cards??) {
            return Ok(());
        }
        sleep(ASK_EVERY).await;
    }
}

fn of_all(driver: &Nvml) -> Result<Vec<Used>, NvmlError> {
    (0..driver.device_count()?)
        .map(|card| {
            let device = driver.device_by_index(card)?;
            Ok(Used {
                card,
                compute: device.utilization_rates().ok().map(|used| used.gpu),
                encoder: device
                    .encoder_utilization()
                    .ok()
                    .map(|used| used.utilization),
                decoder: device
                    .decoder_utilization()
                    .ok()
                    .map(|used| used.utilization),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::text;
    use prometheus_client::registry::Registry;

    use super::*;

    #[derive(Debug)]
    struct Page(Cards);

    impl Collector for Page {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            self.0.encode(&mut encoder)
        }
    }

    fn page(cards: &Cards) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Page(cards.clone())));
        let mut page = String::new();
        text::encode(&mut page, &registry).unwrap();
        page
    }

    #[test]
    fn what_is_known_is_shown_and_nothing_else() {
        let cards = Cards::default();
        assert!(!page(&cards).contains("transcode_gpu"));
        let used = |card, compute| Used {
            card,
            compute,
            encoder: Some(75),
            decoder: Some(40),
        };
        let told = Arc::downgrade(&cards.0);
        assert!(tell(&told, vec![used(0, Some(12)), used(1, None)]));
        let shown = page(&cards);
        for line in [
            r#"transcode_gpu_utilization_percent{card="0",unit="compute"} 12"#,
            r#"transcode_gpu_utilization_percent{card="0",unit="encoder"} 75"#,
            r#"transcode_gpu_utilization_percent{card="1",unit="decoder"} 40"#,
        ] {
            assert!(shown.contains(line), "{line} is not in\n{shown}");
        }
        assert!(!shown.contains(r#"card="1",unit="compute""#));
        assert!(tell(&told, Vec::new()));
        assert!(!page(&cards).contains("transcode_gpu"));
        drop(cards);
        assert!(!tell(&told, vec![used(0, None)]));
    }

    /// Where there is no driver, as on most machines, asking it is an error that says so, and no more.
    #[tokio::test]
    async fn a_driver_that_is_not_there_is_no_panic() {
        match ask(&Weak::new()).await {
            Err(Silent::Driver(error)) => {
                let error = error.to_string();
                assert!(error.contains("libnvidia-ml"), "{error}");
            }
            Err(Silent::Panic(error)) => panic!("{error}"),
            Ok(()) => {}
        }
    }
}
