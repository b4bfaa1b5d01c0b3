//! What went wrong with the files of streams, for `/metrics`.

/// Of one stream, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskCounts {
    /// Times that segments began not to be on disk.
    pub(crate) failures: u64,
    /// Reads that failed and say nothing of the file.
    pub(crate) failed_reads: u64,
    /// Files that should have been deleted, and go with their folder.
    pub(crate) files_left: u64,
}

impl DiskCounts {
    /// Adds what another stream counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.failures = self.failures.saturating_add(other.failures);
        self.failed_reads = self.failed_reads.saturating_add(other.failed_reads);
        self.files_left = self.files_left.saturating_add(other.files_left);
    }

    /// Each: its name, what it says, and its value.
    pub(crate) const fn rows(&self) -> [(&'static str, &'static str, u64); 3] {
        [
            (
                "hls_disk_failures",
                "Times that the disk began to fail a stream: its DVR window gets shorter until the disk works again",
                self.failures,
            ),
            (
                "hls_disk_failed_reads",
                "Reads of segments that failed for a reason that may pass, and were answered with 503",
                self.failed_reads,
            ),
            (
                "hls_disk_files_left",
                "Files of segments that could not be deleted before their stream was gone",
                self.files_left,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_of_two_disks_is_in_their_sum_once() {
        let one = DiskCounts {
            failures: 1,
            failed_reads: 2,
            files_left: 3,
        };
        let mut sum = one;
        sum.add(&one);
        assert_eq!(sum.rows().map(|(_, _, value)| value), [2, 4, 6]);
    }
}
