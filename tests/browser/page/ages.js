// How old the pictures of a <video> are when they are shown. Runs inside a page, after clock_strip.js.
/** Ages of the next `count` pictures in ms, and how many of them had no readable clock. */
globalThis.pictureAges = (/** @type {HTMLVideoElement} */ video, /** @type {number} */ count) =>
  new Promise((resolve, reject) => {
    // An age past this is a misread that the CRC let through: one in 256 damaged strips.
    const PLAUSIBLE_MS = 10_000;
    // A player that stands still for so long, on a machine that compiles at the same time, has stopped.
    const STOPPED_MS = 30_000;
    const ages = /** @type {number[]} */ ([]);
    let unreadable = 0;
    const stopped = () => {
      const { currentTime, buffered, readyState } = video;
      const held = Array.from({ length: buffered.length }, (_, i) => `${buffered.start(i)}..${buffered.end(i)}`);
      const told = `${ages.length + unreadable} of ${count} pictures, then none for ${STOPPED_MS} ms`;
      reject(new Error(`${told}: at ${currentTime} of ${held.join(', ')}, readyState ${readyState}`));
    };
    let late = setTimeout(stopped, STOPPED_MS);
    const onPicture = () => {
      clearTimeout(late);
      const age = globalThis.clockStrip.age(video);
      if (age === null || age > PLAUSIBLE_MS) unreadable += 1;
      else ages.push(age);
      if (ages.length + unreadable >= count) return resolve({ ages, unreadable });
      late = setTimeout(stopped, STOPPED_MS);
      video.requestVideoFrameCallback(onPicture);
    };
    video.requestVideoFrameCallback(onPicture);
  });
