// What the scripts of this folder put into a page, and what the pages themselves offer.
interface ClockStrip {
  WIDTH: number;
  now(): number;
  draw(context: CanvasRenderingContext2D, ms?: number): void;
  age(video: HTMLVideoElement): number | null;
  cellsOf(value: number): number[];
  valueFrom(bits: number[]): number | null;
}
declare var clockStrip: ClockStrip;
declare var clockSource: {
  stream(width?: number, height?: number, fps?: number): MediaStream;
  becomeCamera(width?: number, height?: number, fps?: number): void;
  resize(width: number, height: number): void;
};
declare var pictureAges: (
  video: HTMLVideoElement,
  count: number,
) => Promise<{ ages: number[]; unreadable: number }>;
declare var loopbackVideo: (codec: string, maxBitrate: number) => Promise<HTMLVideoElement>;
interface Window {
  /** The web client's diagnostics (web-client/README.md). */
  freshet?: {
    readonly state: string;
    readonly via?: string;
    readonly peerConnection?: RTCPeerConnection;
    pictureAgeMs?(): Promise<number | undefined>;
  };
}
interface Window {
  /** When a page's video showed its first picture; src/measure/joins.js. */
  firstPictureAt?: number;
  /** What a page's video has shown, by the clock in it; src/measure/reload.js. */
  drawnPictures?: { drawnAt: number; seenAt: number }[];
}
declare var bareWhip: (
  endpoint: string,
  key: string,
) => Promise<{ connection: RTCPeerConnection; restart(): Promise<void> }>;
interface Window {
  /** A publisher under a test's control; test/patient/ice_restart.test.js. */
  bare?: { restart(): Promise<void> };
}
interface Window {
  /** What a page has shown, look for look; src/seen_through.js. */
  looks?: { at: number; black: boolean; via: string | undefined; drawnAt: number | undefined }[] | undefined;
}
