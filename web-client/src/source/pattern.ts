import { clockUnits, drawStrip, unixNowMs } from './clock-strip.ts';
import type { PictureSize, Source } from './source.ts';
import { openTone } from './tone.ts';

/** The colours of the bars, in the order of falling brightness that test cards have. */
const BARS = ['#e9f1ee', '#e3c34a', '#54b9c9', '#4fae6a', '#b565b0', '#cf4b3c', '#3b5fb8'];

/**
 * A source that needs no device: moving waves, colour bars, the time for people and, as a strip,
 * for machines; and a beep at every second.
 */
export function openPattern(size: PictureSize, title: string): Source {
  const canvas = document.createElement('canvas');
  canvas.width = size.widthPx;
  canvas.height = size.heightPx;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('this browser has no canvas to draw the test pattern on');
  let picture = 0;
  const draw = () => {
    picture += 1;
    drawPattern(context, title, picture);
  };
  draw();

  const media = canvas.captureStream();
  const tone = openTone();
  if (tone.track) media.addTrack(tone.track);

  const ticker = new Worker(new URL('./ticker.ts', import.meta.url), { type: 'module' });
  ticker.addEventListener('message', draw);
  ticker.postMessage(size.framesPerSecond);

  const stop = () => {
    ticker.terminate();
    tone.stop();
    for (const track of media.getTracks()) track.stop();
  };
  return { media, onEnded: undefined, stop };
}

function drawPattern(context: CanvasRenderingContext2D, title: string, picture: number): void {
  const { width, height } = context.canvas;
  const nowMs = unixNowMs();
  context.fillStyle = '#0d1a1e';
  context.fillRect(0, 0, width, height);
  drawWaves(context, nowMs);
  drawBars(context);
  drawTime(context, nowMs, title);
  // Last, with the time taken as late as can be: the strip is what delays are measured with.
  drawStrip(context, width, clockUnits(unixNowMs()), picture);
}

/** Three waves of different speed: motion everywhere, as the encoder of a camera has it. */
function drawWaves(context: CanvasRenderingContext2D, nowMs: number): void {
  const { width, height } = context.canvas;
  context.lineWidth = height / 40;
  ['#1f5f66', '#2f8f8a', '#7fd1b9'].forEach((colour, wave) => {
    context.strokeStyle = colour;
    context.beginPath();
    for (let x = 0; x <= width; x += width / 64) {
      const angle = (x / width) * Math.PI * (2 + wave) + (nowMs / 1000) * (1 + wave * 0.6);
      const y = height * (0.62 + 0.07 * wave + 0.07 * Math.sin(angle));
      if (x === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.stroke();
  });
}

function drawBars(context: CanvasRenderingContext2D): void {
  const { width, height } = context.canvas;
  const barPx = width / BARS.length;
  BARS.forEach((colour, index) => {
    context.fillStyle = colour;
    context.fillRect(Math.floor(index * barPx), height * 0.9, Math.ceil(barPx), height * 0.1);
  });
}

function drawTime(context: CanvasRenderingContext2D, nowMs: number, title: string): void {
  const { width, height } = context.canvas;
  const time = new Date(nowMs).toISOString();
  context.textAlign = 'center';
  context.fillStyle = '#9fb8b3';
  context.font = `${Math.round(height / 18)}px system-ui, sans-serif`;
  context.fillText(title, width / 2, height * 0.24, width * 0.9);
  context.fillStyle = '#eaf4f1';
  context.font = `600 ${Math.round(height / 7)}px ui-monospace, monospace`;
  context.fillText(time.slice(11, 22), width / 2, height * 0.42, width * 0.9);
  // The flash that goes with the beep.
  if (nowMs % 1000 < 100) {
    context.fillStyle = '#ffd166';
    context.beginPath();
    context.arc(width * 0.92, height * 0.22, height / 22, 0, 2 * Math.PI);
    context.fill();
  }
}
