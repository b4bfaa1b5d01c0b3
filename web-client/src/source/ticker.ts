/**
 * A worker that says "draw" at a steady rate. Browsers slow the timers of a page in the background
 * to one per second, but not those of its workers; a publisher is often in the background.
 */
addEventListener('message', (event: MessageEvent<number>) => {
  setInterval(() => postMessage(undefined), 1000 / event.data);
});
