// What a <video> on a page shows. Both browsers' drivers have `evaluate`, and no more is needed.

/**
 * @typedef {{
 *   evaluate<A, R>(fn: (arg: A) => R | Promise<R>, arg: A): Promise<R>,
 *   evaluate<R>(fn: () => R | Promise<R>): Promise<R>,
 * }} Page
 */

/** How long pictures may take to come, on a machine that compiles at the same time. */
const WITHIN_MS = 30_000;

/**
 * Waits until the page's video has shown `count` more pictures; tells their size and the longest wait for one.
 * @param {Page} page
 * @param {number} count
 */
export function pictures(page, count, testId = 'video', withinMs = WITHIN_MS) {
  return page.evaluate(
    ({ count, testId, withinMs }) =>
      new Promise((resolve, reject) => {
        const video = /** @type {HTMLVideoElement} */ (document.querySelector(`[data-testid="${testId}"]`));
        let [shown, longestMs, last] = [0, 0, performance.now()];
        const late = setTimeout(() => {
          const { currentTime, buffered, readyState } = video;
          const held = Array.from({ length: buffered.length }, (_, i) => `${buffered.start(i)}..${buffered.end(i)}`);
          const at = `at ${currentTime} of ${held.join(', ')}, readyState ${readyState}`;
          reject(new Error(`${shown} of ${count} pictures in ${withinMs} ms: ${at}`));
        }, withinMs);
        const onPicture = (/** @type {number} */ now) => {
          shown += 1;
          longestMs = Math.max(longestMs, now - last);
          last = now;
          if (shown < count) return void video.requestVideoFrameCallback(onPicture);
          clearTimeout(late);
          resolve({ width: video.videoWidth, height: video.videoHeight, longestMs });
        };
        video.requestVideoFrameCallback(onPicture);
      }),
    { count, testId, withinMs },
  );
}

/**
 * Entries of the page's connection statistics of one type, each with its codec's name.
 * @param {Page} page
 * @param {string} type
 * @returns {Promise<Record<string, any>[]>}
 */
export function statistics(page, type) {
  return page.evaluate(async (type) => {
    const report = await window.freshet?.peerConnection?.getStats();
    const entries = /** @type {Record<string, any>[]} */ ([...(report?.values() ?? [])]);
    const codecOf = (/** @type {string} */ id) =>
      entries.find((entry) => entry.id === id)?.mimeType?.split('/')[1];
    return entries
      .filter((entry) => entry.type === type)
      .map((entry) => ({ ...entry, codec: codecOf(entry.codecId) }));
  }, type);
}

/**
 * The pair of candidates that media takes.
 * @param {Page} page
 * @returns {Promise<{ local: { port: number, protocol: string }, remote: { port: number } }>}
 */
export function path(page) {
  return page.evaluate(async () => {
    const report = await window.freshet?.peerConnection?.getStats();
    const entries = /** @type {Record<string, any>[]} */ ([...(report?.values() ?? [])]);
    const byId = (/** @type {string} */ id) => entries.find((entry) => entry.id === id);
    const transport = entries.find((entry) => entry.type === 'transport');
    const pair = byId(transport?.selectedCandidatePairId);
    const [local, remote] = [byId(pair?.localCandidateId), byId(pair?.remoteCandidateId)];
    if (!local || !remote) throw new Error('no pair of candidates is selected');
    return /** @type {any} */ ({ local, remote });
  });
}
