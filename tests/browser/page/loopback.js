// The floor: what a browser needs to send a clock to itself, with no server between.
// Runs inside a page, after clock_strip.js and clock_source.js.
/** A playing <video> fed by a pair of peer connections in this page. */
globalThis.loopbackVideo = async (/** @type {string} */ codec, /** @type {number} */ maxBitrate) => {
  const [sender, receiver] = [new RTCPeerConnection(), new RTCPeerConnection()];
  sender.onicecandidate = ({ candidate }) => receiver.addIceCandidate(candidate ?? undefined);
  receiver.onicecandidate = ({ candidate }) => sender.addIceCandidate(candidate ?? undefined);
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  receiver.ontrack = ({ streams }) => { video.srcObject = streams[0] ?? null; };
  const stream = globalThis.clockSource.stream();
  const transceiver = sender.addTransceiver(/** @type {MediaStreamTrack} */ (stream.getVideoTracks()[0]), {
    direction: 'sendonly',
    streams: [stream],
    sendEncodings: [{ maxBitrate }],
  });
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  transceiver.setCodecPreferences(codecs.filter((c) => c.mimeType.toUpperCase() === `VIDEO/${codec}`));
  await sender.setLocalDescription();
  await receiver.setRemoteDescription(/** @type {RTCSessionDescription} */ (sender.localDescription));
  await receiver.setLocalDescription();
  await sender.setRemoteDescription(/** @type {RTCSessionDescription} */ (receiver.localDescription));
  await video.play();
  return video;
};
