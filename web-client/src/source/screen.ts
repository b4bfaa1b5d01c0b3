import { type DeviceChoice, microphoneConstraints } from './camera.ts';
import { type PictureSize, type Source, sourceOf } from './source.ts';

/** Shares a screen, a window or a tab; with its own sound, or else the microphone's. */
export async function openScreen(microphone: DeviceChoice, size: PictureSize): Promise<Source> {
  const media = await navigator.mediaDevices.getDisplayMedia({
    video: {
      width: { max: size.widthPx },
      height: { max: size.heightPx },
      frameRate: { max: size.framesPerSecond },
    },
    audio: microphone !== 'none',
  });
  const audio = microphoneConstraints(microphone);
  if (audio && media.getAudioTracks().length === 0) {
    // A screen without any sound is better than none: the microphone is an extra here.
    const voice = await navigator.mediaDevices.getUserMedia({ audio }).catch(() => undefined);
    for (const track of voice?.getAudioTracks() ?? []) media.addTrack(track);
  }
  // Text must stay sharp; it may move less smoothly.
  for (const track of media.getVideoTracks()) track.contentHint = 'detail';
  return sourceOf(media);
}
