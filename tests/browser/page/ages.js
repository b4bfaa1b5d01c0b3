// How old the pictures of a <video> are when they are shown. Runs inside a page, after clock_strip.js.
/** Ages of the next `count` pictures in ms, and how many of them had no readable clock. */
globalThis.pictureAges = (/** @type {HTMLVideoElement} */ video, /** @type {number} */ count) =>
  new Promise((resolve) => {
    // An age past this is a misread that the CRC let through: one in 256 damaged strips.
    const PLAUSIBLE_MS = 10_000;
    const ages = /** @type {number[]} */ ([]);
    let unreadable = 0;
    const onPicture = () => {
      const age = globalThis.clockStrip.age(video);
      if (age === null || age > PLAUSIBLE_MS) unreadable += 1;
      else ages.push(age);
      if (ages.length + unreadable >= count) resolve({ ages, unreadable });
      else video.requestVideoFrameCallback(onPicture);
    };
    video.requestVideoFrameCallback(onPicture);
  });
