import { type PictureSize, type Source, sourceOf } from './source.ts';

/** A chosen device; undefined leaves the choice to the browser, `'none'` goes without. */
export type DeviceChoice = string | 'none' | undefined;

/** Opens the camera and the microphone. Asks for permission where it must. */
export async function openCamera(
  camera: DeviceChoice,
  microphone: DeviceChoice,
  size: PictureSize,
): Promise<Source> {
  const media = await navigator.mediaDevices.getUserMedia({
    video: {
      ...device(camera),
      width: { ideal: size.widthPx },
      height: { ideal: size.heightPx },
      frameRate: { ideal: size.framesPerSecond },
    },
    audio: microphoneConstraints(microphone),
  });
  for (const track of media.getVideoTracks()) track.contentHint = 'motion';
  return sourceOf(media);
}

/** What to ask of the microphone; false to go without. */
export function microphoneConstraints(choice: DeviceChoice): MediaTrackConstraints | false {
  if (choice === 'none') return false;
  return { ...device(choice), echoCancellation: true, noiseSuppression: true };
}

function device(choice: DeviceChoice): MediaTrackConstraints {
  return choice === undefined ? {} : { deviceId: { exact: choice } };
}

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/** The devices at hand. Browsers hide names, and sometimes devices, until permission was given. */
export async function listDevices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const ofKind = (kind: MediaDeviceKind) =>
    all.filter((entry) => entry.kind === kind && entry.deviceId !== '');
  return { cameras: ofKind('videoinput'), microphones: ofKind('audioinput') };
}
