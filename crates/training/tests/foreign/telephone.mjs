// The telephone itself, as it runs in the page: JsSIP over the browser's own WebRTC. It knows nothing
// of Siaga. It obeys `telephone.*` and tells what happens through `tell`, which the driver provides.
import JsSIP from 'jssip';

const RATE = 48_000;
// What a browser shows instead of an address to pages that must not know it (mDNS, RFC 8828).
const HIDDEN = '4f2a1c0e-110a-4b1e-9d57-0c5f3a7e1100.local';

let ua;
let session;
let mine;
let listenedTo;
let hideAddresses = false;
let deaf = false;
const heard = [];

function direction(sdp) {
  return /a=(sendrecv|sendonly|recvonly|inactive)/.exec(sdp)?.[1] ?? 'sendrecv';
}

function withoutAddresses(sdp) {
  return sdp.replace(/^(a=candidate:(?:\S+ ){4})\S+/gm, `$1${HIDDEN}`);
}

async function microphone() {
  mine ??= await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  return mine;
}

// The browser decodes only what somebody listens to, hence the element; what the track carries is
// written down as it comes, but for a measurement of the browser's own work. A track that comes again,
// after a hold, is the one that is read already.
async function listen(track) {
  if (listenedTo === track) return;
  listenedTo = track;
  const element = document.querySelector('audio');
  element.srcObject = new MediaStream([track]);
  await element.play();
  if (deaf) return;
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  tell({ event: 'listening' });
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const sound = next.value;
    if (sound.sampleRate !== RATE) {
      tell({ event: 'broken', why: `the sound has ${sound.sampleRate} samples a second` });
      return;
    }
    const samples = new Float32Array(sound.numberOfFrames);
    sound.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    sound.close();
    heard.push(Int16Array.from(samples, (s) => Math.max(-1, Math.min(1, s)) * 32_767));
  }
}

function attend(call, incoming) {
  session = call;
  const connected = (connection) => {
    connection.addEventListener('track', ({ track }) => {
      listen(track).catch((error) => tell({ event: 'broken', why: String(error) }));
    });
    connection.addEventListener('connectionstatechange', () => {
      tell({ event: 'connection', state: connection.connectionState });
    });
  };
  if (call.connection) connected(call.connection);
  else call.on('peerconnection', ({ peerconnection }) => connected(peerconnection));
  call.on('sdp', (description) => {
    if (hideAddresses && description.originator === 'local') {
      description.sdp = withoutAddresses(description.sdp);
    }
    const { originator, type, sdp } = description;
    const hidden = /^a=candidate:.*\.local/m.test(sdp);
    tell({ event: 'sdp', originator, type, direction: direction(sdp), hidden });
  });
  if (!incoming) call.on('progress', () => tell({ event: 'ringing' }));
  call.on('confirmed', () => tell({ event: 'confirmed' }));
  call.on('failed', ({ originator, cause }) => tell({ event: 'failed', originator, cause }));
  call.on('ended', ({ originator, cause }) => tell({ event: 'ended', originator, cause }));
  if (incoming) tell({ event: 'rung', by: call.remote_identity.uri.toString() });
}

globalThis.telephone = {
  async start({ wsUrl, uri, password, register, hide, deaf: isDeaf = false }) {
    hideAddresses = hide;
    deaf = isDeaf;
    await microphone();
    ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(wsUrl)],
      uri,
      password,
      register,
    });
    ua.on('connected', () => tell({ event: 'connected' }));
    ua.on('registered', () => tell({ event: 'registered' }));
    ua.on('unregistered', () => tell({ event: 'unregistered' }));
    ua.on('registrationFailed', ({ cause }) => tell({ event: 'broken', why: cause }));
    ua.on('newRTCSession', ({ session: call, originator }) =>
      attend(call, originator === 'remote'),
    );
    ua.start();
  },
  dial({ target }) {
    ua.call(target, { mediaStream: mine, pcConfig: { iceServers: [] } });
  },
  answer() {
    session.answer({ mediaStream: mine, pcConfig: { iceServers: [] } });
  },
  press({ key }) {
    session.sendDTMF(key, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833 });
  },
  hold() {
    const done = () => tell({ event: 'held' });
    if (!session.hold({}, done)) tell({ event: 'broken', why: 'cannot hold now' });
  },
  resume() {
    const done = () => tell({ event: 'resumed' });
    if (!session.unhold({}, done)) tell({ event: 'broken', why: 'cannot resume now' });
  },
  hangUp() {
    session.terminate();
  },
  unregister() {
    ua.unregister();
  },
  // Gives what was heard to the driver.
  async report() {
    const samples = new Int16Array(heard.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of heard) {
      samples.set(part, at);
      at += part.length;
    }
    await fetch('/heard', { method: 'POST', body: samples });
  },
};
