// The shortest honest PeerJS client: camera already open on both sides, no ICE server but those given.
const parameters = new URLSearchParams(location.search);
const dialogs = document.getElementById('dialogs');
const own = document.getElementById('own');
const other = document.getElementById('other');

const peer = new Peer(parameters.get('me'), {
  host: location.hostname,
  port: Number(parameters.get('port')),
  path: '/',
  config: { iceServers: JSON.parse(parameters.get('ice')) },
});
let connection = null;

function follow(media) {
  connection = media;
  media.on('stream', (stream) => {
    if (other.srcObject !== stream) other.srcObject = stream;
  });
}

function leave() {
  connection?.close();
  connection = null;
  other.srcObject = null;
  dialogs.replaceChildren();
}

async function start() {
  // As Bellwire asks: what is encoded and drawn is the same.
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  own.srcObject = stream;
  document.getElementById('call').onclick = () => {
    follow(peer.call(parameters.get('other'), stream));
  };
  document.getElementById('leave').onclick = leave;
  peer.on('call', (media) => {
    const dialog = document.createElement('div');
    dialog.setAttribute('role', 'alertdialog');
    dialog.setAttribute('aria-label', 'Incoming call');
    const accept = document.createElement('button');
    accept.textContent = 'Accept';
    accept.onclick = () => {
      media.answer(stream);
      follow(media);
      dialogs.replaceChildren();
    };
    dialog.append(accept);
    dialogs.append(dialog);
  });
  const ready = () => document.body.setAttribute('data-ready', '');
  if (peer.open) ready();
  else peer.on('open', ready);
}
void start();
