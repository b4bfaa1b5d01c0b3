// A camera whose picture is a clock. Runs inside a page, after clock_strip.js.
globalThis.clockSource = (() => {
  const FPS = 30;

  /** What is drawn on, of all the streams. */
  const canvases = /** @type {HTMLCanvasElement[]} */ ([]);

  /** A stream of `width` x `height` pictures with the clock strip and something that moves. */
  function stream(width = 640, height = 360, fps = FPS) {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvases.push(canvas);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    const captured = canvas.captureStream(0);
    const [track] = /** @type {CanvasCaptureMediaStreamTrack[]} */ (captured.getVideoTracks());
    // What the studio tells of a camera, so that the floor's encoder is told the same.
    if (track) track.contentHint = 'motion';
    let frame = 0;
    setInterval(() => {
      const { width, height } = canvas;
      frame += 1;
      context.fillStyle = `hsl(${frame % 360} 40% 50%)`;
      context.fillRect(0, 32, width, height - 32);
      context.fillStyle = '#fff';
      context.fillRect((frame * 7) % width, 60 + ((frame * 3) % (height - 120)), 60, 60);
      // The strip is as wide as the picture, whose size may change.
      const scale = width / globalThis.clockStrip.WIDTH;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      globalThis.clockStrip.draw(context);
      context.resetTransform();
      track?.requestFrame();
    }, 1000 / fps);
    return captured;
  }

  /** From here on the page's camera shows the clock; its microphone stays what it was. */
  function becomeCamera(width = 640, height = 360, fps = FPS) {
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const captured = constraints?.audio ? await original({ audio: constraints.audio }) : new MediaStream();
      if (constraints?.video) stream(width, height, fps).getVideoTracks().forEach((t) => captured.addTrack(t));
      return captured;
    };
  }

  /** From the next picture on they have another size: a camera that was turned, a window that was made larger. */
  function resize(/** @type {number} */ width, /** @type {number} */ height) {
    for (const canvas of canvases) Object.assign(canvas, { width, height });
  }

  return { stream, becomeCamera, resize };
})();
