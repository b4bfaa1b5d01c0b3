//! How much of NVIDIA's cards is used, of which more nodes are asked for before a queue grows: what their driver says (NVML).

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::warn;

/// When the driver is asked.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// After the last answer.
    again: Duration,
    /// How long it may take to answer. Then nothing is shown until it does: a driver that hangs must not look like a card that is
    /// idle.
    within: Duration,
}

/// It averages over a sixth of a second to a second by itself.
const PACE: Pace = Pace {
    again: Duration::from_secs(5),
    within: Duration::from_secs(5),
};

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
    /// Asks until there is nobody left to be told. The driver is asked by a thread of its own, which nobody waits for: not those who
    /// are told, and not the process when it ends.
    pub(super) fn watch(&self) {
        let (asks, asked) = sync_channel(1);
        let (answers, answered) = mpsc::channel(1);
        let asking = thread::Builder::new().name("card-use".into());
        if let Err(error) = asking.spawn(move || ask(&asked, &answers)) {
            warn!(%error, "nobody asks how much of the card is used");
        }
        tokio::spawn(pass_on(PACE, (asks, answered), Arc::downgrade(&self.0)));
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

/// Asks and tells of each answer, and of none where there is none.
async fn pass_on(
    pace: Pace,
    (asks, mut answers): (SyncSender<()>, mpsc::Receiver<Vec<Used>>),
    told: Weak<Mutex<Vec<Used>>>,
) {
    loop {
        // Where there is no room, the last question is not answered yet.
        let _ = asks.try_send(());
        let answer = timeout(pace.within, answers.recv()).await;
        let is_over = matches!(answer, Ok(None));
        let cards = answer.ok().flatten().unwrap_or_default();
        if !tell(&told, cards) || is_over {
            return;
        }
        sleep(pace.again).await;
    }
}

/// Asks the driver when it is told to. What that cannot say of one card hides no other.
fn ask(asked: &Receiver<()>, answers: &mpsc::Sender<Vec<Used>>) {
    let result = Nvml::init().and_then(|driver| {
        let n_cards = driver.device_count()?;
        for () in asked {
            let cards = (0..n_cards).filter_map(|card| used(&driver, card).ok());
            if answers.blocking_send(cards.collect()).is_err() {
                break;
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        warn!(%error, "the driver of the card does not say how much of it is used");
    }
}

fn used(driver: &Nvml, card: u32) -> Result<Used, NvmlError> {
    let device = driver.device_by_index(card)?;
    Ok(Used {
        card,
        compute: device.utilization_rates().ok().map(|used| used.gpu),
        encoder: (device.encoder_utilization().ok()).map(|used| used.utilization),
        decoder: (device.decoder_utilization().ok()).map(|used| used.utilization),
    })
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

    #[tokio::test]
    async fn a_driver_that_falls_silent_is_not_shown_as_it_was() {
        let cards = Cards::default();
        let (asks, asked) = sync_channel(1);
        let (answers, answered) = mpsc::channel(1);
        let pace = Pace {
            again: Duration::from_millis(10),
            within: Duration::from_millis(50),
        };
        let told = Arc::downgrade(&cards.0);
        let passing_on = tokio::spawn(pass_on(pace, (asks, answered), told));
        let answer = vec![Used {
            card: 0,
            compute: Some(99),
            encoder: None,
            decoder: None,
        }];
        for _ in 0..2 {
            answers.send(answer.clone()).await.unwrap();
            while !page(&cards).contains("} 99") {
                sleep(Duration::from_millis(1)).await;
            }
            while page(&cards).contains("transcode_gpu") {
                sleep(Duration::from_millis(1)).await;
            }
        }
        assert!(asked.try_recv().is_ok());
        drop(answers);
        passing_on.await.unwrap();
    }

    /// Where there is no driver, as on most machines, nothing is said, and nothing goes on.
    #[test]
    fn a_driver_that_is_not_there_ends_it() {
        let (asks, asked) = sync_channel(1);
        let (answers, mut answered) = mpsc::channel(1);
        asks.send(()).unwrap();
        drop(asks);
        ask(&asked, &answers);
        let said = answered.try_recv();
        assert!(said.is_err() || Nvml::init().is_ok());
    }
}
