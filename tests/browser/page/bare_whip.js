// WHIP with nothing but what a browser has: no recovery of its own, so that a test decides what happens when.
// Runs inside a page of the server, after clock_source.js.
globalThis.bareWhip = async (/** @type {string} */ endpoint, /** @type {string} */ key) => {
  const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const stream = globalThis.clockSource.stream();
  const track = /** @type {MediaStreamTrack} */ (stream.getVideoTracks()[0]);
  connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  const authorization = `Bearer ${key}`;

  await connection.setLocalDescription();
  const posted = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/sdp' },
    body: connection.localDescription?.sdp ?? '',
  });
  if (posted.status !== 201) throw new Error(`POST was answered ${posted.status}`);
  const session = posted.headers.get('location') ?? '';
  const answer = await posted.text();
  await connection.setRemoteDescription({ type: 'answer', sdp: answer });

  /** The value of an SDP attribute in the first m-section that has it. */
  const attribute = (/** @type {string} */ sdp, /** @type {string} */ name) =>
    new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)?.[1]?.trim() ?? '';

  /** Restarts ICE (RFC 9725, Section 4.3.3). The old path is not touched. */
  async function restart() {
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    const offer = connection.localDescription?.sdp ?? '';
    const fragment = ['ice-ufrag', 'ice-pwd'].map((name) => `a=${name}:${attribute(offer, name)}\r\n`).join('');
    const patched = await fetch(session, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
      body: fragment,
    });
    if (patched.status !== 200) throw new Error(`PATCH was answered ${patched.status}`);
    const fresh = await patched.text();
    const candidates = fresh.match(/^a=candidate:.*$/gm)?.join('\r\n') ?? '';
    const sdp = answer
      .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${attribute(fresh, 'ice-ufrag')}`)
      .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${attribute(fresh, 'ice-pwd')}`)
      .replace(/^a=candidate:.*\r\n/gm, '')
      .replace(/^(m=.*\r\nc=.*)$/m, `$1\r\n${candidates.replaceAll('$', '')}`);
    await connection.setRemoteDescription({ type: 'answer', sdp });
  }

  window.freshet ??= { get state() { return connection.connectionState; }, peerConnection: connection };
  return { connection, restart };
};
