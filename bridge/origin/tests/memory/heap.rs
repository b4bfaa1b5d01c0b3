//! Bytes on the heap of the thread that asks, counted where they are allocated.
#![expect(
    unsafe_code,
    reason = "the standard library's interface to allocators is unsafe; every call is passed on as it came"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static N_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// Bytes that this thread allocated and nobody on it freed.
pub(crate) fn bytes() -> i64 {
    N_BYTES.get()
}

fn note(change: i64) {
    N_BYTES.set(N_BYTES.get() + change);
}

// SAFETY: every method is the system allocator's with the same arguments; counting touches no memory of the heap. What
// is not overridden is made of these.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as i64);
        // SAFETY: the caller keeps the contract of this method, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-(layout.size() as i64));
        // SAFETY: the caller keeps the contract of this method, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}
