// A clock that survives a video codec: 40 cells along the top of the picture hold a time in tenths
// of a millisecond, in Gray code (so that a picture blended from two neighbours still reads as one
// of them), and a CRC-8 (so that a damaged strip is not taken for a time). Runs inside a page.
globalThis.clockStrip = (() => {
  const VALUE_BITS = 32;
  const CRC_BITS = 8;
  const CELLS = VALUE_BITS + CRC_BITS;
  // 16 px is a macroblock: a cell is coded on its own, whatever its neighbours do.
  const CELL_PX = 16;
  const STRIP_PX = 32;
  // What is read of a cell is its middle: a codec blurs the rims.
  const MARGIN_PX = 4;
  const EYE_PX = STRIP_PX - 2 * MARGIN_PX;
  // Luma between these is neither black nor white: the strip was not there or is still blurred.
  const DARK_MAX = 96;
  const BRIGHT_MIN = 160;
  const WIDTH = CELLS * CELL_PX;

  const now = () => performance.timeOrigin + performance.now();
  /** @param {number} ms */
  const valueOf = (ms) => Math.round(ms * 10) % 2 ** VALUE_BITS;

  /** CRC-8 with polynomial 0x07. @param {number} value */
  function crc8(value) {
    let crc = 0xff;
    for (let shift = 24; shift >= 0; shift -= 8) {
      crc ^= (value >>> shift) & 0xff;
      for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff;
    }
    return crc;
  }

  /** @param {number} value */
  function cellsOf(value) {
    const gray = (value ^ (value >>> 1)) >>> 0;
    const crc = crc8(gray);
    const bits = [];
    for (let bit = VALUE_BITS - 1; bit >= 0; bit -= 1) bits.push((gray >>> bit) & 1);
    for (let bit = CRC_BITS - 1; bit >= 0; bit -= 1) bits.push((crc >>> bit) & 1);
    return bits;
  }

  /** @param {number[]} bits @returns {number | null} */
  function valueFrom(bits) {
    const read = (/** @type {number} */ from, /** @type {number} */ to) =>
      bits.slice(from, to).reduce((all, bit) => ((all << 1) | bit) >>> 0, 0);
    const gray = read(0, VALUE_BITS);
    if (crc8(gray) !== read(VALUE_BITS, CELLS)) return null;
    let value = gray;
    for (let shift = 1; shift < VALUE_BITS; shift <<= 1) value ^= value >>> shift;
    return value >>> 0;
  }

  // White and black, which pictures take in turn, one brighter by the same in all its cells: Chromium's encoder of AV1, when it
  // has little time, leaves a block as it was whose mean brightness is, such as two cells that have changed places.
  const SHADES = /** @type {const} */ ([['#fff', '#111'], ['#eee', '#000']]);
  let picture = 0;

  /** Paints the time onto a context whose canvas is as wide as the strip or wider. */
  function draw(/** @type {CanvasRenderingContext2D} */ context, ms = now()) {
    picture += 1;
    const [white, black] = SHADES[picture % 2 === 0 ? 0 : 1];
    cellsOf(valueOf(ms)).forEach((bit, index) => {
      context.fillStyle = bit ? white : black;
      context.fillRect(index * CELL_PX, 0, CELL_PX, STRIP_PX);
    });
  }

  const eye = document.createElement('canvas');
  eye.width = WIDTH;
  eye.height = EYE_PX;
  const eyeContext = /** @type {CanvasRenderingContext2D} */ (
    eye.getContext('2d', { willReadFrequently: true })
  );

  /** Mean green, which is nearest to luma, of a cell's middle. */
  function brightness(/** @type {Uint8ClampedArray} */ pixels, /** @type {number} */ cell) {
    let sum = 0;
    for (let y = 0; y < EYE_PX; y += 1) {
      for (let x = MARGIN_PX; x < CELL_PX - MARGIN_PX; x += 1) {
        sum += pixels[(y * WIDTH + cell * CELL_PX + x) * 4 + 1] ?? 0;
      }
    }
    return sum / (EYE_PX * (CELL_PX - 2 * MARGIN_PX));
  }

  /** Milliseconds since the picture in `video` was drawn; null when its strip cannot be read. */
  function age(/** @type {HTMLVideoElement} */ video) {
    const scale = video.videoWidth / WIDTH;
    const { videoWidth: width } = video;
    eyeContext.drawImage(video, 0, MARGIN_PX * scale, width, EYE_PX * scale, 0, 0, WIDTH, EYE_PX);
    const seen = now();
    const { data } = eyeContext.getImageData(0, 0, WIDTH, EYE_PX);
    const bits = [];
    for (let cell = 0; cell < CELLS; cell += 1) {
      const luma = brightness(data, cell);
      if (luma > DARK_MAX && luma < BRIGHT_MIN) return null;
      bits.push(luma >= BRIGHT_MIN ? 1 : 0);
    }
    const value = valueFrom(bits);
    return value === null ? null : ((valueOf(seen) - value + 2 ** VALUE_BITS) % 2 ** VALUE_BITS) / 10;
  }

  return { WIDTH, now, draw, age, cellsOf, valueFrom };
})();
