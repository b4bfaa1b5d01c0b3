//! Heap allocations of the thread that asks, counted where they are made.
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
    /// Of this thread only: no atomic operation, so that counting costs nothing that a timing would show.
    static N_ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Allocations so far, and enlargements: each may move what it enlarges.
pub(crate) fn count() -> u64 {
    N_ALLOCATIONS.get()
}

fn note() {
    N_ALLOCATIONS.set(N_ALLOCATIONS.get() + 1);
}

// SAFETY: every method is the system allocator's with the same arguments; counting touches no memory of the heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract of this method, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract of this method, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, n_bytes: usize) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract of this method, which is the same.
        unsafe { System.realloc(pointer, layout, n_bytes) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of this method, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}
