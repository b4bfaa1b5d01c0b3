/** How loud the beep is, of 1: clearly heard, and no shock in headphones. */
const GAIN = 0.08;

/** A4, and how long it sounds. */
const BEEP = { hertz: 440, seconds: 0.1, fadeSeconds: 0.01 };

/** The test pattern's sound: a soft beep at every full second, with the pattern's flash. */
export function openTone(): { track: MediaStreamTrack | undefined; stop: () => void } {
  const context = new AudioContext();
  const destination = context.createMediaStreamDestination();
  let isPlaying = false;
  const play = () => {
    if (isPlaying || context.state !== 'running') return;
    isPlaying = true;
    const beep = new AudioBufferSourceNode(context, { buffer: oneSecond(context), loop: true });
    beep.connect(destination);
    beep.start(context.currentTime + untilFullSecond());
  };
  // Where a page may not make sound before a click, the context starts with that click.
  const resume = () => void context.resume();
  context.addEventListener('statechange', play);
  document.addEventListener('pointerdown', resume);
  document.addEventListener('keydown', resume);
  play();
  const stop = () => {
    document.removeEventListener('pointerdown', resume);
    document.removeEventListener('keydown', resume);
    void context.close();
  };
  return { track: destination.stream.getAudioTracks()[0], stop };
}

/** A second that begins with a beep. Played in a loop it needs no timer, which could be late. */
function oneSecond(context: AudioContext): AudioBuffer {
  const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let index = 0; index < BEEP.seconds * context.sampleRate; index += 1) {
    const seconds = index / context.sampleRate;
    const edge = Math.min(seconds, BEEP.seconds - seconds) / BEEP.fadeSeconds;
    samples[index] = GAIN * Math.min(1, edge) * Math.sin(2 * Math.PI * BEEP.hertz * seconds);
  }
  return buffer;
}

function untilFullSecond(): number {
  return 1 - ((performance.timeOrigin + performance.now()) % 1000) / 1000;
}
